// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// Why a run rests; see alumni.campaign_run.failure.
const (
	pauseFailures   = "TooManyFailures"
	pauseBounces    = "TooManyBounces"
	pauseComplaints = "TooManyComplaints"
)

// The guard looks at the last guardWindow messages that were settled, once there are guardLeast of them: fewer say nothing.
const (
	guardWindow = 500
	guardLeast  = 100
)

// never are limits that nothing exceeds.
var never = settings.PauseOn{FailedPercent: 100, BouncedPercent: 100, ComplaintsPerMille: 1001}

// outcome is what became of a message, as the guard sees it.
type outcome uint8

const (
	went outcome = iota
	failed
	bouncedOff
)

// guard stops a run of which too much goes wrong, before the senders' good name goes with it (campaign.md M15). One goroutine
// uses it.
type guard struct {
	limits settings.PauseOn
	last   [guardWindow]outcome
	seen   int
	counts [bouncedOff + 1]int
}

// note takes one outcome into account. It answers with the reason to rest when that outcome was one too many.
func (g *guard) note(s settlement) (reason string) {
	o, settled := outcomeOf(s)
	if !settled {
		return ""
	}
	place := g.seen % guardWindow
	if g.seen >= guardWindow {
		g.counts[g.last[place]]--
	}
	g.last[place] = o
	g.counts[o]++
	g.seen++
	n := min(g.seen, guardWindow)
	switch {
	case n < guardLeast:
		return ""
	case g.counts[bouncedOff]*100 > g.limits.BouncedPercent*n:
		return pauseBounces
	case (g.counts[failed]+g.counts[bouncedOff])*100 > g.limits.FailedPercent*n:
		return pauseFailures
	}
	return ""
}

// heard tells why a run must rest because of what came back after its mails were taken, beyond what was borne when somebody let it
// go on. Of complaints it takes two, for one says little in a small community.
func heard(l settings.PauseOn, now, borne echo) (reason string) {
	complaints, bounced := now.complaints-borne.complaints, now.bounced-borne.bounced
	switch {
	case complaints >= 2 && complaints*1000 >= int64(l.ComplaintsPerMille)*max(now.sent, 1):
		return pauseComplaints
	case now.sent-borne.sent >= guardLeast && bounced*100 > int64(l.BouncedPercent)*(now.sent-borne.sent):
		return pauseBounces
	}
	return ""
}

// outcomeOf leaves out messages of which the last word is not spoken.
func outcomeOf(s settlement) (o outcome, settled bool) {
	switch {
	case s.state == stateSent:
		return went, true
	case s.state == stateFailed && s.reason == reasonHardBounce:
		return bouncedOff, true
	case s.state == stateFailed:
		return failed, true
	}
	return went, false
}
