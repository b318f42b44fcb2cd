// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"context"
	"time"
)

// Source gives letters to lanes and takes their outcomes. Several lanes may share one; each letter that was given
// is answered by exactly one Done, from the lane that took it.
type Source interface {
	// Next waits for a letter, at most so long (0: without end). It returns nil when there is none.
	Next(ctx context.Context, wait time.Duration) (*Letter, Supply)
	// TryNext is a letter that is there already, or nil.
	TryNext() *Letter
	// Fresh tells whether a letter may still go out: its consent was checked a short while ago.
	Fresh(*Letter) bool
	// Done takes the outcome of a letter. Trouble and Unknown carry their cause.
	Done(*Letter, Outcome)
}

// Supply says why Next returned.
type Supply uint8

const (
	// Given: a letter is there.
	Given Supply = iota
	// Idle: none came in time; ask again.
	Idle
	// Ended: there will be none.
	Ended
)

// Bounds of a lane.
const (
	// idleTimeout is how long a connection stays open with nothing to send.
	idleTimeout = 10 * time.Second
	// quickDot is how soon a server must answer the final dot to be given the next envelope in advance.
	quickDot = time.Second
)

// ErrStale is the cause of the Trouble of a letter that waited too long for its turn.
var ErrStale = staleError{}

type staleError struct{}

func (staleError) Error() string { return "the letter waited too long and must be checked again" }

// Lane is one connection to a mail server and the letters that pass through it one after another.
type Lane struct {
	config  Config
	source  Source
	session *session
	lastDot time.Duration
}

// NewLane makes a lane. It connects when the first letter is there.
func NewLane(c Config, s Source) *Lane { return &Lane{config: c, source: s} }

// Run carries letters until the source ends. When ctx ends, the connection is cut: what is on the wire becomes
// Unknown or Trouble at once.
func (l *Lane) Run(ctx context.Context) {
	defer func() {
		if l.alive() {
			l.session.quit()
		}
	}()
	for {
		letter := l.source.TryNext()
		if letter == nil {
			wait := time.Duration(0)
			if l.alive() {
				wait = idleTimeout
			}
			var supply Supply
			letter, supply = l.source.Next(ctx, wait)
			switch supply {
			case Ended:
				return
			case Idle:
				l.drop(true)
				continue
			}
		}
		if l.config.Captures() {
			l.keep(ctx, letter)
			continue
		}
		l.carry(ctx, letter)
	}
}

// carry delivers a letter and all that follow it without a pause.
func (l *Lane) carry(ctx context.Context, letter *Letter) {
	ready := false
	for letter != nil {
		if !ready {
			var o Outcome
			if o, ready = l.begin(ctx, letter); !ready {
				l.source.Done(letter, o)
				return
			}
		}
		if !l.source.Fresh(letter) {
			l.drop(false)
			l.source.Done(letter, Outcome{Kind: Trouble, Stage: StageData, Err: ErrStale})
			return
		}
		letter, ready = l.finish(ctx, letter)
	}
}

// finish sends one letter. It returns the next one, and whether its envelope was taken, if one was sent along.
func (l *Lane) finish(ctx context.Context, letter *Letter) (next *Letter, ready bool) {
	if l.session.pipelining && l.lastDot < quickDot {
		next = l.source.TryNext()
		if next != nil && next.To.UTF8 && !l.session.utf8 {
			l.source.Done(next, Outcome{Kind: Permanent, Stage: StageMail, Status: unsupportedAddress})
			next = nil
		}
	}
	s := l.session
	stop := context.AfterFunc(ctx, s.cut)
	started := time.Now()
	o, nextOutcome, ready := s.finish(letter, next)
	l.lastDot = time.Since(started)
	stop()
	l.source.Done(letter, o)
	if next == nil || ready {
		return next, ready
	}
	if nextOutcome.Kind == Trouble || nextOutcome.Code == codeClosing {
		l.drop(false)
		return next, false // once more, on a new connection
	}
	l.source.Done(next, nextOutcome)
	return nil, false
}

// begin sends the envelope of a letter, on a new connection if need be. A connection that was used before may have
// been closed meanwhile: then the letter has one more try on a new one.
func (l *Lane) begin(ctx context.Context, letter *Letter) (Outcome, bool) {
	for {
		used := l.alive()
		if !used {
			s, err := connect(ctx, l.config)
			if err != nil {
				return outcomeOf(err), false
			}
			l.session, l.lastDot = s, 0
			if !l.source.Fresh(letter) { // the server greets slowly: the next letter finds the connection there
				return Outcome{Kind: Trouble, Stage: StageData, Err: ErrStale}, false
			}
		}
		s := l.session
		stop := context.AfterFunc(ctx, s.cut)
		o, ready := s.begin(letter)
		stop()
		if ready || o.Kind != Trouble && o.Code != codeClosing {
			return o, ready
		}
		l.drop(false)
		if !used {
			return o, false
		}
	}
}

func outcomeOf(err error) Outcome {
	if f, ok := err.(*Failure); ok { //nolint:errorlint // connect returns no other
		return f.Outcome
	}
	return Outcome{Kind: Trouble, Stage: StageConnect, Err: err}
}

func (l *Lane) alive() bool { return l.session != nil && !l.session.closed }

// drop ends the connection, politely when nothing is under way.
func (l *Lane) drop(polite bool) {
	if !l.alive() {
		l.session = nil
		return
	}
	if polite {
		l.session.quit()
	} else {
		l.session.hangUp()
	}
	l.session = nil
}

// cut makes every read and write of the connection fail now. It is safe beside them.
func (s *session) cut() { _ = s.conn.Close() }
