// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"time"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// allowance is what a sender has used up of its limits, or what has gone to a domain of those that the domain has. It is kept in
// the store, so that all workers share it and a restart forgets nothing (campaign.md M10). The methods are pure.
type allowance struct {
	nextAt time.Time // before it no further message of a sender may go
	second window    // of a domain
	hour   window
	day    settings.Day // with the messages of a sender on it so far
}

// limits of one sender or of one domain. A domain may have only one of the first two; the other is 0.
type limits struct {
	perSecond int
	perHour   int
	day       func(time.Time) *settings.Day // of a sender that warms up; otherwise it, or what it returns, is nil
}

// grant is leave for some messages: one at starts, and one every spacing after it. Leave that is not used within grace of its
// time is void. Without any, retry says when to ask again.
type grant struct {
	messages int
	starts   time.Time
	spacing  time.Duration
	retry    time.Time
	warmUp   bool          // without any: it is the day that is used up
	turn     time.Duration // without any: how long the limit that is used up has for one message
}

const (
	// grace is how late a message may go after the time that was granted to it. The rate is lowered by as much, so that whatever
	// comes late, no second sees more messages than the limit.
	grace = 50 * time.Millisecond
	// early is how much before its time a message may go: nobody waits for less.
	early = time.Millisecond
	// burstGrace is how late a message may go that has leave to go at once. It is a little less than perSecondSpan allows for,
	// because two clocks are compared.
	burstGrace = 45 * time.Millisecond
)

// spacing is the time between two messages.
func (l limits) spacing() time.Duration {
	return (time.Second + grace + early + time.Duration(l.perSecond) - 1) / time.Duration(l.perSecond)
}

// take grants up to n messages of a sender at a moment, evenly, for who sends them waits for each.
func (a *allowance) take(now time.Time, n int, l limits) grant {
	retry := now.Truncate(time.Minute).Add(time.Minute)
	n = min(n, l.perHour-a.hour.used(now, perHourSpan))
	if n <= 0 {
		return grant{retry: retry}
	}
	g := grant{starts: now, spacing: l.spacing()}
	if a.nextAt.After(now) {
		g.starts = a.nextAt
	}
	g.starts = l.afterMidnight(g.starts)
	if g.messages = a.takeDay(g.starts, n, l); g.messages <= 0 {
		return grant{retry: retry, warmUp: true}
	}
	a.nextAt = g.starts.Add(time.Duration(g.messages) * g.spacing)
	a.hour.add(now, perHourSpan, g.messages)
	return g
}

// takeDay is how many of n messages from a moment on have room on its day. Those that may go after its end count for the next day too.
func (a *allowance) takeDay(starts time.Time, n int, l limits) int {
	if l.day == nil {
		return n
	}
	today := l.day(starts)
	if today == nil {
		return n
	}
	switch {
	case today.Number > a.day.Number:
		a.day = settings.Day{Number: today.Number}
	case today.Number < a.day.Number && l.latest(starts, 1) >= a.day.Number: // the day is over for those who may be late
		return 0
	}
	n = min(n, today.Messages-a.day.Messages)
	if n <= 0 {
		return 0
	}
	a.day.Messages += n
	if last := l.latest(starts, n); last > a.day.Number {
		a.day = settings.Day{Number: last, Messages: n}
	}
	return n
}

// afterMidnight puts off what might go a little early, on the day before.
func (l limits) afterMidnight(starts time.Time) time.Time {
	if l.day == nil {
		return starts
	}
	if before, today := l.day(starts.Add(-early)), l.day(starts); today != nil && before.Number < today.Number {
		return starts.Add(early)
	}
	return starts
}

// latest is the day on which the last of n messages goes that is late.
func (l limits) latest(starts time.Time, n int) int {
	return l.day(starts.Add(time.Duration(n)*l.spacing() + grace)).Number
}

// burst grants up to n messages to a domain that may go at once, each within burstGrace, for nobody waits for a domain.
func (a *allowance) burst(now time.Time, n int, l limits) grant {
	g := grant{messages: n, starts: now}
	counted := a.counted(l)
	for _, c := range counted {
		used := c.used(now, c.span)
		g.messages = min(g.messages, c.limit-used)
		if used < c.limit {
			continue
		}
		if free := c.free(c.span, c.limit, used); free.After(g.retry) {
			g.retry, g.turn = free, c.share(c.limit)
		}
	}
	if g.messages <= 0 {
		return grant{retry: g.retry, turn: g.turn}
	}
	for _, c := range counted {
		c.add(now, c.span, g.messages)
	}
	return g
}

// counted is a window that a limit looks through.
type counted struct {
	*window
	span
	limit int
}

// counted are the windows of the limits that there are.
func (a *allowance) counted(l limits) []counted {
	out := make([]counted, 0, 2)
	if l.perSecond > 0 {
		out = append(out, counted{&a.second, perSecondSpan, l.perSecond})
	}
	if l.perHour > 0 {
		out = append(out, counted{&a.hour, perHourSpan, l.perHour})
	}
	return out
}
