// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portaltest

import (
	"bytes"
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/survey"
	"github.com/alumni-operator/alumni-operator/internal/testutil/smtptest"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
	"github.com/alumni-operator/alumni-operator/internal/tracking"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

// Patience bounds every wait of this package.
const Patience = 20 * time.Second

// World is a network and what surrounds its portal.
type World struct {
	t        testing.TB
	Store    *store.Store
	SMTP     *smtptest.Server
	Network  settings.Network
	Key      []byte
	LINEDir  string // what is mounted of the LINE account
	StaffDir string // what is mounted of the list of staff
	Tokens   *unsubscribe.Signer
	Tracker  *tracking.Signer
	Surveys  *survey.Signer
	Clock    *Clock
	Log      *Buffer
}

// New makes a network with a store and a mail server. Nobody is in it yet.
func New(t testing.TB) *World {
	t.Helper()
	w := &World{t: t, Store: store.New(t), SMTP: smtptest.Start(t, smtptest.Options{}), Key: make([]byte, unsubscribe.KeySize), LINEDir: t.TempDir(), StaffDir: t.TempDir(),
		Clock: &Clock{now: time.Now()}, Log: &Buffer{}}
	_, _ = rand.Read(w.Key)
	signer, err := unsubscribe.NewSigner(w.Key)
	if err != nil {
		t.Fatalf("make a signer: %v", err)
	}
	w.Tokens = signer
	if w.Tracker, err = tracking.NewSigner(w.Key); err != nil {
		t.Fatalf("make a signer: %v", err)
	}
	if w.Surveys, err = survey.NewSigner(w.Key); err != nil {
		t.Fatalf("make a signer: %v", err)
	}
	w.Network = settings.Network{
		UID: uuid.NewString(), Namespace: "hoshino", Name: "hoshino-foods", DisplayName: "ほしの食品アルムナイ",
		DefaultLocale: "ja", TimeZone: "Asia/Tokyo", PublicURL: "https://alumni.hoshino-foods.example",
		Purposes: []string{"Rehire", "Collaboration", "Brand"},
		Operator: settings.Operator{Name: "株式会社ほしの食品", Address: "〒604-0000 京都市中京区星野町1-2-3", Contact: "alumni@hoshino-foods.example"},
		Email: &settings.Email{Host: w.SMTP.Host, Port: w.SMTP.Port, TLS: "None", FromAddress: "alumni@hoshino-foods.example",
			FromName: "ほしの食品アルムナイ", MaxPerSecond: 1000, MaxConnections: 5},
	}
	return w
}

// Person is somebody in the roster.
type Person struct {
	ID      uuid.UUID
	Address string
}

// Person adds somebody in a state, with a job in the past. A member has given the network's consent.
func (w *World) Person(state community.State) Person {
	w.t.Helper()
	p := Person{ID: uuid.Must(uuid.NewV7()), Address: "p" + strings.ToLower(rand.Text())[:10] + "@mail.example"}
	w.Exec(`INSERT INTO alumni.member (id, state, employee_number, family_name, given_name, family_name_kana, given_name_kana, locale, region, skills, joined_at)
		VALUES ($1, $2, $3, '星野', '花子', 'ホシノ', 'ハナコ', 'ja', '京都府', '{品質管理,発酵}', CASE WHEN $2 IN ('Active', 'Paused') THEN now() - interval '90 days' END)`,
		p.ID, state, p.ID.String()[24:])
	w.Exec(`INSERT INTO alumni.contact (member_id, channel, address, source) VALUES ($1, 'Email', $2, 'Roster')`, p.ID, p.Address)
	w.Exec(`INSERT INTO alumni.employment (member_id, department, post, joined_on, left_on, departure_reason)
		VALUES ($1, '商品開発部', '主任', '2010-04-01', '2021-03-31', '転職')`, p.ID)
	if state.Joined() {
		w.Exec(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
			VALUES ($1, 'Network', 'Given', 'roster', 'Roster', 'import-1', now() - interval '90 days')`, p.ID)
	}
	return p
}

// Run adds a finished newsletter run and returns its id.
func (w *World) Run(name string) int64 {
	w.t.Helper()
	w.Exec(`INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, purpose, generation, state, scheduled_at, deadline)
		VALUES ($1, 'uid', 'news', 'Newsletter', 'Newsletter', 1, 'Finished', now(), now())`, name)
	var id int64
	w.scan(&id, `SELECT id FROM alumni.campaign_run WHERE run_name = $1`, name)
	return id
}

// Survey adds a run whose campaign asks members something, and returns the id of the run.
func (w *World) Survey(name string, asked survey.Definition, closes time.Time) int64 {
	w.t.Helper()
	w.Exec(`INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, purpose, generation, state, scheduled_at, deadline)
		VALUES ($1, $1, 'survey', 'Survey', 'Surveys', 1, 'Finished', now(), now())`, name)
	w.Exec(`INSERT INTO alumni.survey (campaign_uid, definition, closes_at) VALUES ($1, $2, $3)`, name, asked, closes)
	var id int64
	w.scan(&id, `SELECT id FROM alumni.campaign_run WHERE run_name = $1`, name)
	return id
}

// Notice adds a notice of a run to a member and returns its id.
func (w *World) Notice(run int64, to Person, locale community.Locale, title, body string) int64 {
	w.t.Helper()
	w.Exec(`INSERT INTO alumni.notice (run_id, recipient_id, locale, title, body) VALUES ($1, $2, $3, $4, $5)`, run, to.ID, locale, title, body)
	var id int64
	w.scan(&id, `SELECT id FROM alumni.notice WHERE run_id = $1 AND recipient_id = $2`, run, to.ID)
	return id
}

// Exec runs a statement as the superuser.
func (w *World) Exec(sql string, args ...any) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	if _, err := w.Store.Admin().Exec(ctx, sql, args...); err != nil {
		w.t.Fatalf("set up the store: %v", err)
	}
}

// Value reads one value as text as the superuser; NULL is empty.
func (w *World) Value(sql string, args ...any) string {
	w.t.Helper()
	var v *string
	w.scan(&v, `SELECT (`+sql+`)::text`, args...)
	if v == nil {
		return ""
	}
	return *v
}

func (w *World) scan(into any, sql string, args ...any) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	if err := w.Store.Admin().QueryRow(ctx, sql, args...).Scan(into); err != nil {
		w.t.Fatalf("look into the store: %v", err)
	}
}

// Eventually waits until a condition holds.
func (w *World) Eventually(what string, holds func() bool) {
	w.t.Helper()
	for end := time.Now().Add(Patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("waiting until %s: it did not happen in %s", what, Patience)
		}
	}
}

// Clock is a time that goes on and that a test can move forward.
type Clock struct {
	mu    sync.Mutex
	now   time.Time
	begun time.Time
}

// Now is the moved time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun.IsZero() {
		c.begun = time.Now()
	}
	return c.now.Add(time.Since(c.begun))
}

// Advance moves the time forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Buffer is a log that can be read while it is written.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write adds to the log.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is the log so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
