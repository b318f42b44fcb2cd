// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/roster"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

func TestMain(m *testing.M) {
	if place := os.Getenv(crashEnv); place != "" {
		os.Exit(crashChild(place))
	}
	os.Exit(pg.Run(m))
}

// today is the day on which the tests take place.
var today = time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)

var tokyo = func() *time.Location {
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		panic(err)
	}
	return zone
}()

var pepper = bytes.Repeat([]byte{7}, 32)

// fixture is a store with a volume for the roster file.
type fixture struct {
	*store.Store
	t   *testing.T
	dir string
	log *bytes.Buffer
	run int
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return &fixture{Store: store.New(t), t: t, dir: t.TempDir(), log: &bytes.Buffer{}}
}

// fresh empties the store for a subtest, which is faster than a new one.
func (f *fixture) fresh(t *testing.T) *fixture {
	t.Helper()
	sub := &fixture{Store: f.Store, t: t, dir: t.TempDir(), log: &bytes.Buffer{}}
	sub.exec(`WITH a AS (DELETE FROM alumni.member), b AS (DELETE FROM alumni.roster_import), c AS (DELETE FROM alumni.tombstone) SELECT`)
	return sub
}

// job reads leavers.csv as a new run.
func (f *fixture) job() roster.Job {
	f.run++
	job := f.plainJob("alumni-roster-" + strings.Repeat("i", f.run))
	job.Pool, job.Log = f.Pool(naming.RoleRoster), slog.New(slog.NewJSONHandler(f.log, nil))
	return job
}

// plainJob has everything but a pool.
func (f *fixture) plainJob(name string) roster.Job {
	return roster.Job{
		RunName: name, Zone: tokyo, Pepper: pepper, Source: roster.Source{Volume: f.dir, Path: "leavers.csv"},
		Format: roster.Format{Encoding: roster.EncodingUTF8, DefaultLocale: "ja", Today: today}, Log: slog.New(slog.DiscardHandler),
	}
}

// write puts the file in place.
func (f *fixture) write(content string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, "leavers.csv"), []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// take imports lines under the given headings and fails the test when the import does.
func (f *fixture) take(lines ...string) roster.Result {
	f.t.Helper()
	f.write(strings.Join(lines, "\n") + "\n")
	result, err := f.job().Run(f.t.Context())
	if err != nil {
		f.t.Fatalf("import: %v", err)
	}
	return result
}

// exec runs SQL as the superuser.
func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.Admin().Exec(f.t.Context(), sql, args...); err != nil {
		f.t.Fatalf("%s: %v", sql, err)
	}
}

// text reads one text as the superuser.
func (f *fixture) text(sql string, args ...any) string {
	f.t.Helper()
	var s string
	if err := f.Admin().QueryRow(f.t.Context(), "SELECT coalesce(("+sql+")::text, 'null')", args...).Scan(&s); err != nil {
		f.t.Fatalf("%s: %v", sql, err)
	}
	return s
}
