// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// chunkSize is how many deliveries a worker leases together. It hands them out in smaller parts, and only what was handed out is in
// doubt when it dies.
const chunkSize = 500

// divide makes the chunks of a run that was just planned.
func (l *ledger) divide(ctx context.Context, tx pgx.Tx, run int64) error {
	if _, err := tx.Exec(ctx, sqlChunkInsert, run, l.channels, chunkSize); err != nil {
		return fmt.Errorf("divide the run into chunks: %w", err)
	}
	return nil
}

// adopt makes the chunks of a run that a worker of an older version planned.
func (l *ledger) adopt(ctx context.Context, tx pgx.Tx, onUnknown string) error {
	var none bool
	if l.run.state != runSending {
		return nil
	}
	if err := tx.QueryRow(ctx, sqlChunkNone, l.run.id).Scan(&none); err != nil {
		return fmt.Errorf("look for chunks: %w", err)
	}
	if !none {
		return nil
	}
	if _, err := tx.Exec(ctx, sqlChunkAdopt, l.run.id, onUnknown != OnUnknownHold); err != nil {
		return fmt.Errorf("settle what an older worker left: %w", err)
	}
	return l.divide(ctx, tx, l.run.id)
}

// chunk is a part of a run that this worker leases.
type chunk struct {
	lease            uuid.UUID
	first, end, next uuid.UUID    // its members, and the next of them to be handed out
	held             atomic.Int32 // deliveries without an outcome in the ledger, and one more while some may be left to hand out
}

// drop tells that n of what was held is dealt with, and whether that was the last.
func (c *chunk) drop(n int) (last bool) { return c.held.Add(int32(-n)) == 0 }

// claim takes up to n deliveries that are due, all of one chunk. Refused is the number of those that were settled instead, because their
// members must not be written to any more. Without either nothing is due.
func (l *ledger) claim(ctx context.Context, n int, day time.Time) (items []*item, refused int, err error) {
	for len(items)+refused == 0 {
		if l.chunk == nil {
			if err := l.decide(ctx); err != nil {
				return nil, 0, err
			}
			if l.chunk, err = l.take(ctx); l.chunk == nil {
				return nil, 0, err
			}
		}
		if items, refused, err = l.part(ctx, l.chunk, n, day); err != nil {
			return nil, 0, err
		}
		if len(items)+refused == n {
			break
		}
		if err := l.leave(ctx); err != nil {
			return nil, 0, err
		}
	}
	return items, refused, nil
}

// leave ends the handing out of a chunk.
func (l *ledger) leave(ctx context.Context) error {
	c := l.chunk
	l.chunk = nil
	if c == nil || !c.drop(1) {
		return nil
	}
	return l.release(ctx, c.lease)
}

// take leases a chunk; nil when none is due.
func (l *ledger) take(ctx context.Context) (*chunk, error) {
	c := &chunk{lease: l.leases.next()}
	err := l.pool.QueryRow(ctx, sqlChunkTake, l.run.id, l.channel, c.lease, l.lease.Seconds()).Scan(&c.first, &c.end)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lease a chunk: %w", err)
	}
	c.next = c.first
	c.held.Store(1)
	return c, nil
}

// release gives chunks back.
func (l *ledger) release(ctx context.Context, leases ...uuid.UUID) error {
	b := &pgx.Batch{} // one batch is one transaction
	if l.first {
		b.Queue(sqlChunkLock, l.run.id, l.channel, leases)
	}
	b.Queue(sqlChunkRelease, l.run.id, l.channel, leases)
	if err := l.pool.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("give chunks back: %w", err)
	}
	return nil
}

// part hands out the next deliveries of a chunk.
func (l *ledger) part(ctx context.Context, c *chunk, n int, day time.Time) (items []*item, refused int, err error) {
	claimedAt := time.Now() // before the database looks: a row is never older than it seems
	zones, ends := l.promises.quietNow()
	rows, err := l.pool.Query(ctx, sqlClaim, l.run.id, l.purpose, l.channel, n, c.lease, l.lease.Seconds(), l.event, zones, ends, l.promises.skip,
		c.first, c.end, c.next, l.tracks.OfMembers(), !l.waits(), l.work)
	if err != nil {
		return nil, 0, fmt.Errorf("claim rows: %w", err)
	}
	defer rows.Close()
	items = make([]*item, 0, n)
	for rows.Next() {
		i := &item{chunk: c, claimedAt: claimedAt}
		var isRefused bool
		var joinedOn, leftOn, doubt *time.Time
		f := &i.facts
		if err := rows.Scan(&i.member, &i.attempts, &isRefused, &i.address, &f.FamilyName, &f.GivenName, &f.Locale, &f.Region,
			&f.Department, &f.Post, &joinedOn, &leftOn, &i.tracked, &i.variant, &doubt, &i.step); err != nil {
			return nil, 0, fmt.Errorf("read claimed rows: %w", err)
		}
		c.next = after(i.member)
		i.text = cmp.Or(i.variant, l.run.winner)
		if isRefused {
			refused++
			continue
		}
		if doubt != nil {
			i.doubt = *doubt
		}
		f.YearsSinceJoining, f.YearsSinceDeparture = yearsBetween(joinedOn, day), yearsBetween(leftOn, day)
		items = append(items, i)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, fmt.Errorf("claim rows: %w", err)
	}
	c.held.Add(int32(len(items)))
	return items, refused, nil
}

// after is the least id that is greater.
func after(id uuid.UUID) uuid.UUID {
	for n := len(id) - 1; n >= 0; n-- {
		id[n]++
		if id[n] != 0 {
			break
		}
	}
	return id
}
