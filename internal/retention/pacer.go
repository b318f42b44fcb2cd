// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import "time"

// pacer chooses the size of batches so that none holds its locks for long: halved when one was slow, and grown
// step by step when full ones are quick, up to the policy's number.
type pacer struct {
	now, most   int
	slow, quick time.Duration
}

// growth is the share by which batches grow.
const growth = 10

func newPacer(most int, l Limits) *pacer {
	return &pacer{now: most, most: most, slow: l.Slow, quick: l.Quick}
}

// size of the next batch.
func (p *pacer) size() int { return p.now }

// observe learns from a batch of n that took so long.
func (p *pacer) observe(n int, took time.Duration) {
	switch {
	case took > p.slow:
		p.halve()
	case took < p.quick && n >= p.now:
		p.now = min(p.most, p.now+max(1, p.now/growth))
	}
}

// halve makes the next batches smaller.
func (p *pacer) halve() { p.now = max(1, p.now/2) }
