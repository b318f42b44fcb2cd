// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/erasures"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

// ledgerLimit bounds the writing of one entry, for rows are locked meanwhile.
const ledgerLimit = 20 * time.Second

// ledgerError tells that the erasure ledger stopped the run. Another start may find it mended.
type ledgerError struct{ cause error }

func (e *ledgerError) Error() string { return FailureLedger + ": " + e.cause.Error() }
func (e *ledgerError) Unwrap() error { return e.cause }

// intend writes down outside the store whom this transaction is about to erase. The members are locked and were found due,
// so nothing but the failure of the transaction itself can spare them any more.
func (b *batch) intend(ctx context.Context, m marks) error {
	ledger := b.book.job.Ledger
	if ledger == nil || len(m.keys) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, ledgerLimit)
	defer cancel()
	fingerprint := b.planner.keys.Fingerprint()
	in := erasures.Intent{Run: b.book.job.RunName, Rule: b.task.rule, Pepper: hex.EncodeToString(fingerprint[:])}
	if err := b.tx.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&in.At); err != nil {
		return fmt.Errorf("read the clock: %w", err)
	}
	for i := range m.keys {
		in.Erased = append(in.Erased, erasures.Mark{Kind: tombstone.Kind(m.kinds[i]), Key: hex.EncodeToString(m.keys[i][:])})
	}
	name, err := ledger.Intend(ctx, in)
	b.intent = name // although it may have failed: what was written in spite of it is settled later
	if err != nil {
		return &ledgerError{err}
	}
	return nil
}

// conclude notes what became of the intent of a transaction. One that failed in its commit is left open, for only the store
// knows. A note that cannot be written is not worth failing for: a later run makes up for it.
func (e *Executor) conclude(ctx context.Context, b *batch, err error) {
	if b.intent == "" || (err != nil && b.worked) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ledgerLimit)
	defer cancel()
	ledger, now := e.book.job.Ledger, e.book.job.Limits.Now()
	note := ledger.Done
	if err != nil {
		note = ledger.Dropped
	}
	if err := note(ctx, b.intent, now); err != nil {
		e.log.Warn("Leaving an intent of the erasure ledger open", "intent", b.intent, "error", err.Error())
	}
}

// settleLedger closes intents that a run which was killed has left open: by the tombstones, which the same transaction
// would have made. One that is not old may be that of another run's transaction, and is left; none takes as long as Unsettled. It also tells, before anything is erased, whether the ledger can be reached.
func (e *Executor) settleLedger(ctx context.Context) error {
	ledger := e.book.job.Ledger
	if ledger == nil {
		return nil
	}
	var now time.Time
	if err := e.planner.pool.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&now); err != nil {
		return fmt.Errorf("read the clock: %w", err)
	}
	open, err := ledger.Open(ctx, now.Add(-e.book.job.Limits.Unsettled))
	if err != nil {
		return &ledgerError{err}
	}
	for _, name := range open {
		if err := e.settleIntent(ctx, ledger, name, now); err != nil {
			return err
		}
	}
	return nil
}

func (e *Executor) settleIntent(ctx context.Context, ledger *erasures.Ledger, name string, now time.Time) error {
	in, err := ledger.Read(ctx, name)
	if errors.Is(err, erasures.ErrDamaged) {
		e.log.Error("Leaving an intent of the erasure ledger open that cannot be read", "intent", name)
		return nil // it stays binding, and a restore will stop at it
	}
	if err != nil {
		return &ledgerError{err}
	}
	var people [][]byte
	for _, m := range in.Erased {
		if key, ok := m.Bytes(); ok && m.Kind == tombstone.Member {
			people = append(people, key[:])
		}
	}
	var erased int
	if err := e.planner.pool.QueryRow(ctx, sqlLedgerErased, people).Scan(&erased); err != nil {
		return fmt.Errorf("look for the tombstones of an intent: %w", err)
	}
	note := ledger.Dropped // whoever was erased since has an intent of a later run
	if erased == len(people) {
		note = ledger.Done
	}
	if err := note(ctx, name, now); err != nil {
		return &ledgerError{err}
	}
	return nil
}
