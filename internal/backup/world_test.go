// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"
	"k8s.io/utils/clock"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/pgbin"
	"github.com/alumni-operator/alumni-operator/internal/postgres"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

func TestMain(m *testing.M) {
	code := pg.Run(m)
	if workerDir != "" {
		_ = os.RemoveAll(workerDir)
	}
	os.Exit(code)
}

// workerDir holds the compiled worker, until TestMain removes it.
var workerDir string

// buildWorker compiles the real worker, once for all tests of the package.
var buildWorker = sync.OnceValues(func() (string, error) {
	var err error
	if workerDir, err = os.MkdirTemp("", "alumni-worker-"); err != nil {
		return "", err
	}
	path := filepath.Join(workerDir, "worker")
	cmd := exec.Command("go", "build", "-o", path, "../../cmd/worker")
	cmd.Stderr = os.Stderr
	return path, cmd.Run()
})

// world is a store full of people, and a place to back it up to.
type world struct {
	t        *testing.T
	g        *WithT
	store    *store.Store
	volume   string // as a pod would mount it
	identity *age.X25519Identity
	told     settings.Backup
}

const folder = "hoshino_main-0123456789ab"

func newWorld(t *testing.T) *world {
	t.Helper()
	g := NewWithT(t)
	identity, err := age.GenerateX25519Identity()
	g.Expect(err).NotTo(HaveOccurred())
	w := &world{t: t, g: g, store: store.New(t), volume: t.TempDir(), identity: identity}
	w.told = settings.Backup{
		Cluster: "test", NetworkUID: "uid-1", Namespace: "hoshino", Name: "main", TimeZone: "Asia/Tokyo", Folder: folder, Path: "backups",
		Recipients: []string{identity.Recipient().String()}, KeepCount: 14, Scratch: naming.ScratchDatabase(w.store.Database),
	}
	w.fill()
	return w
}

// fill puts people into the store, with names that must not be seen anywhere else.
func (w *world) fill() {
	for _, sql := range []string{
		`INSERT INTO alumni.member (id, state, employee_number, family_name, given_name, locale, about, skills, joined_at)
			SELECT gen_random_uuid(), 'Active', '` + canary.EmployeeNumber + `-' || n, '` + canary.NameJa + `', 'x' || n, 'ja', repeat('about ' || n, 50), ARRAY['Go', E'a\"b\\\\c\nd'], now()
			FROM generate_series(1, 3000) n`,
		`INSERT INTO alumni.contact SELECT id, 'Email', employee_number || '@mozuno.example', 'Roster', NULL FROM alumni.member`,
		`INSERT INTO alumni.employment (member_id, department, joined_on, left_on) SELECT id, 'Sales', '1990-04-01', '2020-03-31' FROM alumni.member`,
		`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
			SELECT id, 'Network', 'Given', 'v1', 'Roster', 'import', now() FROM alumni.member`,
		`INSERT INTO alumni.tombstone SELECT sha256(n::text::bytea), 'Member', 1, '2026-01-01' FROM generate_series(1, 100) n`,
	} {
		_, err := w.store.Admin().Exec(w.t.Context(), sql)
		w.g.Expect(err).NotTo(HaveOccurred())
	}
}

// scratch makes the database of drills, as the operator would.
func (w *world) scratch() {
	w.server("CREATE DATABASE "+w.told.Scratch+" OWNER "+naming.DatabaseRole(w.store.Database, naming.RoleOwner)+" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'",
		"GRANT CONNECT, CREATE, TEMPORARY ON DATABASE "+w.told.Scratch+" TO "+naming.DatabaseRole(w.store.Database, naming.RoleBackup))
	w.t.Cleanup(func() { w.server("DROP DATABASE IF EXISTS " + w.told.Scratch + " WITH (FORCE)") })
}

// server runs statements as the superuser, outside of any network's database.
func (w *world) server(statements ...string) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, w.store.Server().AdminDSN())
	w.g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range statements {
		_, err := conn.Exec(ctx, sql)
		w.g.Expect(err).NotTo(HaveOccurred(), sql)
	}
}

// inside runs a statement as the superuser, over a session of its own.
func (w *world) inside(sql string) {
	ctx := w.t.Context()
	conn, err := pgx.Connect(ctx, w.store.Server().DSN("postgres", w.store.Server().Password, w.store.Database))
	w.g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	w.g.Expect(err).NotTo(HaveOccurred())
}

