// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import "time"

// allowance is what a sender has used up of its limits. It is kept in the store, so that all workers share it and a restart
// forgets nothing (campaign.md M10). The methods are pure.
type allowance struct {
	nextAt time.Time // before it no further message may go
	first  int64     // Unix minute of counts[0]
	counts []int32   // messages granted in each minute
}

// limits of one sender.
type limits struct {
	perSecond int
	perHour   int
}

// grant is leave for some messages: one at starts, and one every spacing after it. Leave that is not used within grace of its
// time is void. Without any, retry says when to ask again.
type grant struct {
	messages int
	starts   time.Time
	spacing  time.Duration
	retry    time.Time
}

const (
	// grace is how late a message may go after the time that was granted to it. The rate is lowered by as much, so that whatever
	// comes late, no second sees more messages than the limit.
	grace = 50 * time.Millisecond
	// early is how much before its time a message may go: nobody waits for less.
	early = time.Millisecond
	// countedMinutes are those in which a message may have gone that counts for the hour, with one more for those that are late.
	countedMinutes = 62
)

// spacing is the time between two messages.
func (l limits) spacing() time.Duration {
	return (time.Second + grace + early + time.Duration(l.perSecond) - 1) / time.Duration(l.perSecond)
}

// take grants up to n messages at a moment.
func (a *allowance) take(now time.Time, n int, l limits) grant {
	minute := now.Unix() / 60
	a.forget(minute)
	used := 0
	for _, count := range a.counts {
		used += int(count)
	}
	n = min(n, l.perHour-used)
	if n <= 0 {
		return grant{retry: time.Unix((minute+1)*60, 0)}
	}
	g := grant{messages: n, starts: now, spacing: l.spacing()}
	if a.nextAt.After(now) {
		g.starts = a.nextAt
	}
	a.nextAt = g.starts.Add(time.Duration(n) * g.spacing)
	for len(a.counts) <= int(minute-a.first) {
		a.counts = append(a.counts, 0)
	}
	a.counts[minute-a.first] += int32(n)
	return g
}

// forget drops the minutes that count no more.
func (a *allowance) forget(minute int64) {
	oldest := minute - countedMinutes + 1
	if gone := oldest - a.first; gone > 0 {
		a.counts = a.counts[min(int(gone), len(a.counts)):]
		a.first = oldest
	}
}
