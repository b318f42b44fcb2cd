// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package restore

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/backup"
	"github.com/alumni-operator/alumni-operator/internal/erasures"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

// margin is how much older than the backup an entry may be that is still looked at: for a clock that was put right, and for
// a transaction that began before the snapshot and ended after it. An entry too many does no harm.
const margin = 24 * time.Hour

// readLedger collects the tombstones of everybody who was erased since the backup. An entry that cannot be read stops the
// restore: it may name somebody who would be brought back.
func (j *Job) readLedger(ctx context.Context, m *mark) (map[[32]byte]tombstone.Kind, error) {
	since := time.Time{}
	if m.takenAt != nil {
		since = m.takenAt.Add(-margin)
	}
	names, err := j.Ledger.Binding(ctx, since)
	if err != nil {
		return nil, explain(ctx, err)
	}
	own := j.Keys.Fingerprint()
	fingerprint, erased := hex.EncodeToString(own[:]), map[[32]byte]tombstone.Kind{}
	for _, name := range names {
		in, err := j.Ledger.Read(ctx, name)
		if err != nil {
			return nil, explain(ctx, err)
		}
		if in.Pepper != fingerprint {
			return nil, backup.Fail(backup.PepperMismatch, "entry %s of the erasure ledger was made under another pepper", name)
		}
		for _, mark := range in.Erased {
			key, _ := mark.Bytes() // Read has looked
			erased[key] = mark.Kind
		}
	}
	return erased, nil
}

func explain(ctx context.Context, err error) error {
	if errors.Is(err, erasures.ErrDamaged) {
		return backup.Fail(backup.LedgerDamaged, "an entry of the erasure ledger cannot be read")
	}
	return backup.AsFailure(ctx, err, backup.DestinationFailed)
}