// content is every row of every table, read by the superuser and without the code under test.
func (w *world) content(database string) map[string]string {
	ctx := w.t.Context()
	conn, err := pgx.Connect(ctx, w.store.Server().DSN("postgres", w.store.Server().Password, database))
	w.g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname LIKE 'alumni%'`)
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

// job is a backup on the volume, as the worker makes it of what it is told.
func (w *world) job(run string) *Job {
	w.t.Helper()
	destination, err := OpenVolume(w.volume, filepath.Join(w.told.Path, folder))
	w.g.Expect(err).NotTo(HaveOccurred())
	return w.jobTo(run, destination)
}

func (w *world) jobTo(run string, d Destination) *Job {
	w.t.Helper()
	return &Job{
		Login: w.store.Login(naming.RoleBackup), Network: Network{Cluster: "test", Namespace: "hoshino", Name: "main", UID: "uid-1"},
		RunName: run, ScheduledAt: time.Now(), Destination: d, Recipients: w.told.Recipients, Keep: Keep{Count: 14, Zone: time.UTC},
		Identity: []byte(w.identity.String() + "\n"), Scratch: w.told.Scratch, Clients: clients(w.t), Clock: clock.RealClock{},
		Log: slog.New(slog.DiscardHandler),
	}
}

func clients(t *testing.T) pgbin.Clients {
	c, err := pgbin.FindClients(t.Context(), pg.Start(t).BinDir())
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return c
}

// dir is the network's folder on the volume.
func (w *world) dir() string { return filepath.Join(w.volume, w.told.Path, folder) }

// files lists it.
func (w *world) files() []string {
	entries, err := os.ReadDir(w.dir())
	w.g.Expect(err).NotTo(HaveOccurred())
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// backups are the complete ones, the newest first.
func (w *world) backups(d Destination) []string {
	entries, err := d.List(w.t.Context())
	w.g.Expect(err).NotTo(HaveOccurred())
	names := []string{}
	for _, b := range survey(entries).backups {
		names = append(names, b.name)
	}
	return names
}

// journal is how a run ended.
func (w *world) journal(run string) string {
	var line string
	err := w.store.Admin().QueryRow(w.t.Context(),
		`SELECT concat_ws(' ', kind, state, nullif(failure, '')) FROM alumni.backup_run WHERE run_name = $1`, run).Scan(&line)
	w.g.Expect(err).NotTo(HaveOccurred())
	return line
}

// code is the code of an error.
func code(g *WithT, err error) Code {
	g.THelper()
	var f *Failure
	g.Expect(err).To(HaveOccurred())
	g.Expect(fmt.Sprintf("%T", err)).To(Equal(fmt.Sprintf("%T", f)))
	return asFailure(context.Background(), err, "").Code
}

// worker makes a process of the real worker, with the folders that the operator would mount.
func (w *world) worker(run string, out *bytes.Buffer, programs string, args ...string) *exec.Cmd {
	w.t.Helper()
	binary, err := buildWorker()
	w.g.Expect(err).NotTo(HaveOccurred())
	dir := w.t.TempDir()
	encoded, err := json.Marshal(w.told)
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(os.WriteFile(filepath.Join(dir, settings.BackupFile), encoded, 0o600)).To(Succeed())
	w.g.Expect(os.WriteFile(filepath.Join(dir, settings.BackupIdentityFile), []byte(w.identity.String()), 0o600)).To(Succeed())
	cmd := exec.Command(binary, append(args, "--backup-dir", dir, "--identity-dir", dir, "--volume-dir", w.volume,
		"--database-dir", w.store.Dir(naming.RoleBackup), "--program-dir", programs)...)
	cmd.Env = append(os.Environ(), settings.EnvRunName+"="+run, settings.EnvScheduledAt+"="+time.Now().UTC().Format(time.RFC3339))
	cmd.Stdout, cmd.Stderr = out, out
	return cmd
}

// stalling is a folder with a pg_dump that writes the beginning of a dump and then waits. It notes its arguments.
func (w *world) stalling() (folder, arguments string) {
	w.t.Helper()
	folder = w.t.TempDir()
	arguments = filepath.Join(folder, "arguments")
	programs := pg.Start(w.t).BinDir()
	script := strings.NewReplacer("REAL", programs, "ARGUMENTS", arguments).Replace(`#!/bin/sh
case $1 in --version) exec REAL/pg_dump --version ;; esac
echo "$@" > ARGUMENTS
REAL/pg_dump "$@" | head -c 200000
sleep 600
`)
	w.g.Expect(os.WriteFile(filepath.Join(folder, "pg_dump"), []byte(script), 0o755)).To(Succeed())
	w.g.Expect(os.Symlink(filepath.Join(programs, "pg_restore"), filepath.Join(folder, "pg_restore"))).To(Succeed())
	return folder, arguments
}

// spec is what the operator wants of the store.
func (w *world) spec() postgres.Spec {
	passwords := map[naming.Role]string{}
	for _, role := range naming.Roles() {
		passwords[role] = w.store.Login(role).Password
	}
	claim := postgres.Claim{ClusterID: "test", Namespace: "test", Name: w.store.Database, NetworkUID: w.store.Database}
	spec, err := postgres.NewSpec(w.store.Database, claim, passwords)
	w.g.Expect(err).NotTo(HaveOccurred())
	return spec
}

// owner is the login of the owner role, in a database of its server.
func (w *world) owner(database string) dbconn.Login {
	login := w.store.Login(naming.RoleOwner)
	return login.As(login.Username, login.Password, database)
}
