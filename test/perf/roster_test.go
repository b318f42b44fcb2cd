// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package perf_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/people"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

const (
	rosterRows = 100_000
	// The goals of an import of rosterRows rows.
	rosterGoal       = 10 * time.Second
	rosterMemoryGoal = 64 << 10 // KiB
)

// BenchmarkRoster runs the real worker over rosters of 100,000 rows, as the operator would start it, and a plain
// COPY of the same file into a table of texts beside it: what the database needs for the bytes alone.
func BenchmarkRoster(b *testing.B) {
	worker := buildRosterWorker(b)
	for _, c := range []struct {
		name string
		file people.Roster
	}{
		{"UTF-8", people.Roster{Company: "hoshino-logistics", Seed: 1, Headings: people.English, Encoding: people.UTF8}},
		{"Shift_JIS", people.Roster{Company: "hoshino-foods", Seed: 1, Headings: people.Japanese, Encoding: people.ShiftJIS}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				r := newRosterBench(b, worker, c.file)
				r.report("first import", r.run("first"), r.copyTime())
				r.report("same file again", r.run("again"), 0)
				other := c.file
				other.Seed++ // other people under the same numbers: every row changes
				r.write(other)
				r.report("every row changed", r.run("changed"), 0)
			}
		})
	}
}

// rosterBench is one store with the worker's mounted folders.
type rosterBench struct {
	b      *testing.B
	store  *store.Store
	worker string
	dirs   map[string]string
	path   string
	file   people.Roster
}

func newRosterBench(b *testing.B, worker string, file people.Roster) *rosterBench {
	b.Helper()
	r := &rosterBench{b: b, store: store.New(b), worker: worker, dirs: map[string]string{
		"network-dir": b.TempDir(), "pepper-dir": b.TempDir(), "volume-dir": b.TempDir(), "secret-dir": b.TempDir(),
	}}
	r.dirs["database-dir"] = r.store.Dir(naming.RoleRoster)
	network := settings.Network{DefaultLocale: "ja", TimeZone: "Asia/Tokyo", Roster: &settings.Roster{
		Path: "leavers.csv", Encoding: file.Encoding, Columns: map[string]string{},
	}}
	for _, column := range people.Columns(file.Headings) {
		network.Roster.Columns[column.Field] = column.Heading
	}
	content, err := json.Marshal(network)
	must(b, err)
	must(b, os.WriteFile(filepath.Join(r.dirs["network-dir"], settings.NetworkFile), content, 0o600))
	must(b, os.WriteFile(filepath.Join(r.dirs["pepper-dir"], settings.PepperFile), bytes.Repeat([]byte{1}, 32), 0o600))
	r.path = filepath.Join(r.dirs["volume-dir"], "leavers.csv")
	r.write(file)
	return r
}

func (r *rosterBench) write(file people.Roster) {
	r.b.Helper()
	out, err := os.Create(r.path)
	must(r.b, err)
	file.Count = rosterRows
	r.file = file
	_, err = file.Write(out)
	must(r.b, err)
	must(r.b, out.Close())
}

// rosterRun is what one run of the worker took.
type rosterRun struct {
	wall, cpu, server time.Duration
	peakKiB           int64
	counts            string
}

// run starts the worker and reads its own report; memory is what the kernel saw, not what Go believes.
func (r *rosterBench) run(name string) rosterRun {
	r.b.Helper()
	args := []string{"roster"}
	for flag, dir := range r.dirs {
		args = append(args, "--"+flag, dir)
	}
	command := exec.Command(r.worker, args...)
	command.Env = []string{settings.EnvRunName + "=" + name}
	var log bytes.Buffer
	command.Stderr = &log
	before, begun := r.serverTime(), time.Now()
	if err := command.Run(); err != nil {
		r.b.Fatalf("worker: %v\n%s", err, log.String())
	}
	result := rosterRun{wall: time.Since(begun), cpu: command.ProcessState.UserTime() + command.ProcessState.SystemTime()}
	result.server = r.serverTime() - before
	for lines := bufio.NewScanner(&log); lines.Scan(); {
		var line struct {
			Msg                                string
			PeakMemoryKiB                      int64
			Rows, Inserted, Updated, Unchanged int64
		}
		must(r.b, json.Unmarshal(lines.Bytes(), &line))
		if line.Msg == "Importing done" {
			result.peakKiB = line.PeakMemoryKiB
			result.counts = fmt.Sprintf("%d rows: %d new, %d changed, %d unchanged", line.Rows, line.Inserted, line.Updated, line.Unchanged)
		}
	}
	if !strings.HasPrefix(result.counts, strconv.Itoa(rosterRows)) || result.peakKiB == 0 {
		r.b.Fatalf("the worker reported no whole import:\n%s", log.String())
	}
	return result
}

