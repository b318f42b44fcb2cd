// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"sync"
	"time"
)

// Bounds of the breaker.
const (
	breakerFailures = 3
	breakerFirst    = time.Second
	breakerLast     = time.Minute
	breakerPoll     = 100 * time.Millisecond // how often those who wait look again
)

// breaker keeps the engine from a mail server that cannot be used. After some failures in a row it opens for a
// while; then one message tries, and the breaker closes, or opens for twice as long.
type breaker struct {
	now func() time.Time

	mu       sync.Mutex
	failures int
	delay    time.Duration
	until    time.Time
	probing  bool
}

// wait is how long to wait before the next message. At 0 the caller may go and must report success or failure;
// if it is the one that tries (probe) and has nothing to send, it must give its turn back.
func (b *breaker) wait() (d time.Duration, probe bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.delay == 0 {
		return 0, false
	}
	if left := b.until.Sub(b.now()); left > 0 {
		return left, false
	}
	if b.probing {
		return breakerPoll, false
	}
	b.probing = true
	return 0, true
}

// isOpen tells whether the server is in trouble, without taking a turn.
func (b *breaker) isOpen() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.delay > 0
}

// openFor is how long nobody may try; 0 when one may.
func (b *breaker) openFor() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.delay == 0 {
		return 0
	}
	return max(0, b.until.Sub(b.now()))
}

// success closes the breaker, and tells whether it was open.
func (b *breaker) success() (wasOpen bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	wasOpen = b.delay > 0
	b.failures, b.delay, b.probing = 0, 0, false
	return wasOpen
}

// giveBack returns the turn of one that tries.
func (b *breaker) giveBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}

// failure counts, and tells whether this one opened the breaker, and for how long. Stragglers that began before it
// opened do not lengthen it.
func (b *breaker) failure() (opened bool, delay time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	now := b.now()
	switch {
	case b.delay == 0 && b.failures < breakerFailures, b.delay > 0 && now.Before(b.until):
		return false, 0
	case b.delay == 0:
		b.delay = breakerFirst
	default:
		b.delay = min(b.delay*2, breakerLast)
	}
	b.probing = false
	b.until = now.Add(b.delay)
	return true, b.delay
}
