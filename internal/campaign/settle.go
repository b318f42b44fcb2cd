// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"errors"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/bounce"
	"github.com/alumni-operator/alumni-operator/internal/mail"
)

// The states of a row; see the schema.
const (
	statePlanned  = "Planned"
	stateSent     = "Sent"
	stateDeferred = "Deferred"
	stateFailed   = "Failed"
	stateSkipped  = "Skipped"
	stateExpired  = "Expired"
	stateUnknown  = "Unknown"
)

// The reasons of Failed and Unknown that this package gives.
const (
	reasonHardBounce = "HardBounce" // the recipient's server knows no such mailbox
	reasonRefused    = "Refused"    // refused for another reason: policy, size, content
	reasonRender     = "Render"     // the mail could not be made for this member
	reasonAddress    = "Address"    // the address cannot be one, or needs what the server does not offer
	reasonNoAnswer   = "NoAnswer"   // the server never answered the final dot
)

// settlement is what is written into the ledger for one message.
type settlement struct {
	state    string
	reason   string
	attempts int // 1 when the try counts
	resent   int // 1 when the message may arrive twice
	code     int
	delay    time.Duration // until it may be claimed again; 0: at once
	doubt    time.Time     // since when it may have been sent, as far as nobody knows; zero for what is known
	note     bounce.Kind   // what it says of the address, for internal/bounce/register
	status   bounce.Status // with note
	provider bool          // the mail server itself is in trouble
}

// steps are the delays of retries, in units of Tuning.BackoffBase: 1 m, 5 m, 15 m, 1 h, 4 h, and 12 h from then on.
var steps = [...]int{1, 5, 15, 60, 240, 720}

// jitter is the share by which a delay may be longer or shorter.
const jitter = 0.2

// policy decides what an outcome means. It is pure; random is in [0,1).
type policy struct {
	base      time.Duration
	onUnknown string
	random    func() float64
	// left is the time until the run's deadline.
	left func() time.Duration
}

// settle turns the outcome of a try into what the ledger says. Attempts are those before this try.
func (p policy) settle(o mail.Outcome, attempts int) settlement {
	s := settlement{code: o.Code}
	switch o.Kind {
	case mail.Accepted:
		s.state, s.attempts = stateSent, 1
		return s
	case mail.Temporary:
		return p.deferred(s, o, attempts)
	case mail.Permanent:
		return p.refused(s, o)
	case mail.Unknown:
		if p.onUnknown == OnUnknownHold {
			s.state, s.reason, s.attempts = stateUnknown, reasonNoAnswer, 1
			return s
		}
		s.resent = 1
		return p.deferred(s, o, attempts)
	}
	switch {
	case errors.Is(o.Err, mail.ErrStale):
		s.state = statePlanned
		return s
	case o.Stage <= mail.StageMail: // nothing was said about this message
		s.state, s.provider = statePlanned, true
		return s
	}
	return p.deferred(s, o, attempts)
}

// refused reads a permanent refusal. Only what speaks of the mailbox itself suppresses the address.
func (p policy) refused(s settlement, o mail.Outcome) settlement {
	switch {
	case o.Stage == mail.StageMail && o.Code == 0:
		s.state, s.reason, s.attempts = stateFailed, reasonAddress, 1
	case o.Stage == mail.StageMail: // the sender is refused: every message would be
		s.state, s.provider = statePlanned, true
	default:
		s.state, s.reason, s.attempts = stateFailed, reasonRefused, 1
		s.noted(o)
		if s.note == bounce.HardBounce {
			s.reason = reasonHardBounce
		}
	}
	return s
}

// noted keeps what a message that is given up says of its address. Only the answer to the recipient does.
func (s *settlement) noted(o mail.Outcome) {
	if o.Stage != mail.StageRcpt || o.Code == 0 {
		return
	}
	status := bounce.Status(o.Status)
	switch kind := bounce.Classify(status, o.Code); kind {
	case bounce.HardBounce, bounce.SoftBounce:
		s.note, s.status = kind, status
	}
}

// deferred plans the next try, or gives up when it would come after the deadline.
func (p policy) deferred(s settlement, o mail.Outcome, attempts int) settlement {
	s.attempts = 1
	step := steps[min(attempts, len(steps)-1)]
	s.delay = time.Duration(float64(p.base) * float64(step) * (1 - jitter + 2*jitter*p.random()))
	s.state = stateDeferred
	if s.delay > p.left() {
		s.state, s.delay = stateExpired, 0
		s.noted(o)
	}
	return s
}
