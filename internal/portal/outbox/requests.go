// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

const (
	// waiting is how many requests are held while the store is slow; more are refused, whoever asks.
	waiting = 1000
	// lookups is how many are looked up at once.
	lookups = 4
	// lookupLimit bounds one look-up; lookupTries and lookupPause say how a failing one is repeated.
	lookupLimit = 15 * time.Second
	lookupTries = 4
	lookupPause = time.Second
)

// LinkQueue is where a request becomes a mail, if the address is known.
type LinkQueue interface {
	QueueLink(ctx context.Context, address string, locale community.Locale, from netip.Addr) error
}

// Requests holds requests for sign-in links between the answer to the visitor and the look-up. Nothing is written
// for an address that is not known. What it holds is lost when the process is killed: the visitor asks again.
type Requests struct {
	queue LinkQueue
	log   *slog.Logger
	wake  func()
	held  chan request
}

type request struct {
	address string
	locale  community.Locale
	from    netip.Addr
}

// NewRequests makes an empty one; wake is called when there may be a mail to send.
func NewRequests(queue LinkQueue, wake func(), log *slog.Logger) *Requests {
	return &Requests{queue: queue, wake: wake, log: log, held: make(chan request, waiting)}
}

// Offer takes a request of a client and returns at once; false means that too many are held.
func (r *Requests) Offer(address string, locale community.Locale, from netip.Addr) bool {
	select {
	case r.held <- request{address, locale, from}:
		return true
	default:
		return false
	}
}

// Run looks requests up until the context ends, and then those that are still held, for as long as drain lasts.
func (r *Requests) Run(ctx context.Context, drain time.Duration) {
	done := make(chan struct{}, lookups)
	for range lookups {
		go func() {
			defer func() { done <- struct{}{} }()
			r.work(ctx, drain)
		}()
	}
	for range lookups {
		<-done
	}
}

func (r *Requests) work(ctx context.Context, drain time.Duration) {
	for {
		select {
		case req := <-r.held:
			r.lookUp(context.WithoutCancel(ctx), req)
		case <-ctx.Done():
			r.drain(context.WithoutCancel(ctx), drain)
			return
		}
	}
}

// drain looks up what is held and does not wait for more.
func (r *Requests) drain(ctx context.Context, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for ctx.Err() == nil {
		select {
		case req := <-r.held:
			r.lookUp(ctx, req)
		default:
			return
		}
	}
}

// lookUp tries a few times: the database may be about to come back.
func (r *Requests) lookUp(ctx context.Context, req request) {
	for try := 1; ; try++ {
		err := func() error {
			ctx, cancel := context.WithTimeout(ctx, lookupLimit)
			defer cancel()
			return r.queue.QueueLink(ctx, req.address, req.locale, req.from)
		}()
		if err == nil {
			r.wake()
			return
		}
		if try == lookupTries || ctx.Err() != nil {
			r.log.ErrorContext(ctx, "Giving up a request for a sign-in link", "tries", try, "error", err.Error())
			return
		}
		select {
		case <-time.After(lookupPause * time.Duration(try)):
		case <-ctx.Done():
		}
	}
}
