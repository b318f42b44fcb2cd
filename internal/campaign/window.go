// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import "time"

// span is the time that a limit speaks of, and how finely it is counted.
type span struct {
	tick time.Duration
	// ticks are those in which leave may have been given that was used within one span; so it spans a little more.
	ticks int64
}

// The spans of limits. What is granted at the end of a tick may be used late in the next: one more tick for that, and one because
// a span begins and ends within a tick.
var (
	perSecondSpan = span{tick: 50 * time.Millisecond, ticks: 22}
	perHourSpan   = span{tick: time.Minute, ticks: 62}
)

// share is the part of a span that belongs to one message of a limit.
func (s span) share(limit int) time.Duration {
	return time.Duration(s.ticks) * s.tick / time.Duration(limit)
}

// window counts what was granted in each tick of a span that slides along. The methods are pure.
type window struct {
	first  int64   // tick of counts[0], since 1970
	counts []int32 // messages granted in each tick
}

// used is what counts at a moment. It forgets what counts no more.
func (w *window) used(now time.Time, s span) int {
	oldest := s.tickOf(now) - s.ticks + 1
	if gone := oldest - w.first; gone > 0 {
		w.counts = w.counts[min(int(gone), len(w.counts)):]
		w.first = oldest
	}
	sum := 0
	for _, count := range w.counts {
		sum += int(count)
	}
	return sum
}

// add counts n messages at a moment for which used has been asked.
func (w *window) add(now time.Time, s span, n int) {
	at := int(max(0, s.tickOf(now)-w.first)) // a clock may have been put back
	for len(w.counts) <= at {
		w.counts = append(w.counts, 0)
	}
	w.counts[at] += int32(n)
}

// free is when less than the limit counts, if nothing more is granted.
func (w *window) free(s span, limit, used int) time.Time {
	for i, count := range w.counts {
		if used -= int(count); used < limit {
			return s.timeOf(w.first + int64(i) + s.ticks)
		}
	}
	return s.timeOf(w.first)
}

func (s span) tickOf(t time.Time) int64 { return t.UnixNano() / int64(s.tick) }

func (s span) timeOf(tick int64) time.Time { return time.Unix(0, tick*int64(s.tick)) }
