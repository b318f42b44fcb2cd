// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"maps"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// StartRate is how many runs begin each second when many are due.
	StartRate = 5
	// StartBurst is how many of them may begin at once.
	StartBurst = 10
	// turnKept is how long a turn that was not taken stands: what was due then is due no more.
	turnKept = 10 * time.Minute
)

// Pace spreads the beginnings of runs that are due at the same moment: of networks with one schedule some begin at once, and the
// others one after the other, so that neither API server nor database meets all their workers together. Where few are due nobody
// waits. It is safe for concurrent use, and nil makes nobody wait.
type Pace struct {
	mu      sync.Mutex
	limiter *rate.Limiter
	turns   map[string]time.Time
}

// NewPace lets StartRate runs a second begin, and StartBurst at once.
func NewPace() *Pace {
	return &Pace{limiter: rate.NewLimiter(StartRate, StartBurst), turns: map[string]time.Time{}}
}

// Wait is how long a run of a subject, such as "backup hoshino/alumni", waits for its turn; 0 when it may begin now. A turn stands
// until it is taken.
func (p *Pace) Wait(subject string, now time.Time) time.Duration {
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.turns, func(_ string, turn time.Time) bool { return now.Sub(turn) > turnKept })
	turn, given := p.turns[subject]
	if !given {
		turn = now.Add(p.limiter.ReserveN(now, 1).DelayFrom(now))
	}
	wait := turn.Sub(now)
	if wait <= 0 {
		delete(p.turns, subject)
		return 0
	}
	p.turns[subject] = turn
	return wait
}
