// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package perf_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

const (
	retentionMembers  = 100_000
	retentionRuns     = 20 // of a campaign, each to everybody: 2,000,000 deliveries
	retentionVictims  = retentionMembers / 10
	retentionRounds   = 3
	retentionRatio    = 2.0 // goal: beside the hand-written cascade
	retentionLongest  = time.Second
	retentionPreview  = 0.20 // goal: share of the erasing time
	retentionRuleName = "leavers"
)

// BenchmarkRetention erases a tenth of 100,000 members with 2,000,000 deliveries by the real worker, with every
// safety step, and beside it, on an identical copy, by one DELETE that cascades: the fastest that SQL can do, with
// all victims locked for the whole of it, and no proof. The server is as durable as in production.
func BenchmarkRetention(b *testing.B) {
	r := newRetentionBench(b)
	for range b.N {
		var ratios []float64
		for round := range retentionRounds {
			by := r.reference(fmt.Sprintf("reference_%d", round))
			got := r.worker(fmt.Sprintf("worker_%d", round))
			ratio := got.Erasing.Seconds() / by.Seconds()
			ratios = append(ratios, ratio)
			r.report(round, got, by, ratio)
		}
		slices.Sort(ratios)
		b.ReportMetric(ratios[len(ratios)/2], "ratio")
		if ratios[len(ratios)/2] > retentionRatio {
			b.Logf("over the goal: the median ratio is %.2f, wanted is at most %.1f", ratios[len(ratios)/2], retentionRatio)
		}
	}
}

// retentionBench is a store from which copies are made.
type retentionBench struct {
	b      *testing.B
	store  *store.Store
	binary string
	dir    string
	rows   int64 // of all victims, in all tables
}

func newRetentionBench(b *testing.B) *retentionBench {
	b.Helper()
	r := &retentionBench{b: b, store: store.New(b), dir: b.TempDir()}
	r.binary = filepath.Join(r.dir, "worker")
	output, err := exec.Command("go", "build", "-o", r.binary, "../../cmd/worker").CombinedOutput()
	if err != nil {
		b.Fatalf("build the worker: %v: %s", err, output)
	}
	r.durable()
	r.fill()
	r.mount()
	return r
}

// durable gives the test's server the settings of a production server, and takes them back at the end.
func (r *retentionBench) durable() {
	set := func(verb string) {
		for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
			r.server("ALTER SYSTEM SET " + name + " = " + verb)
		}
		r.server("SELECT pg_reload_conf()")
	}
	set("on")
	r.b.Cleanup(func() { set("off") })
}

// server runs a statement as the superuser, outside the store.
func (r *retentionBench) server(sql string) {
	r.b.Helper()
	r.on("postgres", sql)
}

// on runs statements as the superuser in a database, on a connection that is closed at once: a database with
// connections cannot be copied.
func (r *retentionBench) on(database string, statements ...string) {
	r.b.Helper()
	conn := r.connect(database)
	defer func() { must(r.b, conn.Close(context.Background())) }()
	for _, sql := range statements {
		_, err := conn.Exec(context.Background(), sql)
		must(r.b, err)
	}
}

func (r *retentionBench) connect(database string) *pgx.Conn {
	r.b.Helper()
	server := r.store.Server()
	conn, err := dbconn.Connect(context.Background(), dbconn.Login{
		Host: server.Host, Port: uint16(server.Port), Database: database,
		Username: "postgres", Password: server.Password, SSLMode: dbconn.SSLDisable,
	}, dbconn.Options{})
	must(r.b, err)
	return conn
}

