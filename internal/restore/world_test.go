// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package restore

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"
	"k8s.io/utils/clock"

	"github.com/alumni-operator/alumni-operator/internal/backup"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/erasures"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/pgbin"
	"github.com/alumni-operator/alumni-operator/internal/postgres"
	"github.com/alumni-operator/alumni-operator/internal/retention"
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

const (
	folder  = "hoshino_main-0123456789ab"
	crowd   = 400
	erasing = 25
)

// world is a network whose store is backed up and then lost.
type world struct {
	t        *testing.T
	g        *WithT
	store    *store.Store
	volume   string
	identity *age.X25519Identity
	pepper   []byte
	network  backup.Network
	log      *slog.Logger
	words    *strings.Builder
}

func newWorld(t *testing.T) *world {
	t.Helper()
	g := NewWithT(t)
	identity, err := age.GenerateX25519Identity()
	g.Expect(err).NotTo(HaveOccurred())
	words := &strings.Builder{}
	w := &world{
		t: t, g: g, store: store.New(t), volume: t.TempDir(), identity: identity, pepper: []byte("a pepper of thirty-two bytes, ok"),
		network: backup.Network{Cluster: "test", Namespace: "hoshino", Name: "main", UID: "uid-1"},
		words:   words, log: slog.New(slog.NewJSONHandler(words, nil)),
	}
	w.fill()
	return w
}

// fill puts people into the store, some of them signed in, and mails on their way.
func (w *world) fill() {
	for _, sql := range []string{
		fmt.Sprintf(`INSERT INTO alumni.member (id, state, employee_number, family_name, locale, joined_at, last_active_at)
			SELECT gen_random_uuid(), 'Active', '%s-' || n, '%s', 'ja', now(), now() FROM generate_series(1, %d) n`, canary.EmployeeNumber, canary.NameJa, crowd),
		`INSERT INTO alumni.contact SELECT id, 'Email', employee_number || '@mozuno.example', 'Roster', NULL FROM alumni.member`,
		`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
			SELECT id, 'Network', 'Given', 'v1', 'Roster', 'import', now() FROM alumni.member`,
		`INSERT INTO alumni.staff (address_key) SELECT sha256('somebody')`,
		`INSERT INTO alumni.staff_session (token_hash, staff_id, created_at, seen_at, expires_at) SELECT sha256('a'), id, now(), now(), now() + interval '1 hour' FROM alumni.staff`,
		`INSERT INTO alumni.staff_link (token_hash, staff_id, created_at, expires_at) SELECT sha256('a'), id, now(), now() + interval '1 hour' FROM alumni.staff`,
		`INSERT INTO alumni.session (token_hash, member_id, expires_at) SELECT sha256(id::text::bytea), id, now() + interval '1 day' FROM alumni.member`,
		`INSERT INTO alumni.sign_in_link (token_hash, member_id, expires_at) SELECT sha256(id::text::bytea), id, now() + interval '1 day' FROM alumni.member`,
		`INSERT INTO alumni.address_change (recipient_id, address, requested_at, expires_at) SELECT id, 'new@mail.example', now(), now() + interval '1 day' FROM alumni.member`,
		`INSERT INTO alumni.portal_mail (member_id, kind, locale) SELECT id, 'SignInLink', 'ja' FROM alumni.member`,
		`INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, generation, state, scheduled_at, deadline)
			VALUES ('news-1', 'uid', 'news', 'Newsletter', 1, 'Sending', now(), now() + interval '1 day')`,
		`INSERT INTO alumni.delivery (run_id, member_id, channel, state, lease_owner, lease_until)
			SELECT 1, id, 'Email', (ARRAY['Planned', 'Deferred', 'Claimed', 'Sent'])[1 + row_number() OVER () % 4], gen_random_uuid(), now() FROM alumni.member`,
	} {
		_, err := w.store.Admin().Exec(w.t.Context(), sql)
		w.g.Expect(err).NotTo(HaveOccurred(), sql)
	}
}

