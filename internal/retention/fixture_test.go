// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

func TestMain(m *testing.M) {
	code := pg.Run(m)
	if workerDir != "" {
		_ = os.RemoveAll(workerDir)
	}
	os.Exit(code)
}

// world is a store with people in it, and everything a run needs.
type world struct {
	t     testing.TB
	store *store.Store
	admin *pgxpool.Pool
	pool  *pgxpool.Pool // as the retention role
	keys  *tombstone.Keyer
	key   ed25519.PrivateKey
	log   *logBuffer
	n     int
}

// logBuffer collects what a run logs.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var testPepper = bytes.Repeat([]byte{7}, 32)

func newWorld(t testing.TB) *world {
	t.Helper()
	s := store.New(t)
	keys, err := tombstone.New(testPepper)
	if err != nil {
		t.Fatal(err)
	}
	return &world{
		t: t, store: s, admin: s.Admin(), pool: s.Pool(naming.RoleRetention), keys: keys,
		key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize)), log: &logBuffer{},
	}
}

// someone is a member to be planted. Times are days before now; nil is nothing.
type someone struct {
	state     string
	left      *int // days ago
	employed  bool // has an employment without an end
	active    *int // days ago
	joined    *int
	withdrawn *int
	request   *time.Duration // an erasure request, received so long ago
	children  bool           // rows in every table
	id        uuid.UUID      // chosen by plant when zero
}

func days(n int) *int { return &n }

func ago(d time.Duration) *time.Duration { return &d }

// plant puts people into the store and returns their ids.
func (w *world) plant(people ...someone) []uuid.UUID {
	w.t.Helper()
	ids := make([]uuid.UUID, len(people))
	batch := &pgx.Batch{}
	for i, p := range people {
		ids[i] = p.id
		if ids[i] == uuid.Nil {
			ids[i] = uuid.Must(uuid.NewV7())
		}
		w.n++
		w.queue(batch, p, ids[i])
	}
	w.send(batch)
	return ids
}

func (w *world) queue(batch *pgx.Batch, p someone, id uuid.UUID) {
	address := fmt.Sprintf("Zephyrine.Quillfeather+%d@Mozuno.example", w.n)
	batch.Queue(`INSERT INTO alumni.member (id, state, employee_number, family_name, given_name, locale, about,
			joined_at, last_active_at, withdrawn_at)
		VALUES ($1, $2, $3, $4, $4, 'ja', $4, now() - make_interval(days => $5), now() - make_interval(days => $6), now() - make_interval(days => $7))`,
		id, p.state, fmt.Sprintf("%s-%05d", canary.EmployeeNumber, w.n), canary.NameJa, p.joined, p.active, p.withdrawn)
	batch.Queue(`INSERT INTO alumni.contact VALUES ($1, 'Email', $2, 'Roster', NULL)`, id, address)
	if p.left != nil {
		batch.Queue(`INSERT INTO alumni.employment (member_id, department, joined_on, left_on)
			VALUES ($1, $2, '1990-04-01', (now() AT TIME ZONE 'Asia/Tokyo')::date - $3::int)`, id, canary.Note, p.left)
	}
	if p.employed {
		batch.Queue(`INSERT INTO alumni.employment (member_id, joined_on) VALUES ($1, '2020-04-01')`, id)
	}
	if p.request != nil {
		batch.Queue(`INSERT INTO alumni.erasure_request (id, member_id, source, received_at)
			VALUES ($1, $2, 'Withdrawal', now() - $3::interval)`, uuid.Must(uuid.NewV7()), id, *p.request)
	}
	if p.children {
		queueEverything(batch, id)
	}
}

