// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// courier takes what a run writes to members by one channel.
type courier struct {
	way
	job     Job
	day     time.Time
	ledger  *ledger // on the channel
	own     *rate.Limiter
	queue   *queue
	pace    *pacer // nil where nothing is limited
	domains domains
	borne   *echo // known when the run was let go on
}

func newCourier(job Job, day time.Time, l *ledger, w way, own *rate.Limiter) *courier {
	c := &courier{way: w, job: job, day: day, ledger: l, own: own, domains: newDomains(l, w.domains)}
	l.work = w.words.needsEmployment()
	if w.shared != nil {
		c.pace = newPacer(l, w.channel, *w.shared, own)
	}
	return c
}

// work claims, sends and writes outcomes until nothing is left or ctx ends.
func (c *courier) work(ctx context.Context) error {
	if c.begin != nil {
		if err := c.begin(ctx, c.ledger); err != nil {
			return ignoreStop(ctx, err)
		}
	}
	acks := make(chan ack, waitingAcks)
	feed := newFeed(c.limit(), c.onUnknown, c.job.Tuning.claimAge())
	// Writing outlives ctx, which only says that nothing new may begin; wire outlives it by DrainTimeout.
	store, stopStore := context.WithCancel(context.WithoutCancel(ctx))
	defer stopStore()
	claims, stopClaims := context.WithCancelCause(ctx)
	defer stopClaims(nil)
	wire, cut := c.wire(claims, store, stopStore)
	defer cut()
	c.queue = c.newQueue(store, claims.Done(), feed.items, acks)
	flushed := make(chan error, 1)
	go func() {
		err := c.newFlusher(acks, stopClaims).run(store)
		if err != nil {
			stopClaims(err) // nothing may be sent whose outcome cannot be written
			for range acks {
				continue
			}
		}
		flushed <- err
	}()
	var sending sync.WaitGroup
	for range c.lanes {
		sending.Go(func() { c.lane(wire, c.queue) })
	}
	claimErr := c.claimAll(claims, store, feed)
	claimErr = errors.Join(claimErr, c.ledger.leave(store))
	stopClaims(claimErr)
	close(feed.items)
	sending.Wait()
	c.giveBack(feed.items)
	close(acks)
	time.AfterFunc(finalWrites, stopStore)
	flushErr := <-flushed
	return errors.Join(flushErr, claimErr)
}

func (c *courier) newQueue(store context.Context, draining <-chan struct{}, items chan *item, acks chan<- ack) *queue {
	return &queue{
		inFlight: new(atomic.Int64), items: items, acks: acks, maker: c.maker, log: c.job.Log.With("channel", c.channel), draining: draining,
		breaker: &breaker{now: time.Now}, claimAge: c.job.Tuning.claimAge(),
		still: func(i *item) bool { return c.ledger.still(store, i) },
		policy: policy{base: c.job.Tuning.BackoffBase, onUnknown: c.onUnknown, random: rand.Float64,
			left: func() time.Duration { return time.Until(c.ledger.run.deadline) }},
	}
}

func (c *courier) newFlusher(acks <-chan ack, stopClaims context.CancelCauseFunc) *flusher {
	return &flusher{ledger: c.ledger, log: c.job.Log, every: c.job.Tuning.FlushEvery, acks: acks, inFlight: c.queue.inFlight,
		invite: c.job.Campaign.Type == typeInvitation, guard: &guard{limits: c.job.Campaign.Limits()},
		rest: func(ctx context.Context, reason string) error {
			c.job.Log.Warn("Pausing the run because too much goes wrong", "run", c.job.RunName, "channel", c.channel, "reason", reason)
			stopClaims(nil)
			return c.ledger.pause(ctx, reason)
		}}
}

// wire is a context that ends DrainTimeout after claims has ended: by then messages on the wire are cut off. A while
// later stopStore is called, so that a store that is away cannot hold the worker up either.
func (c *courier) wire(claims, store context.Context, stopStore context.CancelFunc) (context.Context, context.CancelFunc) {
	wire, cut := context.WithCancel(store)
	stop := context.AfterFunc(claims, func() {
		drain := time.AfterFunc(c.job.Tuning.DrainTimeout, cut)
		last := time.AfterFunc(c.job.Tuning.DrainTimeout+finalWrites, stopStore)
		context.AfterFunc(wire, func() { drain.Stop() })
		context.AfterFunc(store, func() { last.Stop() })
	})
	return wire, func() { stop(); cut() }
}

// giveBack settles items that no lane took.
func (c *courier) giveBack(items <-chan *item) {
	for i := range items {
		c.queue.settle(i, settlement{state: statePlanned})
	}
}

// limit is the number of messages per second that this worker may send at most; 0: as many as it can.
func (c *courier) limit() int {
	if c.shared == nil {
		return 0
	}
	limit := c.shared.perSecond
	if own := c.own.Limit(); own != rate.Inf && int(own) < limit {
		limit = max(1, int(own))
	}
	return limit
}

// ownLimit is the campaign's own limit of messages in a second, for all channels together. Each of its workers takes its part.
func ownLimit(job Job) *rate.Limiter {
	own := rate.Limit(job.Campaign.MaxPerSecond) / rate.Limit(job.workers())
	if own <= 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(own, max(1, int(own/100)))
}