func (w *world) keys(pepper []byte) *tombstone.Keyer {
	keys, err := tombstone.New(pepper)
	w.g.Expect(err).NotTo(HaveOccurred())
	return keys
}

func (w *world) ledger() *erasures.Ledger {
	destination, err := backup.OpenVolume(w.volume, filepath.Join(folder, erasures.Folder))
	w.g.Expect(err).NotTo(HaveOccurred())
	return &erasures.Ledger{Destination: destination, Network: w.network}
}

func (w *world) backupJob(login dbconn.Login, run string) *backup.Job {
	destination, err := backup.OpenVolume(w.volume, folder)
	w.g.Expect(err).NotTo(HaveOccurred())
	programs, err := pgbin.FindClients(w.t.Context(), pg.Start(w.t).BinDir())
	w.g.Expect(err).NotTo(HaveOccurred())
	return &backup.Job{
		Login: login, Network: w.network, RunName: run, ScheduledAt: time.Now(), Destination: destination,
		Recipients: []string{w.identity.Recipient().String()}, Keep: backup.Keep{Count: 14, Zone: time.UTC},
		Identity: []byte(w.identity.String()), Clients: programs, Clock: clock.RealClock{}, Log: w.log,
	}
}

// backUp makes a backup, and returns what every table held.
func (w *world) backUp() (backup.Manifest, map[string]string) {
	before := w.content(w.store.Database)
	made, err := w.backupJob(w.store.Login(naming.RoleBackup), rand.Text()).Backup(w.t.Context())
	w.g.Expect(err).NotTo(HaveOccurred())
	return made.Manifest, before
}

// erase carries out the requests of some people, as a run of retention does, and returns who they were.
func (w *world) erase(ledger *erasures.Ledger) []uuid.UUID {
	rows, err := w.store.Admin().Query(w.t.Context(), `UPDATE alumni.member SET state = 'Withdrawn', withdrawn_at = now()
		WHERE id IN (SELECT id FROM alumni.member ORDER BY employee_number LIMIT $1) RETURNING id`, erasing)
	w.g.Expect(err).NotTo(HaveOccurred())
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	w.g.Expect(err).NotTo(HaveOccurred())
	_, err = w.store.Admin().Exec(w.t.Context(), `INSERT INTO alumni.erasure_request (id, member_id, source) SELECT gen_random_uuid(), id, 'Withdrawal' FROM unnest($1::uuid[]) id`, ids)
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(retention.Run(w.t.Context(), w.store.Pool(naming.RoleRetention), retention.Job{
		Network: w.network.UID, RunName: "requests-1", Requests: true, Keys: w.keys(w.pepper), Log: w.log, Ledger: ledger,
		Signing: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
		Policy:  settings.Retention{PolicyUID: "policy", Policy: "keep", Generation: 1, TimeZone: "UTC", Mode: "DryRun"},
	})).To(Succeed())
	w.g.Expect(ids).To(HaveLen(erasing))
	return ids
}

// target is the database that a new network gets for the backup.
type target struct {
	w    *world
	spec postgres.Spec
}

func (w *world) target() *target {
	name := "new_" + strings.ToLower(rand.Text())[:12]
	passwords := map[naming.Role]string{}
	for _, role := range naming.Roles() {
		passwords[role] = rand.Text()
	}
	spec, err := postgres.NewSpec(name, postgres.Claim{ClusterID: "test", Namespace: "hoshino", Name: name, NetworkUID: "uid-2"}, passwords)
	w.g.Expect(err).NotTo(HaveOccurred())
	spec.Restore = true
	x := &target{w: w, spec: spec}
	w.t.Cleanup(x.drop)
	w.g.Expect(x.ensure().Restoring).To(BeTrue())
	return x
}

