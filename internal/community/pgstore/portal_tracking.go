// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// Track implements community.TrackingService.
func (p *Portal) Track(ctx context.Context, r community.Reaction) error {
	track := func(member *uuid.UUID) []any {
		return []any{r.Run, r.Kind, r.Link, r.Variant, member, r.Machine, p.now()}
	}
	if r.Member == uuid.Nil || r.Machine {
		return p.exec(ctx, "count a reaction", sqlTrack, track(nil)...)
	}
	return p.inTx(ctx, "count a reaction", func(tx pgx.Tx) error {
		var state community.State // the member's consents and the member stay as they are until the reaction is noted
		member := &r.Member
		if err := tx.QueryRow(ctx, sqlMemberLock, r.Member).Scan(&state); errors.Is(err, pgx.ErrNoRows) {
			member = nil
		} else if err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sqlTrack, track(member)...)
		return err
	})
}