// fill writes the members with what belongs to them, a tenth of them long gone.
func (r *retentionBench) fill() {
	r.on(r.store.Database,
		fmt.Sprintf(`INSERT INTO alumni.member (id, state, employee_number, family_name, given_name, family_name_kana, given_name_kana, locale, joined_at, last_active_at)
			SELECT (lpad(to_hex(1700000000000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid, -- UUIDv7
			       CASE WHEN n %% 10 = 0 THEN 'Listed' ELSE 'Active' END, 'E' || n, 'Family' || n, 'Given' || n, 'カナ', 'カナ', 'ja',
			       now() - interval '2 years', now() - interval '30 days'
			FROM generate_series(1, %d) n`, retentionMembers),
		`INSERT INTO alumni.contact SELECT id, 'Email', lower(employee_number) || '@mail.example', 'Roster', now() FROM alumni.member`,
		`INSERT INTO alumni.employment (member_id, department, post, joined_on, left_on)
			SELECT id, 'Sales', 'Chief', '1998-04-01', CASE WHEN state = 'Listed' THEN date '2012-03-31' ELSE date '2024-03-31' END FROM alumni.member`,
		`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
			SELECT id, p, 'Given', 'v1', 'Roster', 'import', now() FROM alumni.member, unnest('{Network,Newsletter}'::text[]) p`,
		`INSERT INTO alumni.visibility SELECT id, f, 'Alumni' FROM alumni.member, unnest('{Name,Department,Skills}'::text[]) f`,
		fmt.Sprintf(`INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, purpose, generation, state, scheduled_at, deadline, started_at, finished_at)
			SELECT 'news-' || n, 'uid', 'news', 'Newsletter', 'Newsletter', 1, 'Finished', t, t, t, t
			FROM generate_series(1, %d) n, LATERAL (SELECT now() - make_interval(months => n) AS t) x`, retentionRuns),
		`INSERT INTO alumni.delivery (run_id, member_id, channel, state, attempts, message_id, sent_at, planned_at)
			SELECT r.id, m.id, 'Email', 'Sent', 1, md5(r.id || m.id::text) || '@mail.example', r.started_at, r.started_at
			FROM alumni.campaign_run r, alumni.member m`,
		`VACUUM ANALYZE`)
	conn := r.connect(r.store.Database)
	defer func() { must(r.b, conn.Close(context.Background())) }()
	must(r.b, conn.QueryRow(context.Background(), `SELECT sum(n)::bigint FROM (SELECT count(*) AS n FROM alumni.member WHERE state = 'Listed'
		UNION ALL SELECT count(*) FROM alumni.contact c JOIN alumni.member m ON m.id = c.member_id WHERE m.state = 'Listed'
		UNION ALL SELECT count(*) FROM alumni.employment c JOIN alumni.member m ON m.id = c.member_id WHERE m.state = 'Listed'
		UNION ALL SELECT count(*) FROM alumni.consent c JOIN alumni.member m ON m.id = c.member_id WHERE m.state = 'Listed'
		UNION ALL SELECT count(*) FROM alumni.consent_state c JOIN alumni.member m ON m.id = c.member_id WHERE m.state = 'Listed'
		UNION ALL SELECT count(*) FROM alumni.visibility c JOIN alumni.member m ON m.id = c.member_id WHERE m.state = 'Listed'
		UNION ALL SELECT count(*) FROM alumni.delivery c JOIN alumni.member m ON m.id = c.member_id WHERE m.state = 'Listed') s`).Scan(&r.rows))
}

