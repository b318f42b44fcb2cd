// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"encoding/binary"
	"math"
	"sync/atomic"

	"github.com/google/uuid"
)

// leases names the leases of one worker: every claim has one of its own, so that an outcome that is written twice cannot
// end a later claim of the same row, and all of them lie between two bounds, by which the worker knows its own.
type leases struct {
	worker uuid.UUID
	claims atomic.Uint32
}

func newLeases() *leases { return &leases{worker: uuid.New()} }

// next names the lease of the next claim.
func (l *leases) next() uuid.UUID { return l.numbered(l.claims.Add(1)) }

// bounds are the least and the greatest lease of this worker.
func (l *leases) bounds() (from, to uuid.UUID) { return l.numbered(0), l.numbered(math.MaxUint32) }

// numbered puts a number where PostgreSQL looks last when it compares.
func (l *leases) numbered(n uint32) uuid.UUID {
	id := l.worker
	binary.BigEndian.PutUint32(id[12:], n)
	return id
}
