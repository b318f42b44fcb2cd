// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/time/rate"

	"github.com/alumni-operator/alumni-operator/internal/mail"
)

var errRenderPanic = errors.New("rendering failed unexpectedly")

// finalWrites bounds what happens after the lanes have ended.
const finalWrites = 3 * time.Second

// Connections is how many connections to the store a run needs: claims, outcomes, and one for looking around.
const Connections = 3

// Run does one run, or what is left of it. It returns nil when every row is settled; ErrUnfinished when ctx ended
// before that; an error that wraps ErrFinal when another start cannot help.
func Run(ctx context.Context, pool *pgxpool.Pool, job Job) error {
	job.Tuning = job.Tuning.withDefaults()
	if err := job.check(); err != nil {
		return err
	}
	e := &engine{job: job, day: asDate(job.day())}
	var err error
	if e.ledger, err = newLedger(pool, job, job.clock); err != nil {
		return err
	}
	if err := e.compile(); err != nil {
		return err
	}
	created, err := e.ledger.join(ctx, job, job.day())
	if err != nil {
		return stopped(ctx, err)
	}
	r := e.ledger.run
	job.Log.Info("Joining run", "run", job.RunName, "created", created, "state", r.state, "audience", r.audience)
	switch {
	case r.state == runFinished:
		return nil
	case r.state == runPaused:
		job.Log.Warn("Leaving the run at rest", "run", job.RunName, "reason", r.failure)
		return nil
	case r.state == runFailed:
		return fmt.Errorf("%w: %s", ErrFinal, r.failure)
	case r.generation != job.Campaign.Generation:
		job.Log.Warn("Going on with a newer text than the run began with", "began", r.generation, "now", job.Campaign.Generation)
	}
	if job.Campaign.Uses(channelEmail) {
		if e.writer, err = newWriter(job, r.id, time.Now); err != nil {
			return err
		}
	}
	return e.end(ctx, e.deliver(ctx))
}

// check refuses a job that could never be done.
func (j Job) check() error {
	switch {
	case j.RunName == "":
		return fmt.Errorf("%w: the run has no name", ErrFinal)
	case j.Network.Email == nil && j.Campaign.Uses(channelEmail):
		return fmt.Errorf("%w: the network has no e-mail channel", ErrFinal)
	case purposes[j.Campaign.Type] == "" && j.Campaign.Type != typeInvitation:
		return fmt.Errorf("%w: unknown campaign type %q", ErrFinal, j.Campaign.Type)
	case j.Campaign.RetryDeadlineSeconds <= 0:
		return fmt.Errorf("%w: the campaign has no retry deadline", ErrFinal)
	}
	return nil
}

// day is the beginning of the day of the run in the network's zone, for facts that grow with time.
func (j Job) day() time.Time {
	zone, err := time.LoadLocation(j.Network.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	t := j.ScheduledAt.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
}

// asDate is a day as the database gives dates.
func asDate(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC)
}

// stopped tells an interruption from a failure.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && !errors.Is(err, ErrFinal) {
		return fmt.Errorf("%w: %w", ErrUnfinished, err)
	}
	return err
}

// engine is one worker at one run.
type engine struct {
	job    Job
	day    time.Time
	ledger *ledger
	writer *writer
	queue  *queue
	pace   *pacer
	borne  *echo // known when the run was let go on
	poster *poster

	domains domains // that have limits of their own
}

