// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/bounce/register"
	"github.com/alumni-operator/alumni-operator/internal/content"
)

// ack is an outcome on its way into the ledger.
type ack struct {
	member    uuid.UUID
	chunk     *chunk // that it was handed out of
	messageID string
	notice    *content.Mail // of a message in the portal
	settlement
}

// flusher writes outcomes: every flushSize of them, or every Tuning.FlushEvery. It also keeps the leases, on the
// same connection, so that the two never wait for each other.
type flusher struct {
	ledger *ledger
	log    *slog.Logger
	every  time.Duration
	acks   <-chan ack
	// inFlight is lowered by every outcome that is in the ledger.
	inFlight *atomic.Int64
	invite   bool // a sent message makes a listed member an invited one
	guard    *guard
	rest     func(ctx context.Context, reason string) error // lets the run rest
	columns
}

// columns are the arrays of one write, kept for the next.
type columns struct {
	members, leases           [][16]byte // as pgx encodes them without a detour
	states, reasons, messages []string
	attempts, resent, codes   []int16
	delays                    []float64
	sent                      [][16]byte
	doubts                    []*time.Time // of LINE alone; empty for others
	chunks                    []*chunk
	notices                   notices
	notes                     register.Notes
}

func (c *columns) add(run int64, a ack) {
	c.members, c.leases = append(c.members, a.member), append(c.leases, a.chunk.lease)
	c.chunks = append(c.chunks, a.chunk)
	if doubt := a.doubt; !doubt.IsZero() {
		c.doubts = append(append(c.doubts, make([]*time.Time, len(c.members)-1-len(c.doubts))...), &doubt)
	}
	if a.notice != nil && a.state == stateSent {
		c.notices.add(a.member, a.notice)
	}
	c.states = append(c.states, a.state)
	c.reasons = append(c.reasons, a.reason)
	c.messages = append(c.messages, a.messageID)
	c.attempts = append(c.attempts, int16(a.settlement.attempts))
	c.resent = append(c.resent, int16(a.settlement.resent))
	c.codes = append(c.codes, int16(a.code))
	c.delays = append(c.delays, a.delay.Seconds())
	if a.state == stateSent {
		c.sent = append(c.sent, a.member)
	}
	c.notes.Add(a.member, run, a.note, a.status)
}

func (c *columns) reset() {
	c.leases = c.leases[:0]
	c.members, c.states, c.reasons, c.messages = c.members[:0], c.states[:0], c.reasons[:0], c.messages[:0]
	c.attempts, c.resent, c.codes, c.delays = c.attempts[:0], c.resent[:0], c.codes[:0], c.delays[:0]
	c.sent, c.chunks, c.doubts = c.sent[:0], c.chunks[:0], c.doubts[:0]
	c.notices.reset()
	c.notes.Reset()
}

// run writes until the channel of outcomes is closed. It returns an error when the store could not be written to;
// then the outcomes in memory are lost to the ledger, and the rows' leases run out.
func (f *flusher) run(ctx context.Context) error {
	renew := time.NewTicker(f.ledger.lease / 4)
	defer renew.Stop()
	timer := time.NewTimer(f.every)
	defer timer.Stop()
	for {
		select {
		case a, more := <-f.acks:
			if !more {
				return f.flush(ctx)
			}
			if len(f.members) == 0 {
				timer.Reset(f.every)
			}
			f.add(f.ledger.run.id, a)
			if reason := f.guard.note(a.settlement); reason != "" {
				f.guard = &guard{limits: never}
				if err := f.retry(ctx, func(ctx context.Context) error { return f.rest(ctx, reason) }); err != nil {
					return err
				}
			}
			if len(f.members) < flushSize {
				continue
			}
		case <-timer.C:
		case <-renew.C:
			if err := f.retry(ctx, f.renew); err != nil {
				return err
			}
			continue
		}
		if err := f.flush(ctx); err != nil {
			return err
		}
	}
}

func (f *flusher) renew(ctx context.Context) error {
	from, to := f.ledger.leases.bounds()
	if _, err := f.ledger.pool.Exec(ctx, sqlRenew, f.ledger.run.id, from, to, f.ledger.lease.Seconds()); err != nil {
		return fmt.Errorf("renew leases: %w", err)
	}
	return nil
}

// flush writes what has been gathered, in one transaction.
func (f *flusher) flush(ctx context.Context) error {
	if len(f.members) == 0 {
		return nil
	}
	if err := f.retry(ctx, f.write); err != nil {
		return err
	}
	err := f.release(ctx)
	f.inFlight.Add(-int64(len(f.members)))
	f.reset()
	return err
}

// release gives back the chunks of which all that was handed out has an outcome now.
func (f *flusher) release(ctx context.Context) error {
	var done []uuid.UUID
	for _, c := range f.chunks {
		if c.drop(1) {
			done = append(done, c.lease)
		}
	}
	if len(done) == 0 {
		return nil
	}
	return f.retry(ctx, func(ctx context.Context) error { return f.ledger.release(ctx, done...) })
}

func (f *flusher) write(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	b := &pgx.Batch{} // one batch is one transaction
	b.Queue(sqlAck, f.ackArguments()...)
	f.notes.Queue(b)
	if len(f.notices.members) > 0 {
		b.Queue(sqlNoticeInsert, f.ledger.run.id, f.notices.members, f.notices.locales, f.notices.titles, f.notices.bodies)
	}
	if f.invite && len(f.sent) > 0 {
		b.Queue(sqlInvited, f.sent)
	}
	results := f.ledger.pool.SendBatch(ctx, b)
	tag, err := results.Exec()
	if err := errors.Join(err, results.Close()); err != nil {
		return fmt.Errorf("write outcomes: %w", err)
	}
	if int(tag.RowsAffected()) == len(f.members) {
		return nil
	}
	// A row moved while it was looked up, or its lease was lost, or its member was erased: once more settles the
	// first, and changes nothing about the others.
	if _, err := f.ledger.pool.Exec(ctx, sqlAck, f.ackArguments()...); err != nil {
		return fmt.Errorf("write outcomes again: %w", err)
	}
	return nil
}

func (f *flusher) ackArguments() []any {
	return []any{f.ledger.run.id, f.ledger.channel, f.members, f.leases,
		f.states, f.reasons, f.attempts, f.resent, f.codes, f.messages, f.delays, f.doubts}
}

// Bounds of writing while the store is away.
const (
	writeTimeout = 20 * time.Second
	writeGiveUp  = 5 * time.Minute
	firstPause   = 50 * time.Millisecond
	longestPause = 5 * time.Second
)

// retry repeats a write until it succeeds. Meanwhile senders wait, because nobody takes their outcomes.
func (f *flusher) retry(ctx context.Context, do func(context.Context) error) error {
	pause, since := firstPause, time.Now()
	for {
		err := do(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || !transient(err) || time.Since(since) > writeGiveUp {
			return err
		}
		f.log.Warn("Waiting for the store", "error", err.Error())
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
		pause = min(pause*2, longestPause)
	}
}