func (x *target) admin() dbconn.Login {
	server := x.w.store.Server()
	return dbconn.Login{Host: server.Host, Port: uint16(server.Port), Database: "postgres", Username: "postgres", Password: server.Password, SSLMode: dbconn.SSLDisable}
}

func (x *target) ensure() postgres.EnsureResult {
	result, err := postgres.Ensure(context.Background(), postgres.EnsureInput{Admin: x.admin(), Spec: x.spec, Copy: true})
	x.w.g.Expect(err).NotTo(HaveOccurred())
	return result
}

func (x *target) login(role naming.Role) dbconn.Login { return x.spec.Login(x.admin(), role) }

func (x *target) drop() {
	ctx := context.Background()
	conn, err := dbconn.Connect(ctx, x.admin(), dbconn.Options{})
	x.w.g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(ctx) }()
	statements := []string{"DROP DATABASE IF EXISTS " + x.spec.Database + " WITH (FORCE)"}
	for _, role := range naming.Roles() {
		statements = append(statements, "DROP ROLE IF EXISTS "+naming.DatabaseRole(x.spec.Database, role))
	}
	for _, sql := range statements {
		_, err := conn.Exec(ctx, sql)
		x.w.g.Expect(err).NotTo(HaveOccurred(), sql)
	}
}

// job restores the newest backup into the target.
func (x *target) job() *Job {
	login := x.login(naming.RoleOwner)
	return &Job{
		Backup: x.w.backupJob(login, "new-restore"), Target: login, Ledger: x.w.ledger(), Keys: x.w.keys(x.w.pepper), RunName: "new-restore", Log: x.w.log,
	}
}

// mark reads how far the restore is, as the operator does.
func (x *target) mark() *postgres.Restore {
	mark, err := postgres.ReadRestore(x.w.t.Context(), x.login(naming.RoleMetrics))
	x.w.g.Expect(err).NotTo(HaveOccurred())
	return mark
}

// shut says whether every workload is kept out.
func (x *target) shut() bool {
	refused := 0
	for _, role := range []naming.Role{naming.RolePortal, naming.RoleCampaign, naming.RoleRetention, naming.RoleRoster, naming.RoleBackup} {
		conn, err := dbconn.Connect(x.w.t.Context(), x.login(role), dbconn.Options{})
		if err != nil {
			x.w.g.Expect(err).To(MatchError(dbconn.ErrNotPermitted))
			refused++
			continue
		}
		x.w.g.Expect(conn.Close(x.w.t.Context())).To(Succeed())
	}
	x.w.g.Expect(refused).To(Or(BeZero(), Equal(5)))
	return refused == 5
}

// ask reads one value from a database as the superuser.
func ask[T any](w *world, database, sql string, args ...any) T {
	w.t.Helper()
	ctx := w.t.Context()
	conn, err := pgx.Connect(ctx, w.store.Server().DSN("postgres", w.store.Server().Password, database))
	w.g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(ctx) }()
	var v T
	w.g.Expect(conn.QueryRow(ctx, sql, args...).Scan(&v)).To(Succeed(), sql)
	return v
}

// content is every row of every table of people and aggregates, read by the superuser and without the code under test. The
// journal of backups speaks of the destination and is left out.
func (w *world) content(database string) map[string]string {
	ctx := w.t.Context()
	conn, err := pgx.Connect(ctx, w.store.Server().DSN("postgres", w.store.Server().Password, database))
	w.g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('alumni', 'alumni_stats') AND tablename <> 'backup_run'`)
	w.g.Expect(err).NotTo(HaveOccurred())
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	w.g.Expect(err).NotTo(HaveOccurred())
	all := map[string]string{}
	for _, name := range names {
		var digest string
		sql := "SELECT count(*) || ' ' || coalesce(md5(string_agg(r::text, E'\\n' ORDER BY r::text)), '') FROM " + name + " r"
		w.g.Expect(conn.QueryRow(ctx, sql).Scan(&digest)).To(Succeed(), name)
		all[name] = digest
	}
	return all
}