// mount writes the worker's folders but for the database.
func (r *retentionBench) mount() {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(r.b, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(r.b, err)
	network, err := json.Marshal(settings.Network{UID: "network"})
	must(r.b, err)
	for name, content := range map[string][]byte{
		settings.NetworkFile: network, settings.PepperFile: bytes.Repeat([]byte{1}, 32),
		settings.SigningKeyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	} {
		must(r.b, os.WriteFile(filepath.Join(r.dir, name), content, 0o600))
	}
}

// copyAs makes an identical copy of the filled store, and drops it at the end.
func (r *retentionBench) copyAs(name string) {
	quoted := pgx.Identifier{r.store.Database + "_" + name}.Sanitize()
	r.server("CREATE DATABASE " + quoted + " TEMPLATE " + pgx.Identifier{r.store.Database}.Sanitize())
	r.server("CHECKPOINT")
}

func (r *retentionBench) drop(name string) {
	r.server("DROP DATABASE " + pgx.Identifier{r.store.Database + "_" + name}.Sanitize() + " WITH (FORCE)")
}

// reference is the hand-written way.
func (r *retentionBench) reference(name string) time.Duration {
	r.copyAs(name)
	defer r.drop(name)
	conn := r.connect(r.store.Database + "_" + name)
	defer func() { must(r.b, conn.Close(context.Background())) }()
	started := time.Now()
	tag, err := conn.Exec(context.Background(), `DELETE FROM alumni.member m WHERE m.state NOT IN ('Active', 'Paused')
		AND EXISTS (SELECT FROM alumni.employment e WHERE e.member_id = m.id AND e.left_on <= '2018-01-01')`)
	took := time.Since(started)
	must(r.b, err)
	if tag.RowsAffected() != retentionVictims {
		r.b.Fatalf("the reference erased %d members", tag.RowsAffected())
	}
	return took
}

// retentionResult is what a run says of itself, and how long its process took.
type retentionResult struct {
	Members, Rows                                  int64
	Longest, Planning, Erasing, Verifying, Process time.Duration
	PreviewPlanning, PreviewProcess                time.Duration // of a dry run before it
}

// worker is the way of the operator: a preview, and then the real run.
func (r *retentionBench) worker(name string) retentionResult {
	r.copyAs(name)
	defer r.drop(name)
	previewProcess, previewOutput := r.run(name, "DryRun")
	r.server("CHECKPOINT")
	process, output := r.run(name, "Enforce")
	result := parseRetentionLog(r.b, output)
	result.Process, result.PreviewProcess = process, previewProcess
	result.PreviewPlanning = parseRetentionLog(r.b, previewOutput).Planning
	if result.Members != retentionVictims || result.Rows != r.rows {
		r.b.Fatalf("the worker erased %d members and %d rows, %d and %d were due", result.Members, result.Rows, retentionVictims, r.rows)
	}
	return result
}

// run runs the real worker in a copy.
func (r *retentionBench) run(name, mode string) (time.Duration, []byte) {
	r.b.Helper()
	policy, err := json.Marshal(settings.Retention{PolicyUID: "policy", Policy: "bench", Generation: 1, TimeZone: "Asia/Tokyo", Mode: mode,
		BatchMembers: 500, Rules: []settings.RetentionRule{{Name: retentionRuleName, Category: "Profile", Since: "Departed", After: "P8Y", Action: "Delete"}}})
	must(r.b, err)
	must(r.b, os.WriteFile(filepath.Join(r.dir, settings.RetentionFile), policy, 0o600))
	login := r.store.Login(naming.RoleRetention)
	login.Database += "_" + name
	database := r.b.TempDir()
	must(r.b, login.Write(database))
	cmd := exec.Command(r.binary, "retention", "--database-dir", database, "--network-dir", r.dir, "--policy-dir", r.dir,
		"--pepper-dir", r.dir, "--signing-dir", r.dir)
	cmd.Env = []string{settings.EnvRunName + "=" + name + mode}
	started := time.Now()
	output, err := cmd.CombinedOutput()
	took := time.Since(started)
	if err != nil {
		r.b.Fatalf("worker: %v: %s", err, output)
	}
	return took, output
}

// parseRetentionLog reads the last line of the worker's log.
func parseRetentionLog(b *testing.B, output []byte) retentionResult {
	b.Helper()
	lines := bytes.Split(bytes.TrimSpace(output), []byte("\n"))
	var line struct {
		ErasedMembers, ErasedRows, LongestTransactionMilliseconds, PlanningMilliseconds, ErasingMilliseconds, VerifyingMilliseconds int64
	}
	must(b, json.Unmarshal(lines[len(lines)-1], &line))
	ms := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
	return retentionResult{
		Members: line.ErasedMembers, Rows: line.ErasedRows, Longest: ms(line.LongestTransactionMilliseconds),
		Planning: ms(line.PlanningMilliseconds), Erasing: ms(line.ErasingMilliseconds), Verifying: ms(line.VerifyingMilliseconds),
	}
}

func (r *retentionBench) report(round int, got retentionResult, by time.Duration, ratio float64) {
	second := got.Erasing.Seconds()
	share := got.PreviewPlanning.Seconds() / second
	r.b.Logf("round %d: erasing %d members, %d rows: %.2f s (%.0f members/s, %.0f rows/s); one cascading DELETE: %.2f s (%.0f rows/s); ratio %.2f (goal %.1f)",
		round, got.Members, got.Rows, second, float64(got.Members)/second, float64(got.Rows)/second, by.Seconds(), float64(r.rows)/by.Seconds(), ratio, retentionRatio)
	r.b.Logf("round %d: longest transaction %s (goal %s); preview %s, share %.0f %% (goal %.0f %%), its process %.2f s; planning before and after %s; verifying %s; whole process %.2f s",
		round, got.Longest, retentionLongest, got.PreviewPlanning, 100*share, 100*retentionPreview, got.PreviewProcess.Seconds(), got.Planning, got.Verifying, got.Process.Seconds())
	r.b.ReportMetric(float64(got.Members)/second, "members/s")
	r.b.ReportMetric(float64(got.Rows)/second, "rows/s")
	r.b.ReportMetric(float64(got.Longest.Milliseconds()), "longest-ms")
	r.b.ReportMetric(100*share, "preview-%")
}
