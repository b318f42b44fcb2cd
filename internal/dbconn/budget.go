// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dbconn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// LeastBudget is the smallest useful budget: what the heaviest piece of work opens at once.
const LeastBudget = 4

// turnWait bounds how long a piece of work waits for its turn. A worker that waits does nothing for other servers.
const turnWait = 20 * time.Second

// ErrBudget says that the turn did not come in time: every session that the budget allows on the server was in use.
var ErrBudget = errors.New("the operator's sessions on this database server are all in use")

// Budget bounds the sessions that this process has on one server at once, however many databases it looks after there. A
// server is a host and a port. Turns come in the order in which they were asked for, so that a network with much work
// cannot keep the others from theirs. A nil Budget has no bound.
type Budget struct {
	size int64
	wait time.Duration

	mu      sync.Mutex
	servers map[string]*turns
}

// turns is the queue at one server. It goes when nobody holds or wants a turn.
type turns struct {
	*semaphore.Weighted
	users int
}

// NewBudget bounds sessions to so many for each server, LeastBudget or more.
func NewBudget(sessions int) *Budget {
	return &Budget{size: int64(max(sessions, LeastBudget)), wait: turnWait, servers: map[string]*turns{}}
}

// Enter waits until the server that the login names has room for so many sessions, LeastBudget at most, and sets them
// aside until leave is called. Whoever has a turn must not ask for another one: all that the work may open at once is
// asked for at its beginning.
func (b *Budget) Enter(ctx context.Context, login Login, sessions int) (leave func(), err error) {
	if b == nil {
		return func() {}, nil
	}
	weight := int64(min(max(sessions, 1), LeastBudget))
	key := net.JoinHostPort(strings.ToLower(login.Host), strconv.Itoa(int(login.Port)))
	queue := b.join(key)
	limited, cancel := context.WithTimeout(ctx, b.wait)
	defer cancel()
	if err := queue.Acquire(limited, weight); err != nil {
		b.part(key, queue)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("wait for a turn at the database server: %w", ctx.Err())
		}
		return nil, ErrBudget
	}
	return sync.OnceFunc(func() {
		queue.Release(weight)
		b.part(key, queue)
	}), nil
}

func (b *Budget) join(key string) *turns {
	b.mu.Lock()
	defer b.mu.Unlock()
	queue := b.servers[key]
	if queue == nil {
		queue = &turns{Weighted: semaphore.NewWeighted(b.size)}
		b.servers[key] = queue
	}
	queue.users++
	return queue
}

func (b *Budget) part(key string, queue *turns) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if queue.users--; queue.users == 0 {
		delete(b.servers, key)
	}
}
