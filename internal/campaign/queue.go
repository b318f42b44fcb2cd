// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/mail"
)

// queue stands between the claims and the connections: it is the mail.Source of all lanes.
type queue struct {
	items    chan *item
	acks     chan<- ack
	policy   policy
	maker    maker
	claimAge time.Duration    // how long after its claim an item may go out
	still    func(*item) bool // asks the store again about an item that is older, and makes it as good as new
	breaker  *breaker
	log      *slog.Logger
	draining <-chan struct{} // closed when the worker is told to stop
	inFlight *atomic.Int64   // rows this worker has claimed whose outcome is not in the ledger yet
	buffers  sync.Pool
}

var _ mail.Source = (*queue)(nil)

// maker makes what a lane sends of an item. reason says why it cannot be sent, and err what a log may know of that.
type maker interface {
	make(i *item, buffer func() *[]byte) (reason string, err error)
}

// Next waits for an item. While the breaker is open it waits too, and gives back what is claimed.
func (q *queue) Next(ctx context.Context, wait time.Duration) (*mail.Letter, mail.Supply) {
	var idle <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		idle = timer.C
	}
	for {
		items, pause := q.items, (<-chan time.Time)(nil)
		turn, probe := q.turn()
		if turn > 0 {
			items, pause = nil, time.After(turn)
		}
		l, supply, again := q.next(ctx, items, pause, idle)
		if probe && supply != mail.Given {
			q.breaker.giveBack()
		}
		if !again {
			return l, supply
		}
	}
}

// next waits for one of an item, the end of a pause, the end of patience, and the end of everything. It asks to be
// called again when it has nothing to tell.
func (q *queue) next(ctx context.Context, items <-chan *item, pause, idle <-chan time.Time) (l *mail.Letter, s mail.Supply, again bool) {
	var draining <-chan struct{}
	if pause != nil {
		draining = q.draining
	}
	select {
	case <-draining:
		return nil, mail.Idle, true
	case i, more := <-items:
		if !more {
			return nil, mail.Ended, false
		}
		if l := q.prepare(i); l != nil {
			return l, mail.Given, false
		}
		return nil, mail.Idle, true
	case <-pause:
		return nil, mail.Idle, true
	case <-idle:
		return nil, mail.Idle, false
	case <-ctx.Done():
		return nil, mail.Ended, false
	}
}

// turn is the breaker's wait, but nobody waits for a server while the worker drains: items are given back then.
func (q *queue) turn() (d time.Duration, probe bool) {
	if q.isDraining() {
		return 0, false
	}
	return q.breaker.wait()
}

// TryNext takes an item that is there. Nothing is taken in advance while the mail server is in trouble.
func (q *queue) TryNext() *mail.Letter {
	if q.breaker.isOpen() {
		return nil
	}
	for {
		select {
		case i, more := <-q.items:
			if !more {
				return nil
			}
			if l := q.prepare(i); l != nil {
				return l
			}
		default:
			return nil
		}
	}
}

// prepare makes the mail of an item. Items that cannot go out are settled here, and nil is returned.
func (q *queue) prepare(i *item) *mail.Letter {
	if q.isDraining() || time.Since(i.claimedAt) > q.claimAge && !q.still(i) { // a slow sender's turn may come later than that
		q.settle(i, settlement{state: statePlanned})
		return nil
	}
	i.letter.Tag, i.letter.Member = i, i.member
	reason, err := q.make(i)
	if err != nil {
		q.log.Warn("Failing to render a message", "member", i.member.String(), "error", err.Error())
	}
	if reason != "" {
		q.settle(i, settlement{state: stateFailed, reason: reason, attempts: 1})
		return nil
	}
	return &i.letter
}

// make survives whatever a member's data does to the text.
func (q *queue) make(i *item) (reason string, err error) {
	defer func() {
		if r := recover(); r != nil {
			reason, err = reasonRender, errRenderPanic
		}
	}()
	return q.maker.make(i, q.buffer)
}

// Fresh allows a message whose consent was checked a short while ago. With a server that takes longer than that over a
// greeting or an envelope, it is checked again: such a server would never get a message otherwise.
func (q *queue) Fresh(l *mail.Letter) bool {
	i := itemOf(l)
	return time.Since(i.claimedAt) <= q.claimAge || !q.isDraining() && q.still(i)
}

// Done settles an item and tells the breaker.
func (q *queue) Done(l *mail.Letter, o mail.Outcome) {
	i := itemOf(l)
	s := q.policy.settle(o, i.attempts)
	said, why := saidNothing, error(nil)
	switch {
	case s.provider:
		said, why = saidNo, &mail.Failure{Outcome: o}
	case o.Kind == mail.Accepted || o.Code != 0:
		said = saidSomething
	case o.Kind != mail.Permanent && !errors.Is(o.Err, mail.ErrStale):
		said = brokeOff
	}
	q.learn(said, why)
	q.settle(i, s)
}

// answer is what a try says of the server or provider, whatever it says of the message.
type answer uint8

const (
	saidNothing   answer = iota // it was not asked
	saidSomething               // it is there
	saidNo                      // it takes no message
	brokeOff                    // nobody knows
)

// learn tells the breaker. Why is told in the log when the breaker opens.
func (q *queue) learn(a answer, why error) {
	switch {
	case a == saidNo && !q.isDraining():
		q.trouble(why)
	case a == saidSomething:
		q.answered()
	case a == brokeOff && q.breaker.isOpen():
		q.breaker.failure() // the connection of the one that tried broke
	default:
		q.breaker.giveBack() // this one tried and learned nothing of the server
	}
}

// trouble tells the breaker that the server or provider is in trouble.
func (q *queue) trouble(why error) {
	if opened, delay := q.breaker.failure(); opened {
		q.log.Warn("Pausing because the server is in trouble", "pause", delay.String(), "error", why.Error())
	}
}

// answered tells the breaker that the server or provider answers.
func (q *queue) answered() {
	if q.breaker.success() {
		q.log.Info("Sending again because the server answers")
	}
}

// settle hands an outcome to the flusher, and waits when it is behind: that bounds what a crash leaves in doubt.
func (q *queue) settle(i *item, s settlement) {
	if i.buffer != nil {
		q.buffers.Put(i.buffer)
		i.buffer, i.letter.Body = nil, nil
	}
	if s.state == statePlanned || s.state == stateDeferred {
		s.doubt = earliest(s.doubt, i.doubt)
	}
	q.acks <- ack{member: i.member, chunk: i.chunk, messageID: i.messageID, notice: i.notice, settlement: s}
}

func (q *queue) buffer() *[]byte {
	if b, ok := q.buffers.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, 0, 8<<10)
	return &b
}

func (q *queue) isDraining() bool {
	select {
	case <-q.draining:
		return true
	default:
		return false
	}
}

// earliest is the earlier of two times that may be zero.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// itemOf is the item that prepare put into a letter.
func itemOf(l *mail.Letter) *item {
	i, _ := l.Tag.(*item)
	return i
}
