// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/mail"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
	"github.com/alumni-operator/alumni-operator/internal/testutil/smtptest"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }

var due = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// testConnections is how many connections the rig's jobs use; maxUnflushed is what a kill may double then.
const (
	testConnections = 8
	maxUnflushed    = flushSize + waitingAcks + testConnections
)

// rig is a store with members, a mail server, and a job over both.
type rig struct {
	*testing.T
	store *store.Store
	smtp  *smtptest.Server
	log   *safeBuffer
	job   Job

	destinations string   // folder of the destinations that a worker of its own is told
	env          []string // more of its environment
	flags        []string // and of its flags
}

// postTimeout bounds a post of the rig's jobs.
const postTimeout = 2 * time.Second

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newRig(t *testing.T, members int) *rig {
	t.Helper()
	r := &rig{T: t, store: store.New(t), smtp: smtptest.Start(t, smtptest.Options{}), log: &safeBuffer{}}
	r.job = Job{
		RunName: "news-29410560", ScheduledAt: due, TokenKey: bytes.Repeat([]byte{1}, 32), Log: slog.New(slog.NewJSONHandler(r.log, nil)),
		Network: settings.Network{
			UID: "n1", Namespace: "hoshino", Name: "alumni", DisplayName: "ほしの食品アルムナイ", DefaultLocale: "ja", TimeZone: "Asia/Tokyo",
			PublicURL: "https://alumni.hoshino.example", Operator: settings.Operator{Name: "Hoshino", Address: "Tokyo", Contact: "a@hoshino.example"},
			Email: &settings.Email{Host: r.smtp.Host, Port: r.smtp.Port, TLS: "None", FromAddress: "alumni@hoshino.example", FromName: "Hoshino Alumni",
				MaxPerSecond: 100000, MaxPerHour: 10000000, MaxConnections: testConnections},
			// Tests run at any hour, and write to the same people again and again.
			QuietHours:   &settings.QuietHours{From: "00:00", Until: "00:00"},
			FrequencyCap: &settings.FrequencyCap{PerDay: 100, PerSevenDays: 100},
		},
		Campaign: settings.Campaign{
			UID: "c1", Name: "news", Generation: 1, Type: "Newsletter", MaxRecipients: 1000000, RetryDeadlineSeconds: 3600, OnUnknown: OnUnknownResend,
			Locales: []settings.LocalisedContent{{Locale: "en", Subject: "Hello {{ .Member.GivenName }}", Body: "Dear {{ .Member.DisplayName }},\n\nnews."}},
		},
		Mail:   mail.Config{Host: r.smtp.Host, Port: r.smtp.Port, TLS: "None", CommandTimeout: 5 * time.Second, DotTimeout: 5 * time.Second},
		Tuning: Tuning{Lease: 3 * time.Second, BackoffBase: 20 * time.Millisecond, PostTimeout: postTimeout, Poll: 100 * time.Millisecond},
	}
	r.exec("SELECT 1")
	r.seed(members)
	return r
}

// seed makes active members u0000001@mail.example … with consent to newsletters.
func (r *rig) seed(n int) {
	r.Helper()
	r.exec(`INSERT INTO alumni.member (id, state, family_name, given_name, locale, joined_at)
		SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'Active', 'Canary-Family-' || i, 'Given' || i, 'en', now() FROM generate_series(1, $1::int) i`, n)
	r.exec(`INSERT INTO alumni.contact (member_id, channel, address, source)
		SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'Email', 'u' || lpad(i::text, 7, '0') || '@mail.example', 'Roster' FROM generate_series(1, $1::int) i`, n)
	r.exec(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
		SELECT id, 'Newsletter', 'Given', '1', 'Portal', 'test', now() FROM alumni.member`)
}

func (r *rig) exec(sql string, args ...any) {
	r.Helper()
	if _, err := r.store.Admin().Exec(context.Background(), sql, args...); err != nil {
		r.Fatalf("%s: %v", sql, err)
	}
}

func (r *rig) pool() *pgxpool.Pool { return r.store.Pool(naming.RoleCampaign) }

func (r *rig) run() error { return Run(r.Context(), r.pool(), r.job) }

// ledger is the store as a run of the rig's job sees it on its first channel, with a clock.
func (r *rig) ledger(now func() time.Time) *ledger {
	r.Helper()
	l, err := newLedger(r.pool(), r.job, now)
	if err != nil {
		r.Fatal(err)
	}
	return l.on(l.channels[0])
}

// mustRun does the run and expects it to be done.
func (r *rig) mustRun() {
	r.Helper()
	NewWithT(r.T).Expect(r.run()).To(Succeed())
}

// counts are the rows of all runs by state and reason.
func (r *rig) counts() map[string]int {
	r.Helper()
	rows, err := r.store.Admin().Query(context.Background(), "SELECT trim(trailing '/' from state || '/' || reason), count(*) FROM alumni.delivery GROUP BY 1")
	if err != nil {
		r.Fatal(err)
	}
	out := map[string]int{}
	var key string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&key, &n}, func() error { out[key] = n; return nil }); err != nil {
		r.Fatal(err)
	}
	return out
}

// leased is how many chunks workers hold.
func (r *rig) leased() int {
	r.Helper()
	return scalar[int](r, "SELECT count(*) FROM alumni.delivery_chunk WHERE lease_owner IS NOT NULL")
}

// scalar reads one value.
func scalar[T any](r *rig, sql string, args ...any) T {
	r.Helper()
	var v T
	if err := r.store.Admin().QueryRow(context.Background(), sql, args...).Scan(&v); err != nil {
		r.Fatalf("%s: %v", sql, err)
	}
	return v
}

func address(i int) string { return fmt.Sprintf("u%07d@mail.example", i) }

func member(i int) string { return fmt.Sprintf("00000000-0000-7000-8000-%012x", i) }

// expectEach makes sure that each of n recipients got so many mails.
func (r *rig) expectEach(n, times int) {
	r.Helper()
	counts := r.smtp.Counts()
	for i := 1; i <= n; i++ {
		if counts[address(i)] != times {
			r.Errorf("recipient %d got %d mails, want %d", i, counts[address(i)], times)
		}
	}
	if len(counts) != n && times > 0 {
		r.Errorf("%d recipients, want %d", len(counts), n)
	}
}
