// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"errors"
	"time"
)

// feed hands claimed items to the lanes, no faster than the limit, and sizes the batches so that no item waits
// long for its turn.
type feed struct {
	items chan *item
	batch int
	most  int
	age   time.Duration // how long after its claim an item may go out
}

// newFeed sizes the feed. With a limit it keeps at most a tenth of a second's messages, so that a pause of the mail
// server does not gather a burst; and claims at most a second's.
func newFeed(limit int, onUnknown string, age time.Duration) *feed {
	f := &feed{age: age, most: maxBatch, batch: firstBatch}
	waiting := maxBatch
	if onUnknown == OnUnknownHold {
		f.most, waiting = holdBatch, 0
	}
	if limit > 0 {
		f.most = min(f.most, max(1, limit))
		waiting = min(waiting, limit/10)
	}
	f.batch = min(f.batch, f.most)
	f.items = make(chan *item, waiting)
	return f
}

// adapt makes batches larger while they go quickly and smaller while they do not.
func (f *feed) adapt(took time.Duration) {
	switch {
	case took > f.age/5:
		f.batch = max(1, f.batch/2)
	case took < f.age/20:
		f.batch = min(f.most, f.batch*2)
	}
}

// claimAll claims and feeds until no row is open or ctx ends. The error is the store's, after which the worker must
// start again. A claim that is under way when ctx ends is waited for, as long as store lasts: its rows may be leased
// already, and whoever does not learn which cannot give them back.
func (e *engine) claimAll(ctx, store context.Context, f *feed) error {
	var swept time.Time
	for ctx.Err() == nil {
		if time.Since(swept) > e.sweepEvery() {
			if err := e.sweep(ctx); err != nil {
				return ignoreStop(ctx, err)
			}
			swept = time.Now()
		}
		if e.queue.breaker.isOpen() {
			sleep(ctx, breakerPoll)
			if e.queue.breaker.openFor() > 0 || e.queue.inFlight.Load() > 0 {
				continue
			}
		}
		if e.pace.rest(ctx) {
			continue
		}
		items, refused, err := e.ledger.claim(store, e.claimSize(f), e.day)
		if err != nil {
			return ignoreStop(ctx, err)
		}
		if len(items) > 0 {
			if err := e.feed(ctx, f, items); err != nil {
				return ignoreStop(ctx, err)
			}
			continue
		}
		if refused > 0 {
			continue
		}
		done, err := e.rest(ctx)
		if err != nil || done {
			return ignoreStop(ctx, err)
		}
	}
	return nil
}

// sweepEvery is how often rows of dead workers are looked for.
func (e *engine) sweepEvery() time.Duration { return min(e.job.Tuning.Lease/4, e.job.Tuning.Poll) }

// claimSize is one item while the mail server is in trouble: the one that tries.
func (e *engine) claimSize(f *feed) int {
	if e.queue.breaker.isOpen() {
		return 1
	}
	return f.batch
}

// feed hands items on as the limits allow. What is left when that ends is given back. The error is the store's.
func (e *engine) feed(ctx context.Context, f *feed, items []*item) error {
	started := time.Now()
	e.queue.inFlight.Add(int64(len(items)))
	for n, i := range items {
		later, err := e.admit(ctx, i)
		if later > 0 {
			e.queue.settle(i, settlement{state: statePlanned, delay: later})
			continue
		}
		goOn := err == nil && (len(items) == 1 || !e.queue.breaker.isOpen())
		if goOn {
			select {
			case f.items <- i:
				continue
			case <-ctx.Done():
			}
		}
		for _, left := range items[n:] {
			e.queue.settle(left, settlement{state: statePlanned})
		}
		if errors.Is(err, errHourUsedUp) || errors.Is(err, errDayUsedUp) {
			e.job.Log.Warn("Waiting", "run", e.job.RunName, "because", err.Error())
			return nil
		}
		return err
	}
	if len(items) == f.batch {
		f.adapt(time.Since(started))
	}
	return nil
}

// admit waits until an item may go by the limits of the sender. It does not wait for the domain that the item goes to: when that
// has no room, it tells for how long to put the item off.
func (e *engine) admit(ctx context.Context, i *item) (later time.Duration, err error) {
	d := e.domains.of(i.address)
	if later := d.isShut(); later > 0 {
		return later, nil
	}
	if err := e.pace.next(ctx); err != nil {
		return 0, err
	}
	later, err = d.admit(ctx)
	if later > 0 {
		e.pace.unused()
	}
	return later, err
}

// sweep settles rows of dead workers and late rows.
func (e *engine) sweep(ctx context.Context) error {
	lost, expired, err := e.ledger.sweep(ctx, e.job.Campaign.OnUnknown)
	if err != nil {
		return err
	}
	if lost > 0 {
		e.job.Log.Warn("Settling messages of a worker that died", "run", e.job.RunName, "messages", lost, "onUnknown", e.job.Campaign.OnUnknown)
	}
	if expired > 0 {
		e.job.Log.Warn("Giving up messages after the deadline", "run", e.job.RunName, "messages", expired)
	}
	return e.listen(ctx)
}

// listen lets the run rest when too many complain about it, or too much comes back. What was known when the run was let go on is not
// held against it again.
func (e *engine) listen(ctx context.Context) error {
	now, err := e.ledger.echo(ctx)
	if err != nil {
		return err
	}
	if e.borne == nil {
		e.borne = &echo{}
		if !e.job.Resume.IsZero() {
			e.borne = &now
		}
	}
	reason := heard(e.job.Campaign.Limits(), now, *e.borne)
	if reason == "" {
		return nil
	}
	e.job.Log.Warn("Pausing the run because of what came back", "run", e.job.RunName, "reason", reason, "complaints", now.complaints, "bounced", now.bounced, "sent", now.sent)
	return e.ledger.pause(ctx, reason)
}

// rest waits until something may be due. It tells when nothing is open any more.
func (e *engine) rest(ctx context.Context) (done bool, err error) {
	mine := e.queue.inFlight.Load() > 0 // before the look: what is written meanwhile must not let this worker sleep
	open, err := e.ledger.open(ctx)
	switch {
	case err != nil:
		return false, err
	case open.over():
		return true, nil
	}
	pause := e.job.Tuning.Poll
	if open.waiting && !open.paused {
		pause = min(pause, max(open.due, 10*time.Millisecond))
	}
	if open.claimed { // by this worker's lanes, or by another
		pause = min(pause, e.sweepEvery())
		if mine {
			pause = min(pause, e.job.Tuning.FlushEvery)
		}
	}
	sleep(ctx, pause)
	return false, nil
}

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// ignoreStop drops an error that only says that ctx ended.
func ignoreStop(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}
