// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The advisory locks of a network's database: one class, and a number for each use.
const (
	LockClass     = 0x616c756d // "alum"
	lockScheduled = 1
	lockRequests  = 2
	lockChain     = 3
	LockRestore   = 4 // held for the length of a restore, its replay included, by package restore
	lockHolds     = 5
)

const (
	holdPoll  = 250 * time.Millisecond
	holdPulse = 10 * time.Second
	// A holder whose machine is gone is forgotten by the server after this time, not after TCP's two hours.
	holdSettings = `SET idle_session_timeout = '60s'; SET tcp_keepalives_idle = '20'; SET tcp_keepalives_interval = '10'`
)

// ErrBusy tells that another run over this network did not end in time.
var ErrBusy = errors.New("another retention run over this network is under way")

// errHoldLost tells that the session that held the lock is gone, and with it the promise to be the only one.
var errHoldLost = errors.New("the lock on the network's retention was lost")

// hold is the lock under which a run works: one scheduled run and one for requests at a time in each network. It
// spares work; what keeps two runs from doing harm is the fence and the locks on rows.
type hold struct {
	ctx    context.Context // ends when the lock is lost
	cancel context.CancelCauseFunc
	conn   *pgx.Conn
	done   sync.WaitGroup
}

// acquire takes the lock, waiting for its holder up to a limit. The session is taken out of the pool for good.
func acquire(ctx context.Context, pool *pgxpool.Pool, kind string, limit time.Duration) (*hold, error) {
	pooled, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to the store: %w", err)
	}
	conn := pooled.Hijack()
	if err := lockSession(ctx, conn, kind, limit); err != nil {
		return nil, errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	}
	h := &hold{conn: conn}
	h.ctx, h.cancel = context.WithCancelCause(ctx)
	h.done.Add(1)
	go h.pulse()
	return h, nil
}

func lockSession(ctx context.Context, conn *pgx.Conn, kind string, limit time.Duration) error {
	if _, err := conn.Exec(ctx, holdSettings); err != nil {
		return fmt.Errorf("prepare the run's lock: %w", err)
	}
	number := lockScheduled
	if kind == KindRequests {
		number = lockRequests
	}
	deadline := time.Now().Add(limit)
	for {
		var got bool
		if err := conn.QueryRow(ctx, sqlHold, LockClass, number).Scan(&got); err != nil {
			return fmt.Errorf("take the run's lock: %w", err)
		}
		if got {
			return nil
		}
		if time.Now().After(deadline) {
			return ErrBusy
		}
		if err := sleep(ctx, holdPoll); err != nil {
			return err
		}
	}
}

// pulse keeps the session alive, and stops the run when it is not.
func (h *hold) pulse() {
	defer h.done.Done()
	for sleep(h.ctx, holdPulse) == nil {
		ctx, cancel := context.WithTimeout(h.ctx, holdPulse)
		err := h.conn.Ping(ctx)
		cancel()
		if err != nil {
			h.cancel(fmt.Errorf("%w: %w", errHoldLost, err))
		}
	}
}

// release gives the lock back by ending its session.
func (h *hold) release() {
	h.cancel(nil)
	h.done.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), holdPulse)
	defer cancel()
	_ = h.conn.Close(ctx) // the server frees the lock with the session in any case
}

// sleep waits, unless the context ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
