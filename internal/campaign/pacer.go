// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/time/rate"
)

// pacer lets messages go no faster than the sender's limits, which all workers share, and the campaign's own. One goroutine uses
// it. A nil pacer keeps no limit.
type pacer struct {
	ask   func(ctx context.Context, n int) (grant, error)
	own   *rate.Limiter // of this campaign
	now   func() time.Time
	most  int // messages asked for at once
	chunk int

	left  grant
	again time.Time     // when to ask again, after hour or day was used up; by the store's clock
	skew  time.Duration // how far the store's clock is ahead of this machine's
}

// chunkTime is how long a worker goes on with what it was granted at once: so long may another have to wait for its turn.
const chunkTime = 200 * time.Millisecond

// newPacer shares a sender's limits with every other worker of the store.
func newPacer(l *ledger, sender string, shared limits, own *rate.Limiter) *pacer {
	p := &pacer{now: time.Now, own: own}
	p.most = max(1, min(maxBatch, int(time.Duration(shared.perSecond)*chunkTime/time.Second)))
	p.chunk = p.most
	p.ask = func(ctx context.Context, n int) (grant, error) {
		g, skew, err := l.allow(ctx, sender, func(a *allowance, now time.Time) grant { return a.take(now, n, shared) })
		p.skew = skew
		return g, err
	}
	return p
}

// What says that no message may go for a while.
var (
	errHourUsedUp = errors.New("the sender's messages of this hour are used up")
	errDayUsedUp  = errors.New("the messages of this day of the sender's warm-up are used up")
)

// rest waits while no message may go. Nothing should be claimed meanwhile: its consent would grow old. It tells whether it waited.
func (p *pacer) rest(ctx context.Context) bool {
	if p == nil {
		return false
	}
	wait := p.again.Sub(p.now().Add(p.skew))
	if wait <= 0 {
		return false
	}
	sleep(ctx, wait)
	return true
}

// next waits until a message may go.
func (p *pacer) next(ctx context.Context) error {
	if p == nil {
		return nil
	}
	if err := p.own.Wait(ctx); err != nil {
		return err
	}
	for {
		if !p.fresh() {
			var err error
			if p.left, err = p.ask(ctx, p.chunk); err != nil {
				return err
			}
			if p.left.messages == 0 {
				p.again = p.left.retry
				if p.left.warmUp {
					return errDayUsedUp
				}
				return errHourUsedUp
			}
		}
		if wait := p.left.starts.Sub(p.now().Add(p.skew)); wait > early {
			sleep(ctx, wait)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if p.fresh() {
			p.left.messages--
			p.left.starts = p.left.starts.Add(p.left.spacing)
			return nil
		}
	}
}

// fresh tells whether there is leave that still holds. What came too late is dropped, and less asked for at once, because what is
// dropped is lost to others too.
func (p *pacer) fresh() bool {
	switch {
	case p.left.messages == 0:
		p.chunk = min(p.most, p.chunk*2)
		return false
	case p.now().Add(p.skew).After(p.left.starts.Add(grace)):
		p.left, p.chunk = grant{}, max(1, p.chunk/2)
		return false
	}
	return true
}

// unused takes back the leave of a message that did not go.
func (p *pacer) unused() {
	p.left.messages++
	p.left.starts = p.left.starts.Add(-p.left.spacing)
}

// allow asks the store for leave to send, by a rule over what is used up so far.
func (l *ledger) allow(ctx context.Context, sender string, rule func(*allowance, time.Time) grant) (g grant, skew time.Duration, err error) {
	take := func(tx pgx.Tx) error {
		var a allowance
		var now time.Time
		if err := tx.QueryRow(ctx, sqlAllowanceLock, sender).Scan(&a.nextAt, &a.hour.first, &a.hour.counts, &a.second.first, &a.second.counts,
			&a.day.Number, &a.day.Messages, &now); err != nil {
			return err
		}
		skew = time.Until(now)
		if g = rule(&a, now); g.messages == 0 {
			return nil
		}
		_, err := tx.Exec(ctx, sqlAllowanceUpdate, sender, a.nextAt, a.hour.first, a.hour.counts, a.second.first, a.second.counts,
			a.day.Number, a.day.Messages)
		return err
	}
	err = pgx.BeginFunc(ctx, l.pool, take)
	if errors.Is(err, pgx.ErrNoRows) { // the first message of this sender
		if _, err = l.pool.Exec(ctx, sqlAllowanceInsert, sender); err == nil {
			err = pgx.BeginFunc(ctx, l.pool, take)
		}
	}
	if err != nil {
		return grant{}, 0, fmt.Errorf("ask for leave to send: %w", err)
	}
	return g, skew, nil
}