// work claims, sends and writes mails until nothing is left or ctx ends.
func (e *engine) work(ctx context.Context) error {
	lanes := max(e.job.Network.Email.MaxConnections/e.job.workers(), 1)
	acks := make(chan ack, waitingAcks)
	feed := newFeed(e.limit(), e.job.Campaign.OnUnknown, e.job.Tuning.claimAge())
	e.pace = newPacer(e.ledger, channelEmail, e.shared(), e.own())
	e.domains = newDomains(e.ledger, e.job.Network.Email.PerDomain)
	// Writing outlives ctx, which only says that nothing new may begin; wire outlives it by DrainTimeout.
	store, stopStore := context.WithCancel(context.WithoutCancel(ctx))
	defer stopStore()
	claims, stopClaims := context.WithCancelCause(ctx)
	defer stopClaims(nil)
	wire, cut := e.wire(claims, store, stopStore)
	defer cut()
	inFlight := new(atomic.Int64)
	e.queue = &queue{
		inFlight: inFlight, items: feed.items, acks: acks, writer: e.writer, sign: e.job.Mail.Sign, log: e.job.Log, draining: claims.Done(),
		breaker: &breaker{now: time.Now}, claimAge: e.job.Tuning.claimAge(),
		still: func(i *item) bool { return e.ledger.still(store, i) },
		policy: policy{base: e.job.Tuning.BackoffBase, onUnknown: e.job.Campaign.OnUnknown, random: rand.Float64,
			left: func() time.Duration { return time.Until(e.ledger.run.deadline) }},
	}
	f := &flusher{ledger: e.ledger, log: e.job.Log, every: e.job.Tuning.FlushEvery, acks: acks, inFlight: inFlight,
		invite: e.job.Campaign.Type == typeInvitation, guard: &guard{limits: e.job.Campaign.Limits()}}
	f.rest = func(ctx context.Context, reason string) error {
		e.job.Log.Warn("Pausing the run because too much goes wrong", "run", e.job.RunName, "reason", reason)
		stopClaims(nil)
		return e.ledger.pause(ctx, reason)
	}
	flushed := make(chan error, 1)
	go func() {
		err := f.run(store)
		if err != nil {
			stopClaims(err) // nothing may be sent whose outcome cannot be written
			for range acks {
				continue
			}
		}
		flushed <- err
	}()
	var sending sync.WaitGroup
	for range lanes {
		sending.Go(func() { mail.NewLane(e.job.Mail, e.queue).Run(wire) })
	}
	claimErr := e.claimAll(claims, store, feed)
	claimErr = errors.Join(claimErr, e.ledger.leave(store))
	stopClaims(claimErr)
	close(feed.items)
	sending.Wait()
	e.giveBack(feed.items)
	close(acks)
	time.AfterFunc(finalWrites, stopStore)
	flushErr := <-flushed
	return errors.Join(flushErr, claimErr)
}

// wire is a context that ends DrainTimeout after claims has ended: by then messages on the wire are cut off. A while
// later stopStore is called, so that a store that is away cannot hold the worker up either.
func (e *engine) wire(claims, store context.Context, stopStore context.CancelFunc) (context.Context, context.CancelFunc) {
	wire, cut := context.WithCancel(store)
	stop := context.AfterFunc(claims, func() {
		drain := time.AfterFunc(e.job.Tuning.DrainTimeout, cut)
		last := time.AfterFunc(e.job.Tuning.DrainTimeout+finalWrites, stopStore)
		context.AfterFunc(wire, func() { drain.Stop() })
		context.AfterFunc(store, func() { last.Stop() })
	})
	return wire, func() { stop(); cut() }
}

// giveBack settles items that no lane took.
func (e *engine) giveBack(items <-chan *item) {
	for i := range items {
		e.queue.settle(i, settlement{state: statePlanned})
	}
}

// shared are the limits of the sender, which every run of the network keeps together; own is the campaign's, of which each of its
// workers takes its part.
func (e *engine) shared() limits {
	l := limits{perSecond: e.job.Network.Email.MaxPerSecond, perHour: e.job.Network.Email.HourlyLimit(), day: e.job.Network.DayOf}
	if l.perSecond <= 0 {
		l.perSecond = defaultPerSecond
	}
	return l
}

func (e *engine) own() rate.Limit {
	return rate.Limit(e.job.Campaign.MaxPerSecond) / rate.Limit(e.job.workers())
}

// defaultPerSecond is the limit of a sender that names none.
const defaultPerSecond = 50

// limit is the number of messages per second that this worker may send at most.
func (e *engine) limit() int {
	limit := e.shared().perSecond
	if own := e.own(); own > 0 && int(own) < limit {
		limit = max(1, int(own))
	}
	return limit
}

// end reports how the run stands.
func (e *engine) end(ctx context.Context, workErr error) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), finalWrites)
	defer cancel()
	open, err := e.open(last)
	switch {
	case err != nil:
		return errors.Join(workErr, err)
	case !open.over():
		return errors.Join(ErrUnfinished, workErr)
	case open.paused && open.waiting:
		e.job.Log.Warn("Leaving the run at rest", "run", e.job.RunName)
		return workErr
	}
	if err := e.ledger.finish(last); err != nil {
		return err
	}
	counts, err := e.ledger.counts(last)
	if err != nil {
		return err
	}
	e.job.Log.Info("Finishing run", "run", e.job.RunName, "audience", e.ledger.run.audience, "counts", counts)
	return nil
}
