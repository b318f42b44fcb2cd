// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// domains are those that the network writes to no faster than it declares, by their names in lower-case ASCII.
type domains map[string]*domain

// domain keeps the limits of one domain, together with every other worker of the store. Nobody waits for it: a message that finds
// no room is put off, and others go. The feed's goroutine uses it alone.
type domain struct {
	ask  func(ctx context.Context, n int) (g grant, skew time.Duration, err error)
	now  func() time.Time
	most int // messages asked for at once

	left  int           // messages that may go until then
	until time.Time     // by the store's clock, as all that follow
	chunk int           // messages to ask for next
	shut  time.Time     // there is no room before
	turn  time.Duration // between two messages that were put off
	last  time.Time     // until when messages were put off
	skew  time.Duration // how far the store's clock is ahead of this machine's
}

// farthest is how long a message is put off at most: when its turn comes is a guess, for other runs write to the domain too.
const farthest = time.Hour

// newDomains reads what the network declares. It is nil when that is nothing.
func newDomains(l *ledger, declared []settings.DomainLimit) domains {
	if len(declared) == 0 {
		return nil
	}
	ds := make(domains, len(declared))
	for _, each := range declared {
		shared := limits{perSecond: each.MaxPerSecond, perHour: each.MaxPerHour}
		sender := channelEmail + "/" + each.Domain
		ds[each.Domain] = &domain{now: time.Now, most: shared.chunk(), chunk: 1,
			ask: func(ctx context.Context, n int) (grant, time.Duration, error) {
				return l.allow(ctx, sender, func(a *allowance, now time.Time) grant { return a.burst(now, n, shared) })
			}}
	}
	return ds
}

// chunk is how many messages to ask for at once at most. What is not used in time is lost to others too, so it is a small part of
// either limit.
func (l limits) chunk() int {
	n := maxBatch
	if l.perSecond > 0 {
		n = min(n, l.perSecond/10)
	}
	if l.perHour > 0 {
		n = min(n, l.perHour/100)
	}
	return max(1, n)
}

// of is the domain of an address; nil when it has no limits.
func (ds domains) of(address string) *domain {
	if ds == nil {
		return nil
	}
	to, err := compose.ParseAddress(address)
	if err != nil {
		return nil // it is not sent anyway
	}
	return ds[strings.ToLower(to.Domain())]
}

// isShut tells for how long to put off a message, when there is known to be no room for it.
func (d *domain) isShut() (later time.Duration) {
	if d == nil {
		return 0
	}
	if now := d.now().Add(d.skew); now.Before(d.shut) {
		return d.putOff(now)
	}
	return 0
}

// admit lets a message go now, or tells for how long to put it off.
func (d *domain) admit(ctx context.Context) (later time.Duration, err error) {
	if d == nil {
		return 0, nil
	}
	if !d.holds() {
		g, skew, err := d.ask(ctx, d.chunk)
		if err != nil {
			return 0, err
		}
		d.skew, d.left, d.until = skew, g.messages, g.starts.Add(burstGrace)
		if g.messages == 0 {
			d.shut, d.turn = g.retry, g.turn
			return d.putOff(d.now().Add(skew)), nil
		}
	}
	d.left--
	return 0, nil
}

// holds tells whether there is leave that was not used. Less is asked for after some was lost, and more after none was.
func (d *domain) holds() bool {
	switch {
	case d.left == 0:
		d.chunk = min(d.most, d.chunk*2)
		return false
	case d.now().Add(d.skew).After(d.until):
		d.chunk = max(1, d.chunk/2)
		return false
	}
	return true
}

// putOff gives each message that finds no room a turn after the one before, at the pace of the limit: it is claimed again
// about when it can go, and not over and over.
func (d *domain) putOff(now time.Time) time.Duration {
	if d.last.Before(d.shut) {
		d.last = d.shut
	}
	later := d.last.Sub(now)
	d.last = d.last.Add(d.turn)
	return min(max(later, early), farthest)
}
