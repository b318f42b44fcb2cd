// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

const wording = "test-1/en"

// key is the network's.
var key = bytes.Repeat([]byte{7}, 32)

// clock is a time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a store with the portal's services over it, as the portal's role.
type world struct {
	*testing.T
	*WithT
	store  *store.Store
	portal *pgstore.Portal
	clock  *clock
	admin  *pgxpool.Pool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s := store.New(t)
	c := &clock{now: time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)}
	return &world{T: t, WithT: NewWithT(t), store: s, portal: pgstore.NewPortal(s.Pool(naming.RolePortal), key, c.Now), clock: c, admin: s.Admin()}
}

// person adds somebody from the roster.
func (w *world) person(state community.State, address string) uuid.UUID {
	w.Helper()
	id := uuid.Must(uuid.NewV7())
	w.exec(`INSERT INTO alumni.member (id, state, employee_number, family_name, given_name, family_name_kana, locale, joined_at)
		VALUES ($1, $2, $3, '星野', '花', 'ホシノ', 'ja', CASE WHEN $2 IN ('Active', 'Paused') THEN $4::timestamptz END)`,
		id, state, id.String()[24:], w.clock.Now())
	w.exec(`INSERT INTO alumni.contact (member_id, channel, address, source) VALUES ($1, 'Email', $2, 'Roster')`, id, address)
	w.exec(`INSERT INTO alumni.employment (member_id, department, post, joined_on, left_on, departure_reason)
		VALUES ($1, '商品開発部', '主任', '2010-04-01', '2021-03-31', 'secret')`, id)
	return id
}

// run adds a campaign run.
func (w *world) run(name string) int64 {
	w.Helper()
	var id int64
	w.Expect(w.admin.QueryRow(w.Context(), `INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, purpose, generation, state, scheduled_at, deadline)
		VALUES ($1, 'uid', 'news', 'Newsletter', 'Newsletter', 1, 'Finished', now(), now()) RETURNING id`, name).Scan(&id)).To(Succeed())
	return id
}

func (w *world) exec(sql string, args ...any) {
	w.Helper()
	_, err := w.admin.Exec(w.Context(), sql, args...)
	w.Expect(err).NotTo(HaveOccurred())
}

// value reads one text as the superuser.
func (w *world) value(sql string, args ...any) string {
	w.Helper()
	var v *string
	w.Expect(w.admin.QueryRow(w.Context(), `SELECT (`+sql+`)::text`, args...).Scan(&v)).To(Succeed())
	if v == nil {
		return ""
	}
	return *v
}

// link makes a link as the mail of a sign-in would.
func (w *world) link(member uuid.UUID) string {
	w.Helper()
	address := w.value(`SELECT address FROM alumni.contact WHERE member_id = $1`, member)
	token, err := w.portal.NewLink(w.Context(), member, address)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(token).NotTo(BeEmpty())
	return token
}

// signedIn is a member with an open session.
func (w *world) signedIn(address string) (community.Viewer, string) {
	w.Helper()
	session, err := w.portal.SignIn(w.Context(), w.link(w.person(community.StateActive, address)))
	w.Expect(err).NotTo(HaveOccurred())
	return w.viewer(session), session
}

func (w *world) viewer(session string) community.Viewer {
	w.Helper()
	viewer, err := w.portal.Authenticate(w.Context(), session)
	w.Expect(err).NotTo(HaveOccurred())
	return viewer
}

func code(err error) community.Code {
	if err == nil {
		return ""
	}
	return community.CodeOf(err)
}

func choice(purposes ...community.Purpose) community.Choice {
	c := community.Choice{Give: map[community.Purpose]bool{}, TextVersion: wording}
	for _, p := range purposes {
		c.Give[p] = true
	}
	return c
}

func portalOf(s *store.Store, c *clock) *pgstore.Portal {
	return pgstore.NewPortal(s.Pool(naming.RolePortal), key, c.Now)
}
