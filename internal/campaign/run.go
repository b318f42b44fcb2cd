// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// What a log may know of a message that cannot be made.
var (
	errRenderPanic = errors.New("rendering failed unexpectedly")
	errAddress     = errors.New("the address cannot be one")
	errNoStep      = errors.New("the campaign does not have this step any more")
)

// finalWrites bounds what happens after the lanes have ended.
const finalWrites = 3 * time.Second

// Connections is how many connections to the store a run needs: claims, outcomes, and one for looking around. Further channels and posts
// take turns.
func Connections(c settings.Campaign) int32 {
	n := 2 + max(1, len(c.MemberChannels()))
	if len(c.Broadcasts()) > 0 {
		n += postConnections
	}
	return int32(n)
}

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
	if e.job.blocks, err = e.ledger.blocks(ctx, job.Network); err != nil {
		return stopped(ctx, err)
	}
	if err := e.appoint(); err != nil {
		return err
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
	case j.LINE == nil && j.Campaign.Uses(channelLINE) && !j.Network.Trial():
		return fmt.Errorf("%w: the network has no LINE account", ErrFinal)
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
	job      Job
	day      time.Time
	ledger   *ledger    // of all channels
	couriers []*courier // one for each channel that writes to members
	poster   *poster
}

// appoint makes a courier for each channel.
func (e *engine) appoint() error {
	own := ownLimit(e.job)
	for _, name := range e.ledger.channels {
		w, err := newWay(e.job, name, e.ledger.run.id)
		if err != nil {
			return err
		}
		e.couriers = append(e.couriers, newCourier(e.job, e.day, e.ledger.on(name), w, own))
	}
	return nil
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