// queueEverything gives a member rows in every table that goes with it, with the contact that everybody has.
func queueEverything(batch *pgx.Batch, id uuid.UUID) {
	batch.Queue(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
		VALUES ($1, 'Network', 'Given', 'v1', 'Roster', 'import', now()), ($1, 'Newsletter', 'Given', 'v1', 'Portal', 'portal', now())`, id)
	batch.Queue(`INSERT INTO alumni.visibility VALUES ($1, 'Name', 'Alumni'), ($1, 'About', 'Staff')`, id)
	batch.Queue(`INSERT INTO alumni.suppression VALUES ($1, 'Email', 'HardBounce')`, id)
	batch.Queue(`INSERT INTO alumni.sign_in_link VALUES (sha256($1::text::bytea), $2, now(), now())`, id.String(), id)
	batch.Queue(`INSERT INTO alumni.session (token_hash, member_id, expires_at) VALUES (sha256($1::text::bytea), $2, now())`, id.String(), id)
	batch.Queue(`INSERT INTO alumni.portal_mail (member_id, kind, locale, state) VALUES ($1, 'SignInLink', 'ja', 'Sent')`, id)
	batch.Queue(`INSERT INTO alumni.captured_mail (recipient_id, recipient, message) VALUES ($1, 'x', 'Subject: x')`, id)
	batch.Queue(`INSERT INTO alumni.occasion (recipient_id, kind, occasion, run_id) VALUES ($1, 'Birthday', '2026', 1)`, id)
	batch.Queue(`INSERT INTO alumni.enrolment (campaign_uid, recipient_id, step, due_on, run_id) VALUES ('c', $1, 2, current_date, 1)`, id)
	batch.Queue(`INSERT INTO alumni.notice (run_id, recipient_id, locale, title, body) VALUES (1, $1, 'en', 'News', '<p>News</p>')`, id)
	batch.Queue(`INSERT INTO alumni.address_change (recipient_id, address, requested_at, expires_at) VALUES ($1, 'new@mail.example', now(), now())`, id)
	batch.Queue(`INSERT INTO alumni.event (id, kind, organiser, locale, title, form, starts_at, ends_at, time_zone, state, created_at, updated_at)
		VALUES ($1, 'Reunion', 'Office', 'en', 'Reunion', 'Online', now(), now() + interval '1 hour', 'UTC', 'Published', now(), now())`, id)
	batch.Queue(`INSERT INTO alumni.event_registration VALUES ($1, $1, 'Registered', 1, true, now(), now())`, id)
	batch.Queue(`INSERT INTO alumni.line_link (recipient_id) VALUES ($1)`, id)
	batch.Queue(`INSERT INTO alumni.opt_out (recipient_id, kind, source) VALUES ($1, 'Birthday', 'portal')`, id)
	batch.Queue(`INSERT INTO alumni.survey_participant (campaign_uid, recipient_id) VALUES ('c', $1)`, id)
	batch.Queue(`INSERT INTO alumni.survey_answer (campaign_uid, recipient_id, answers) VALUES ('c', $1, '{}')`, id)
	batch.Queue(`INSERT INTO alumni.post (id, recipient_id, kind, body, locale) VALUES (gen_random_uuid(), $1, 'News', $2, 'en')`, id, canary.Note)
	batch.Queue(`INSERT INTO alumni.post_comment (id, post_id, recipient_id, body) VALUES (gen_random_uuid(), gen_random_uuid(), $1, $2)`, id, canary.Note)
	batch.Queue(`WITH others AS (
			INSERT INTO alumni.post (id, recipient_id, kind, body, locale) VALUES (gen_random_uuid(), gen_random_uuid(), 'Idea', 'x', 'en') RETURNING id
		), thanks AS (INSERT INTO alumni.post_reaction (recipient_id, post_id) SELECT $1, id FROM others)
		INSERT INTO alumni.post_report (recipient_id, post_id, reason) SELECT $1, id, 'Other' FROM others`, id)
	batch.Queue(`INSERT INTO alumni.tracking_event (recipient_id, run_id, kind, link) VALUES ($1, 1, 'Click', 1)`, id)
	batch.Queue(`INSERT INTO alumni.bounce (recipient_id, run_id, kind) VALUES ($1, 1, 'HardBounce')`, id)
}

// childrenRows is how many rows queueEverything makes, consent_state's included.
const childrenRows = 26

func (w *world) send(batch *pgx.Batch) {
	w.t.Helper()
	if err := w.admin.SendBatch(context.Background(), batch).Close(); err != nil {
		w.t.Fatalf("plant people: %v", err)
	}
}

// campaignRun makes a run of a campaign, started so many days ago, with a deadline of today.
func (w *world) campaignRun(state string, started int) int64 {
	w.t.Helper()
	w.n++
	return queryOne[int64](w, `INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, generation, state, scheduled_at, deadline, started_at)
		VALUES ('run-' || $1::int, 'uid', 'news', 'Newsletter', 1, $2, now(), now(), now() - make_interval(days => $3)) RETURNING id`, w.n, state, started)
}

// deliver writes a row of the ledger.
func (w *world) deliver(run int64, member uuid.UUID, state string, sent *int, planned int) {
	w.t.Helper()
	w.exec(`INSERT INTO alumni.delivery (run_id, member_id, channel, state, sent_at, planned_at)
		VALUES ($1, $2, 'Email', $3, now() - make_interval(days => $4), now() - make_interval(days => $5))`, run, member, state, sent, planned)
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.admin.Exec(context.Background(), sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// queryOne reads one value as the superuser.
func queryOne[T any](w *world, sql string, args ...any) T {
	w.t.Helper()
	var v T
	if err := w.admin.QueryRow(context.Background(), sql, args...).Scan(&v); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func rule(name, category, since, after string) settings.RetentionRule {
	return settings.RetentionRule{Name: name, Category: category, Since: since, After: after, Action: "Delete"}
}

// job makes a run by rules, to be changed by the test.
func (w *world) job(name, mode string, rules ...settings.RetentionRule) Job {
	return Job{
		Network: "network-uid", RunName: name, Keys: w.keys, Signing: w.key,
		Policy: settings.Retention{PolicyUID: "policy-uid", Policy: "group-default", Generation: 1, TimeZone: "Asia/Tokyo",
			Mode: mode, Rules: rules, BatchMembers: 500},
		Log:    slog.New(slog.NewJSONHandler(w.log, nil)),
		Limits: Limits{LockTimeout: 200 * time.Millisecond, Backoff: 10 * time.Millisecond},
	}
}

// outcomes reads the counts of a run as "rule outcome" → members/rows.
func (w *world) outcomes(run string) map[string]certificate.Total {
	w.t.Helper()
	rows, err := w.admin.Query(context.Background(), `SELECT c.rule || ' ' || c.outcome, c.members, c.rows
		FROM alumni.retention_run_count c JOIN alumni.retention_run r ON r.id = c.run_id WHERE r.run_name = $1`, run)
	if err != nil {
		w.t.Fatal(err)
	}
	got := map[string]certificate.Total{}
	var name string
	var total certificate.Total
	if _, err := pgx.ForEachRow(rows, []any{&name, &total.Members, &total.Rows}, func() error {
		got[name] = total
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) state(run string) string {
	w.t.Helper()
	return queryOne[string](w, `SELECT state || CASE WHEN failure = '' THEN '' ELSE ': ' || failure END FROM alumni.retention_run WHERE run_name = $1`, run)
}

// members lists who is in the store.
func (w *world) members() []uuid.UUID {
	w.t.Helper()
	rows, err := w.admin.Query(context.Background(), `SELECT id FROM alumni.member ORDER BY id`)
	if err != nil {
		w.t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		w.t.Fatal(err)
	}
	return ids
}

// intact checks what must hold of every store at any time: nobody is half erased, the chain is whole, and each
// erased person has left a tombstone.
func (w *world) intact() {
	w.t.Helper()
	g := NewWithT(w.t)
	_, err := VerifyChain(context.Background(), w.admin)
	g.Expect(err).NotTo(HaveOccurred())
	for _, table := range []string{"contact", "employment", "consent", "consent_state", "visibility", "suppression", "delivery", "sign_in_link", "session", "portal_mail"} {
		g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.`+table+` c WHERE NOT EXISTS (SELECT FROM alumni.member m WHERE m.id = c.member_id)`)).To(BeZero(), table)
	}
	for _, table := range []string{"captured_mail", "bounce"} {
		g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.`+table+` c WHERE NOT EXISTS (SELECT FROM alumni.member m WHERE m.id = c.recipient_id)`)).To(BeZero(), table)
	}
	g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.tombstone WHERE kind = 'Member'`)).
		To(Equal(queryOne[int64](w, `SELECT coalesce(sum(members), 0)::bigint FROM alumni.retention_run_count WHERE outcome = 'Erased'`)))
}

// reset empties the store, so that many cases can share one.
func (w *world) reset() {
	w.t.Helper()
	batch := &pgx.Batch{}
	for _, table := range []string{"legal_hold_member", "legal_hold", "audit_record", "retention_certificate", "retention_failure", "retention_run_count", "tombstone",
		"retention_run", "member", "delivery_erased", "unsubscribe_count", "campaign_run", "erasure_request"} {
		batch.Queue("DELETE FROM alumni." + table)
	}
	w.send(batch)
}
