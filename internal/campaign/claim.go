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
func (c *courier) claimAll(ctx, store context.Context, f *feed) error {
	var swept time.Time
	for ctx.Err() == nil {
		if time.Since(swept) > c.sweepEvery() {
			if err := c.sweep(ctx); err != nil {
				return ignoreStop(ctx, err)
			}
			swept = time.Now()
		}
		if c.queue.breaker.isOpen() {
			sleep(ctx, breakerPoll)
			if c.queue.breaker.openFor() > 0 || c.queue.inFlight.Load() > 0 {
				continue
			}
		}
		if c.pace.rest(ctx) {
			continue
		}
		items, refused, err := c.ledger.claim(store, c.claimSize(f), c.day)
		if err != nil {
			return ignoreStop(ctx, err)
		}
		if len(items) > 0 {
			if err := c.feed(ctx, f, items); err != nil {
				return ignoreStop(ctx, err)
			}
			continue
		}
		if refused > 0 {
			continue
		}
		done, err := c.rest(ctx)
		if err != nil || done {
			return ignoreStop(ctx, err)
		}
	}
	return nil
}

// sweepEvery is how often rows of dead workers are looked for.
func (c *courier) sweepEvery() time.Duration { return min(c.job.Tuning.Lease/4, c.job.Tuning.Poll) }

// claimSize is one item while the mail server is in trouble: the one that tries.
func (c *courier) claimSize(f *feed) int {
	if c.queue.breaker.isOpen() {
		return 1
	}
	return f.batch
}

// feed hands items on as the limits allow. What is left when that ends is given back. The error is the store's.
func (c *courier) feed(ctx context.Context, f *feed, items []*item) error {
	started := time.Now()
	c.queue.inFlight.Add(int64(len(items)))
	for n, i := range items {
		later, err := c.admit(ctx, i)
		if later > 0 {
			c.queue.settle(i, settlement{state: statePlanned, delay: later})
			continue
		}
		goOn := err == nil && (len(items) == 1 || !c.queue.breaker.isOpen())
		if goOn {
			select {
			case f.items <- i:
				continue
			case <-ctx.Done():
			}
		}
		for _, left := range items[n:] {
			c.queue.settle(left, settlement{state: statePlanned})
		}
		if errors.Is(err, errHourUsedUp) || errors.Is(err, errDayUsedUp) {
			c.job.Log.Warn("Waiting", "run", c.job.RunName, "because", err.Error())
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
func (c *courier) admit(ctx context.Context, i *item) (later time.Duration, err error) {
	d := c.domains.of(i.address)
	if later := d.isShut(); later > 0 {
		return later, nil
	}
	if err := c.pace.next(ctx); err != nil {
		return 0, err
	}
	later, err = d.admit(ctx)
	if later > 0 {
		c.pace.unused()
	}
	return later, err
}

// sweep settles rows of dead workers and late rows.
func (c *courier) sweep(ctx context.Context) error {
	lost, expired, err := c.ledger.sweep(ctx, c.onUnknown)
	if err != nil {
		return err
	}
	if lost > 0 {
		c.job.Log.Warn("Settling messages of a worker that died", "run", c.job.RunName, "messages", lost, "channel", c.channel, "onUnknown", c.onUnknown)
	}
	if expired > 0 {
		c.job.Log.Warn("Giving up messages after the deadline", "run", c.job.RunName, "messages", expired)
	}
	if err := c.passOn(ctx); err != nil || c.channel != channelEmail {
		return err
	}
	return c.listen(ctx)
}

// passOn takes over whom the channels before could not reach.
func (c *courier) passOn(ctx context.Context) error {
	passed, err := c.ledger.passOn(ctx)
	if passed > 0 {
		c.job.Log.Info("Passing members on whom a channel does not reach", "run", c.job.RunName, "members", passed)
	}
	return err
}

// listen lets the run rest when too many complain about it, or too much comes back. What was known when the run was let go on is not
// held against it again.
func (c *courier) listen(ctx context.Context) error {
	now, err := c.ledger.echo(ctx)
	if err != nil {
		return err
	}
	if c.borne == nil {
		c.borne = &echo{}
		if !c.job.Resume.IsZero() {
			c.borne = &now
		}
	}
	reason := heard(c.job.Campaign.Limits(), now, *c.borne)
	if reason == "" {
		return nil
	}
	c.job.Log.Warn("Pausing the run because of what came back", "run", c.job.RunName, "reason", reason, "complaints", now.complaints, "bounced", now.bounced, "sent", now.sent)
	return c.ledger.pause(ctx, reason)
}

// rest waits until something may be due. It tells when nothing is open any more.
func (c *courier) rest(ctx context.Context) (done bool, err error) {
	mine := c.queue.inFlight.Load() > 0 // before the look: what is written meanwhile must not let this worker sleep
	open, err := c.ledger.open(ctx)
	switch {
	case err != nil:
		return false, err
	case open.over():
		return true, nil
	case open.passing:
		return false, c.passOn(ctx)
	}
	pause := c.job.Tuning.Poll
	if open.waiting && !open.paused {
		pause = min(pause, max(open.due, 10*time.Millisecond))
	}
	if open.claimed { // by this worker's lanes, or by another
		pause = min(pause, c.sweepEvery())
		if mine {
			pause = min(pause, c.job.Tuning.FlushEvery)
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