// serverTime is the CPU time of the database's sessions, once those of the worker have ended. On a busy machine it
// tells more than the clock does.
func (r *rosterBench) serverTime() time.Duration {
	r.b.Helper()
	var folder string
	must(r.b, r.store.Admin().QueryRow(context.Background(), "SHOW data_directory").Scan(&folder))
	pid, err := os.ReadFile(filepath.Join(folder, "postmaster.pid"))
	must(r.b, err)
	first, _, _ := strings.Cut(string(pid), "\n")
	for r.hasSession(first) {
		time.Sleep(10 * time.Millisecond)
	}
	stat, err := os.ReadFile(filepath.Join("/proc", first, "stat"))
	must(r.b, err)
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var ticks int64
	for _, field := range fields[13:15] { // user and system time of children that were waited for
		n, err := strconv.ParseInt(field, 10, 64)
		must(r.b, err)
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100
}

// hasSession tells whether the server still has a process for the roster role, by the title that PostgreSQL gives
// it, or one that is ending and not counted yet: it has no title any more.
func (r *rosterBench) hasSession(server string) bool {
	r.b.Helper()
	title := "postgres: " + naming.DatabaseRole(r.store.Database, naming.RoleRoster)
	processes, err := filepath.Glob("/proc/[0-9]*")
	must(r.b, err)
	for _, p := range processes {
		stat, err := os.ReadFile(filepath.Join(p, "stat"))
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		content, err := os.ReadFile(filepath.Join(p, "cmdline"))
		if err == nil && fields[1] == server && (len(content) == 0 || bytes.HasPrefix(content, []byte(title))) {
			return true
		}
	}
	return false
}

// copyTime is the reference: COPY of the same bytes into a table of texts without index or check.
func (r *rosterBench) copyTime() time.Duration {
	r.b.Helper()
	var columns []string
	for _, c := range people.Columns(people.English) {
		columns = append(columns, c.Field+" text")
	}
	admin := r.store.Admin()
	_, err := admin.Exec(context.Background(), "CREATE TABLE public.reference ("+strings.Join(columns, ", ")+")")
	must(r.b, err)
	conn, err := admin.Acquire(context.Background())
	must(r.b, err)
	defer conn.Release()
	in, err := os.Open(r.path)
	must(r.b, err)
	defer func() { _ = in.Close() }()
	encoding := map[string]string{people.UTF8: "UTF8", people.ShiftJIS: "SJIS"}[r.file.Encoding]
	begun := time.Now()
	_, err = conn.Conn().PgConn().CopyFrom(context.Background(), in, "COPY public.reference FROM STDIN (FORMAT csv, HEADER, ENCODING '"+encoding+"')")
	must(r.b, err)
	return time.Since(begun)
}

// report prints one run. Memory over the goal is a failure; time is not, for it depends on what else the machine
// does.
func (r *rosterBench) report(what string, run rosterRun, reference time.Duration) {
	r.b.Helper()
	line := fmt.Sprintf("%-17s %s in %.2f s: %.0f rows/s; CPU: worker %.2f s, database %.2f s; peak %.1f MiB", what, run.counts, run.wall.Seconds(),
		rosterRows/run.wall.Seconds(), run.cpu.Seconds(), run.server.Seconds(), float64(run.peakKiB)/1024)
	if reference > 0 {
		line += fmt.Sprintf("; plain COPY of the file %.2f s (%.0f rows/s)", reference.Seconds(), rosterRows/reference.Seconds())
	}
	if run.wall > rosterGoal {
		line += fmt.Sprintf("; OVER THE GOAL of %s, at a load of %s", rosterGoal, load())
	}
	r.b.Log(line)
	key := strings.ReplaceAll(what, " ", "-")
	r.b.ReportMetric(rosterRows/run.wall.Seconds(), key+"-rows/s")
	r.b.ReportMetric(float64(run.peakKiB)/1024, key+"-MiB")
	if run.peakKiB > rosterMemoryGoal {
		r.b.Errorf("%s: over the goal of %d MiB", what, rosterMemoryGoal>>10)
	}
}

// load is the machine's load average over the last minute.
func load() string {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(content), " ")
	return first
}

func buildRosterWorker(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "worker")
	command := exec.Command("go", "build", "-o", path, "github.com/alumni-operator/alumni-operator/cmd/worker")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		b.Fatalf("build the worker: %v\n%s", err, out)
	}
	return path
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
