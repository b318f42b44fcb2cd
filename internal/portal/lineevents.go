// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/channel/line"
	"github.com/alumni-operator/alumni-operator/internal/community"
)

const (
	// guessesPerHour is how many wrong codes one LINE user may send to this process in any hour.
	guessesPerHour = 5
	// maxGuessers bounds the memory of guesses.
	maxGuessers = 10_000
	// lineLimited is what became of a code whose sender guesses.
	lineLimited community.LINEOutcome = "Limited"
)

// lineEvents takes what LINE tells of its users: without cookie or sign-in, by its signature alone, and as often as it comes. An answer
// other than 200 lets LINE tell it again, if the account is set so.
func (s *Server) lineEvents(w http.ResponseWriter, r *http.Request) {
	secret, ok := s.lineSecret()
	if !ok {
		plain(w, http.StatusServiceUnavailable, "the channel secret is not there")
		return
	}
	body, err := io.ReadAll(r.Body)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		plain(w, http.StatusRequestEntityTooLarge, "the body is too large")
		return
	}
	if err != nil || !line.Genuine(secret, body, r.Header.Get(line.SignatureHeader)) {
		plain(w, http.StatusForbidden, "the signature is not LINE's")
		return
	}
	events, err := line.ParseEvents(body)
	if err != nil {
		plain(w, http.StatusBadRequest, err.Error())
		return
	}
	for _, e := range events {
		if err := s.hear(r.Context(), e); err != nil {
			s.Log.ErrorContext(r.Context(), "Failing to take an event of LINE", "requestID", reference(r), "error", err.Error())
			plain(w, http.StatusServiceUnavailable, "try again later")
			return
		}
	}
	plain(w, http.StatusOK, "ok")
}

// hear does what one event asks for. A text that is no code is somebody's who chats: it is nobody's business here.
func (s *Server) hear(ctx context.Context, e line.Event) error {
	at := e.At
	if now := s.Now(); at.After(now) {
		at = now // by a clock that is ahead, a later event would seem to be an earlier one
	}
	var outcome community.LINEOutcome
	var err error
	if e.Kind == line.EventMessage {
		code, ok := community.ParseLINECode(e.Text)
		if !ok {
			return nil
		}
		outcome, err = s.link(ctx, e.User, code, at)
	} else {
		outcome, err = s.Services.FollowLINE(ctx, e.User, e.Kind == line.EventFollow, at)
	}
	if err != nil {
		return err
	}
	s.counters.lineEvents.WithLabelValues(string(e.Kind), string(outcome)).Inc()
	return nil
}

// link tries a code, unless its sender guesses.
func (s *Server) link(ctx context.Context, user, code string, at time.Time) (community.LINEOutcome, error) {
	if !s.guesses.begin(user) {
		return lineLimited, nil
	}
	outcome, err := s.Services.LinkLINE(ctx, user, code, at)
	if err != nil || outcome == community.LINELinked {
		s.guesses.forgive(user)
	}
	return outcome, err
}

// guesses remembers who sent codes that were none. It belongs to one process: with n replicas a user has at most n times as many. It is
// kept out of the store, for most of these users are nobody of whom the network should hold anything.
type guesses struct {
	now func() time.Time

	mu sync.Mutex
	of map[string][]time.Time
}

// begin notes a try before its outcome is known, and answers false when there were too many in the hour before.
func (g *guesses) begin(user string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	recent := g.since(user, now.Add(-time.Hour))
	if len(recent) >= guessesPerHour {
		return false
	}
	if len(g.of) >= maxGuessers && recent == nil {
		g.forget(now)
	}
	g.of[user] = append(recent, now)
	return true
}

// forgive takes a user's last try back: it was right, or could not be judged.
func (g *guesses) forgive(user string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if tries := g.of[user]; len(tries) > 1 {
		g.of[user] = tries[:len(tries)-1]
	} else {
		delete(g.of, user)
	}
}

// since are the tries of a user after an instant, nil without any.
func (g *guesses) since(user string, begin time.Time) []time.Time {
	tries := g.of[user]
	for len(tries) > 0 && !tries[0].After(begin) {
		tries = tries[1:]
	}
	return tries[:len(tries):len(tries)]
}

// forget drops who has not guessed for an hour, and if that is nobody, everyone.
func (g *guesses) forget(now time.Time) {
	for user := range g.of {
		if len(g.since(user, now.Add(-time.Hour))) == 0 {
			delete(g.of, user)
		}
	}
	if len(g.of) >= maxGuessers {
		clear(g.of)
	}
}
