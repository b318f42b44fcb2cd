// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"time"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/schedule"
)

// lead is how long before it is due a run is started, so that its worker has planned it by then and the first message goes out in
// time. What is declared at that moment is what is sent.
const lead = 20 * time.Second

// agenda is what a schedule says at one moment.
type agenda struct {
	start     time.Time // a run is due now; zero when none is
	next      time.Time // the run after that; zero when none follows
	missed    int       // due times that passed without a run since the last look
	handledTo time.Time // every due time up to here was started or is too late
	completed bool      // the one run of `at` has been
}

// past is what is already known of due times.
type past struct {
	created  time.Time      // the campaign did not exist before
	restored time.Time      // when the network's store was restored; what was due before may have been sent from the former one
	handled  time.Time      // status.lastScheduledAt
	newest   time.Time      // due time of the newest run in the ledger or among the Jobs
	zone     *time.Location // of the network, by whose clock days are counted
}

// last is the instant after which due times count.
func (p past) last() time.Time {
	last := p.created
	for _, t := range []time.Time{p.handled, p.newest, p.restored} {
		if t.After(last) {
			last = t
		}
	}
	return last
}

// planAgenda decides from the declared schedule, the past and the clock; it is pure. Its error is Terminal.
func planAgenda(c *v1alpha1.Campaign, p past, now time.Time) (agenda, error) {
	deadline := time.Duration(c.EffectiveDelivery().StartingDeadlineSeconds) * time.Second
	now, deadline = now.Add(lead), deadline+lead // so late as before, so much sooner
	zone := ""
	if c.Spec.Schedule.TimeZone != nil {
		zone = string(*c.Spec.Schedule.TimeZone)
	}
	if c.Once() != nil {
		if _, err := schedule.LoadZone(zone); c.Spec.Schedule.BeforeEvent != nil && err != nil {
			return agenda{}, outcome.Stop(v1alpha1.ReasonScheduleInvalid, "spec.schedule: %v", err)
		}
		return planTimes(timesOf(c, p.zone), p, now, deadline), nil
	}
	s, err := schedule.Parse(c.EffectiveCron(), zone)
	if err != nil {
		return agenda{}, outcome.Stop(v1alpha1.ReasonScheduleInvalid, "spec.schedule: %v", err)
	}
	due, missed := s.Due(p.last(), now, deadline)
	a := agenda{start: due, next: s.Next(now), missed: missed, handledTo: p.last()}
	if missed > 0 || !due.IsZero() {
		a.handledTo = lastDue(s, p.last(), now, due)
	}
	return a, nil
}

// lastDue is the newest due time that has come, in time or too late.
func lastDue(s schedule.Schedule, last, now, due time.Time) time.Time {
	if !due.IsZero() {
		return due
	}
	from := now.Add(-24 * time.Hour)
	if from.Before(last) {
		from = last
	}
	newest := last
	for t := s.Next(from); !t.IsZero() && !t.After(now); t = s.Next(t) {
		newest = t
	}
	return newest
}

// timesOf are when a campaign that begins once has its runs: the first message, and each step at the same time of its day.
func timesOf(c *v1alpha1.Campaign, zone *time.Location) []time.Time {
	if zone == nil {
		zone = time.UTC
	}
	times := []time.Time{*c.Once()}
	for _, step := range c.Spec.Steps {
		times = append(times, times[len(times)-1].In(zone).AddDate(0, 0, step.Days()))
	}
	return times
}

// planTimes is what the first of some times says that has not been.
func planTimes(times []time.Time, p past, now time.Time, deadline time.Duration) (a agenda) {
	for i, at := range times {
		a = planOnce(at, p, now, deadline)
		if a.start.IsZero() && a.next.IsZero() && a.missed == 0 {
			continue
		}
		if a.next.IsZero() && i+1 < len(times) {
			a.next = times[i+1]
		}
		return a
	}
	return a
}

func planOnce(at time.Time, p past, now time.Time, deadline time.Duration) agenda {
	ran := !p.newest.IsZero() && !p.newest.Before(at.Truncate(time.Minute))
	switch {
	case ran:
		return agenda{completed: true, handledTo: at}
	case at.Before(p.restored) && !p.handled.Before(at):
		return agenda{handledTo: at}
	case at.Before(p.restored):
		return agenda{missed: 1, handledTo: at}
	case at.After(now):
		return agenda{next: at, handledTo: p.handled}
	case now.Sub(at) <= deadline:
		return agenda{start: at, handledTo: p.handled}
	case !p.handled.Before(at):
		return agenda{handledTo: at}
	default:
		return agenda{missed: 1, handledTo: at}
	}
}
