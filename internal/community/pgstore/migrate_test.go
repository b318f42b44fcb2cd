// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

// emptyStore is a database with the schemas that provisioning makes, and a login that owns it.
func emptyStore(t *testing.T) (dbconn.Login, *pgx.Conn) {
	t.Helper()
	server := pg.Start(t)
	config, err := pgx.ParseConfig(server.NewDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	login := dbconn.Login{
		Host: server.Host, Port: uint16(server.Port), Database: config.Database, Username: "postgres",
		Password: server.Password, SSLMode: dbconn.SSLDisable,
	}
	conn, err := dbconn.Connect(t.Context(), login, dbconn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	for _, schema := range []string{"alumni", "alumni_stats", "alumni_operator"} {
		if _, err := conn.Exec(t.Context(), "CREATE SCHEMA "+schema); err != nil {
			t.Fatal(err)
		}
	}
	return login, conn
}

// with adds migrations to the embedded ones.
func with(t *testing.T, extra map[string]string) fs.FS {
	t.Helper()
	all := fstest.MapFS{}
	entries, err := fs.ReadDir(migrations(), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := fs.ReadFile(migrations(), e.Name())
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = &fstest.MapFile{Data: content}
	}
	for name, sql := range extra {
		all[name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + sql)}
	}
	return all
}

func scan[T any](t *testing.T, conn *pgx.Conn, query string) T {
	t.Helper()
	var v T
	if err := conn.QueryRow(t.Context(), query).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// known is how many migrations there are; their numbers may have gaps.
func known(t *testing.T) int64 {
	t.Helper()
	names, err := fs.Glob(migrations(), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	return int64(len(names))
}

func TestMigrateBringsAStoreToTheLatestVersionOnce(t *testing.T) {
	g := NewWithT(t)
	login, conn := emptyStore(t)

	for range 2 {
		version, err := Migrate(t.Context(), login)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(version).To(Equal(LatestVersion()))
	}

	g.Expect(scan[int64](t, conn, `SELECT version FROM alumni_stats.schema_version`)).To(Equal(LatestVersion()))
	g.Expect(scan[int64](t, conn, `SELECT count(*) FROM alumni.schema_migration WHERE version_id > 0`)).To(Equal(known(t)), "no migration ran twice")
}

func TestAFailingMigrationLeavesTheStoreAsItWas(t *testing.T) {
	g := NewWithT(t)
	login, conn := emptyStore(t)
	_, err := Migrate(t.Context(), login)
	g.Expect(err).NotTo(HaveOccurred())
	broken := with(t, map[string]string{
		"90001_good.sql":   "CREATE TABLE alumni.good (n int);",
		"90002_broken.sql": "CREATE TABLE alumni.half (n int);\nINSERT INTO alumni.half VALUES (1);\nSELECT 1 / 0;",
		"90003_never.sql":  "CREATE TABLE alumni.never (n int);",
	})

	for range 2 { // the second try finds the same state
		version, err := migrate(t.Context(), login, "", broken)
		g.Expect(err).To(MatchError(ContainSubstring("division by zero")))
		g.Expect(version).To(Equal(int64(90001)))
		g.Expect(scan[bool](t, conn, `SELECT to_regclass('alumni.good') IS NOT NULL AND to_regclass('alumni.half') IS NULL AND to_regclass('alumni.never') IS NULL`)).To(BeTrue())
		g.Expect(scan[int64](t, conn, `SELECT version FROM alumni_stats.schema_version`)).To(Equal(int64(90001)))
	}

	mended := with(t, map[string]string{
		"90001_good.sql": "CREATE TABLE alumni.good (n int);", "90002_broken.sql": "CREATE TABLE alumni.half (n int);",
		"90003_never.sql": "CREATE TABLE alumni.never (n int);",
	})
	version, err := migrate(t.Context(), login, "", mended)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(version).To(Equal(int64(90003)))
}

func TestAStoreOfANewerOperatorIsNotMigrated(t *testing.T) {
	g := NewWithT(t)
	login, conn := emptyStore(t)
	_, err := migrate(t.Context(), login, "", with(t, map[string]string{"90001_future.sql": "CREATE TABLE alumni.future (n int);"}))
	g.Expect(err).NotTo(HaveOccurred())

	version, err := Migrate(t.Context(), login)

	newer := (*NewerSchemaError)(nil)
	g.Expect(errors.As(err, &newer)).To(BeTrue(), "%v", err)
	g.Expect(*newer).To(Equal(NewerSchemaError{Found: 90001, Known: LatestVersion()}))
	g.Expect(version).To(Equal(int64(90001)))
	g.Expect(scan[bool](t, conn, `SELECT to_regclass('alumni.future') IS NOT NULL`)).To(BeTrue())
}

func TestMigratorsAtTheSameTimeDoNoHarm(t *testing.T) {
	g := NewWithT(t)
	login, conn := emptyStore(t)
	var group sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		group.Go(func() { _, errs[i] = Migrate(context.Background(), login) })
	}
	group.Wait()

	g.Expect(errors.Join(errs...)).NotTo(HaveOccurred())
	g.Expect(scan[int64](t, conn, `SELECT count(*) FROM alumni.schema_migration WHERE version_id > 0`)).To(Equal(known(t)))
	g.Expect(scan[int64](t, conn, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'`)).To(BeZero(), "the lock is given back")
}

func TestMigrateIsSilentAndKeepsThePassword(t *testing.T) {
	g := NewWithT(t)
	login, _ := emptyStore(t)
	login.Password = "canary-password"
	stdout, stderr, done := capture(t)

	_, err := Migrate(t.Context(), login)

	g.Expect(err).To(MatchError(dbconn.ErrAuthentication))
	g.Expect(err.Error()).NotTo(ContainSubstring("canary"))
	login.Password = pg.Start(t).Password
	_, err = Migrate(t.Context(), login)
	g.Expect(err).NotTo(HaveOccurred())
	done()
	g.Expect(read(t, stdout) + read(t, stderr)).To(BeEmpty())
}

// capture sends what the process prints to two files.
func capture(t *testing.T) (stdout, stderr string, done func()) {
	t.Helper()
	oldOut, oldErr := os.Stdout, os.Stderr
	files := make([]*os.File, 2)
	for i := range files {
		f, err := os.CreateTemp(t.TempDir(), "printed")
		if err != nil {
			t.Fatal(err)
		}
		files[i] = f
	}
	os.Stdout, os.Stderr = files[0], files[1]
	done = func() { os.Stdout, os.Stderr = oldOut, oldErr }
	t.Cleanup(done)
	return files[0].Name(), files[1].Name(), done
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestMigrationsAreForwardOnlyAndTransactional reads the files as a reviewer would.
func TestMigrationsAreForwardOnlyAndTransactional(t *testing.T) {
	entries, err := fs.ReadDir(migrations(), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			g := NewWithT(t)
			content, err := fs.ReadFile(migrations(), e.Name())
			g.Expect(err).NotTo(HaveOccurred())
			text := string(content)
			g.Expect(text).To(ContainSubstring("SPDX-License-Identifier"))
			g.Expect(strings.Count(text, "-- +goose Up")).To(Equal(1))
			g.Expect(text).NotTo(ContainSubstring("-- +goose Down"))
			if strings.Contains(text, "NO TRANSACTION") {
				g.Expect(text).To(ContainSubstring("CONCURRENTLY"), "only concurrent index builds go without a transaction")
			}
		})
	}
}

// migrateAgain runs what may have run before, as after a crash between the change and its note.
func migrateAgain(t *testing.T, file string) *pgx.Conn {
	t.Helper()
	g := NewWithT(t)
	login, conn := emptyStore(t)
	_, err := Migrate(t.Context(), login)
	g.Expect(err).NotTo(HaveOccurred())
	content, err := fs.ReadFile(migrations(), file)
	g.Expect(err).NotTo(HaveOccurred())
	for range 2 {
		_, err = conn.Exec(t.Context(), string(content))
		g.Expect(err).NotTo(HaveOccurred())
	}
	return conn
}

func TestBouncesMigrateAgain(t *testing.T) {
	conn := migrateAgain(t, "00009_bounces.sql")
	NewWithT(t).Expect(scan[int64](t, conn, `SELECT count(*) FROM pg_constraint WHERE conrelid = 'alumni.suppression'::regclass AND contype = 'c' AND conname LIKE '%reason%'`)).To(Equal(int64(1)))
}

func TestSurveysMigrateAgain(t *testing.T) {
	conn := migrateAgain(t, "00026_surveys.sql")
	NewWithT(t).Expect(scan[int64](t, conn, `SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'survey\_%'`)).To(Equal(int64(3)))
}

// takesAway finds statements after which programs of the version before could fail.
var takesAway = regexp.MustCompile(`(?im)^[^-\n]*\b(DROP\s+(TABLE|COLUMN|VIEW|FUNCTION|TYPE|SCHEMA)|RENAME\s+(TO|COLUMN)|ALTER\s+COLUMN\s+\S+\s+(SET\s+DATA\s+)?TYPE|SET\s+NOT\s+NULL)\b`)

// TestMigrationsTakeNothingAwayFromTheVersionBefore asks for a reason wherever one does (docs/upgrades.md).
func TestMigrationsTakeNothingAwayFromTheVersionBefore(t *testing.T) {
	entries, err := fs.ReadDir(migrations(), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			content, err := fs.ReadFile(migrations(), e.Name())
			g := NewWithT(t)
			g.Expect(err).NotTo(HaveOccurred())
			if found := takesAway.FindString(string(content)); found != "" {
				g.Expect(string(content)).To(MatchRegexp(`(?m)^-- contract: .* not used since v\d`),
					"%q: say in a comment, \"-- contract: WHAT is not used since vX.Y\", which version stopped using it", strings.TrimSpace(found))
			}
		})
	}
}

// TestGrantsNameWhatExists catches a grant whose table or column was renamed: provisioning would wait for it
// without a word.
func TestGrantsNameWhatExists(t *testing.T) {
	g := NewWithT(t)
	login, conn := emptyStore(t)
	_, err := Migrate(t.Context(), login)
	g.Expect(err).NotTo(HaveOccurred())

	for _, grant := range Grants() {
		if schema, whole := strings.CutSuffix(grant.Object, ".*"); whole {
			g.Expect(scan[bool](t, conn, `SELECT to_regnamespace('`+schema+`') IS NOT NULL`)).To(BeTrue(), grant.Object)
			continue
		}
		var missing []string
		g.Expect(conn.QueryRow(t.Context(), `
			SELECT ARRAY(SELECT c FROM unnest($2::text[]) c WHERE NOT EXISTS (
			    SELECT FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attname = c AND a.attnum > 0))`,
			grant.Object, grant.Columns).Scan(&missing)).To(Succeed(), grant.Object)
		g.Expect(missing).To(BeEmpty(), grant.Object)
		g.Expect(grant.Privileges).NotTo(BeEmpty())
		for _, p := range grant.Privileges {
			g.Expect(p).To(BeElementOf("SELECT", "INSERT", "UPDATE", "DELETE"))
		}
	}
}
