// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// lineUser is a name as LINE gives it.
func lineUser() string { return "U" + strings.ReplaceAll(uuid.NewString(), "-", "") }

// waiting is a member for whom a code waits.
func (w *world) waiting() (community.Viewer, string) {
	w.Helper()
	viewer, _ := w.signedIn(uuid.NewString() + "@hoshino.example")
	code, err := w.portal.NewLINECode(w.Context(), viewer)
	w.Expect(err).NotTo(HaveOccurred())
	return viewer, code
}

func (w *world) lineRows(member uuid.UUID) string {
	w.Helper()
	return w.value(`SELECT (SELECT count(*) FROM alumni.line_link WHERE recipient_id = $1) || ' ' ||
		(SELECT count(*) FROM alumni.contact WHERE member_id = $1 AND channel = 'LINE') || ' ' ||
		(SELECT count(*) FROM alumni.suppression WHERE member_id = $1 AND channel = 'LINE')`, member)
}

func TestWhoLeavesWhileLINETellsIsNotLinkedAfterAll(t *testing.T) {
	w := newWorld(t)
	for range 12 {
		viewer, code := w.waiting()
		user := lineUser()
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := w.portal.LinkLINE(t.Context(), user, code, w.clock.Now()); err != nil {
				t.Error(err)
			}
			if _, err := w.portal.FollowLINE(t.Context(), user, false, w.clock.Now().Add(1)); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			if _, err := w.portal.Withdraw(t.Context(), viewer, community.English); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		w.Expect(w.lineRows(viewer.Member)).To(Equal("0 0 0"))
	}
}

// Whoever erases locks the member first. So does whatever LINE tells, or the two would wait for each other.
func TestWhatLINETellsWaitsForAnErasure(t *testing.T) {
	for name, tell := range map[string]func(*world, string, string) (community.LINEOutcome, error){
		"a code": func(w *world, _, code string) (community.LINEOutcome, error) {
			return w.portal.LinkLINE(w.Context(), lineUser(), code, w.clock.Now())
		},
		"an unfollow": func(w *world, user, _ string) (community.LINEOutcome, error) {
			return w.portal.FollowLINE(w.Context(), user, false, w.clock.Now().Add(time.Minute))
		},
		"a follow": func(w *world, user, _ string) (community.LINEOutcome, error) {
			return w.portal.FollowLINE(w.Context(), user, true, w.clock.Now().Add(time.Minute))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			viewer, code := w.waiting()
			user := lineUser()
			if name != "a code" {
				w.Expect(w.portal.LinkLINE(t.Context(), user, code, w.clock.Now())).To(Equal(community.LINELinked))
				w.exec(`INSERT INTO alumni.suppression (member_id, channel, reason) VALUES ($1, 'LINE', 'Unfollowed')`, viewer.Member)
			}
			erasure, err := w.admin.Begin(t.Context())
			w.Expect(err).NotTo(HaveOccurred())
			defer func() { _ = erasure.Rollback(context.WithoutCancel(t.Context())) }() // after its commit it does nothing
			_, err = erasure.Exec(t.Context(), `SELECT FROM alumni.member WHERE id = $1 FOR UPDATE`, viewer.Member)
			w.Expect(err).NotTo(HaveOccurred())
			told := make(chan error, 1)
			go func() {
				_, err := tell(w, user, code)
				told <- err
			}()
			w.Eventually(func() string {
				return w.value(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
			}, "10s", "10ms").Should(Equal("1"))
			_, err = erasure.Exec(t.Context(), `DELETE FROM alumni.member WHERE id = $1`, viewer.Member)
			w.Expect(err).NotTo(HaveOccurred())
			w.Expect(erasure.Commit(t.Context())).To(Succeed())
			w.Expect(<-told).NotTo(HaveOccurred())
			w.Expect(w.lineRows(viewer.Member)).To(Equal("0 0 0"))
		})
	}
}

func TestACodeIsFromItsAlphabetAndReadAgain(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	viewer, _ := w.waiting()
	for range 50 {
		code, err := w.portal.NewLINECode(t.Context(), viewer)
		w.Expect(err).NotTo(HaveOccurred())
		read, ok := community.ParseLINECode(code)
		w.Expect([]any{read, ok}).To(Equal([]any{code, true}))
		w.Expect(seen).NotTo(HaveKey(code))
		seen[code] = true
	}
	w.Expect(w.value(`SELECT count(*) FROM alumni.line_link`)).To(Equal("1"), "one waits at a time")
}

func TestSomebodyWhoLeftGetsNoCode(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.waiting()
	_, err := w.portal.Withdraw(t.Context(), viewer, community.English)
	w.Expect(err).NotTo(HaveOccurred())
	_, err = w.portal.NewLINECode(t.Context(), viewer)
	w.Expect([]community.Code{code(err), code(w.portal.UnlinkLINE(t.Context(), viewer))}).
		To(Equal([]community.Code{community.CodeForbidden, community.CodeForbidden}))
}
