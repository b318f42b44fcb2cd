// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"context"
	"net/http"
	"sync"
	"time"
)

const (
	// readyFor is how long an answer of the store is believed.
	readyFor = 2 * time.Second
	// readyWait is shorter than the second that a kubelet waits by default.
	readyWait = 900 * time.Millisecond
)

// health says that the process answers.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }

// ready says that visitors may be sent here: the store can be used, and the server is not about to stop.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.draining.Load():
		plain(w, http.StatusServiceUnavailable, "draining")
	case s.readiness.ask(r.Context()) != nil:
		plain(w, http.StatusServiceUnavailable, "the store cannot be used")
	default:
		plain(w, http.StatusOK, "ok")
	}
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}

// readiness asks the store at most once in readyFor, however many ask.
type readiness struct {
	check func(context.Context) error
	now   func() time.Time

	mu    sync.Mutex
	asked time.Time
	err   error
}

func (r *readiness) ask(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); r.asked.IsZero() || now.Sub(r.asked) >= readyFor || now.Before(r.asked) {
		// The answer is for everyone who asks: it must not fail because this one went away.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyWait)
		defer cancel()
		r.err, r.asked = r.check(ctx), now
	}
	return r.err
}
