// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package perf_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/sink"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

const (
	campaignRecipients  = 100_000
	campaignConnections = 20
	campaignRounds      = 3
	campaignDue         = "2026-11-21T00:00:00Z"
	campaignLead        = 8 * time.Second
)

// campaignBody makes a mail of about 4 KB with both parts, layout and footer.
var campaignBody = "# Autumn news\n\nDear {{ .Member.DisplayName }},\n\n" +
	"{{ if .Member.YearsSinceDeparture }}it is {{ .Member.YearsSinceDeparture }} years since you left. {{ end }}This is what is new.\n\n" +
	strings.Repeat("The new hall is open and the old one is being rebuilt.\n", 6) +
	"\n- [Reunion]({{ .Links.Portal }}/events)\n- [Open positions](https://jobs.hoshino.example/)\n"

// BenchmarkCampaign sends 100,000 mails with the real worker to a loopback mail server that counts, as the operator
// would start it, and has a client that only blasts the same number of mails of the same size beside it, in the same
// minute: the ratio says more than the speed, which differs by 40 % between hours on a shared machine.
func BenchmarkCampaign(b *testing.B) {
	tools := benchTools(b)
	for range b.N {
		c := newCampaignBench(b, tools)
		var speeds, ratios []float64
		for round := range campaignRounds {
			result := c.run(round)
			ceiling := c.blast(result.size, true)
			plain := c.blast(result.size, false)
			speeds, ratios = append(speeds, result.perSecond), append(ratios, result.perSecond/ceiling)
			b.Logf("round %d: %s; blast %.0f/s pipelined, %.0f/s in a plain dialogue; ratio %.2f and %.2f", round+1, result,
				ceiling, plain, result.perSecond/ceiling, result.perSecond/plain)
		}
		slices.Sort(speeds)
		slices.Sort(ratios)
		b.ReportMetric(speeds[len(speeds)/2], "messages/s")
		b.ReportMetric(ratios[len(ratios)/2], "of-ceiling")
	}
}

// benchTools builds the worker and the programs that it is measured with.
func benchTools(b *testing.B) map[string]string {
	b.Helper()
	tools := map[string]string{"smtp-blast": sink.Program(b, "smtp-blast"), "worker": filepath.Join(b.TempDir(), "worker")}
	command(b, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", tools["worker"], "github.com/alumni-operator/alumni-operator/cmd/worker")
	return tools
}

func command(b *testing.B, name string, args ...string) string {
	b.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		b.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// campaignBench is a store full of members and a running sink.
type campaignBench struct {
	b     *testing.B
	store *store.Store
	tools map[string]string
	dir   string
	sink  *sink.Server
}

func newCampaignBench(b *testing.B, tools map[string]string) *campaignBench {
	b.Helper()
	c := &campaignBench{b: b, store: store.New(b), tools: tools, dir: b.TempDir(), sink: sink.Start(b)}
	c.seed()
	host, port, _ := strings.Cut(c.sink.SMTP, ":")
	c.network(host, port)
	c.write(settings.CampaignFile, settings.Campaign{
		UID: "c", Name: "news", Generation: 1, Type: "Newsletter", MaxRecipients: 10 * campaignRecipients, RetryDeadlineSeconds: 3600, OnUnknown: "Resend",
		Locales: []settings.LocalisedContent{{Locale: "en", Subject: "News for {{ .Member.GivenName }}", Body: campaignBody}},
	})
	must(b, os.WriteFile(filepath.Join(c.dir, settings.TokenKeyFile), bytes.Repeat([]byte{1}, 32), 0o600))
	return c
}

// network names the mail server that the next worker sends to.
func (c *campaignBench) network(host, port string) {
	c.b.Helper()
	number, err := strconv.Atoi(port)
	must(c.b, err)
	c.write(settings.NetworkFile, settings.Network{
		UID: "n", Namespace: "perf", Name: "alumni", DisplayName: "Hoshino Alumni", DefaultLocale: "en", TimeZone: "Asia/Tokyo",
		PublicURL: "https://alumni.hoshino.example", Operator: settings.Operator{Name: "Hoshino", Address: "Tokyo", Contact: "a@hoshino.example"},
		Email: &settings.Email{Host: host, Port: number, TLS: "None", FromAddress: "alumni@hoshino.example", FromName: "Hoshino",
			MaxPerSecond: 100_000, MaxPerHour: 100_000_000, MaxConnections: campaignConnections},
		QuietHours:   &settings.QuietHours{From: "00:00", Until: "00:00"},
		FrequencyCap: &settings.FrequencyCap{PerDay: 100, PerSevenDays: 100},
	})
}

func (c *campaignBench) write(name string, v any) {
	c.b.Helper()
	content, err := json.Marshal(v)
	must(c.b, err)
	must(c.b, os.WriteFile(filepath.Join(c.dir, name), content, 0o600))
}

// seed makes active members with consent, an address and an employment each.
func (c *campaignBench) seed() {
	c.b.Helper()
	for _, sql := range []string{
		`INSERT INTO alumni.member (id, state, family_name, given_name, locale, joined_at)
		 SELECT gen_random_uuid(), 'Active', 'Family' || i, 'Given' || i, 'en', now() FROM generate_series(1, %d) i`,
		`INSERT INTO alumni.contact (member_id, channel, address, source)
		 SELECT id, 'Email', 'u' || lpad(row_number() OVER ()::text, 7, '0') || '@example.test', 'Roster' FROM alumni.member`,
		`INSERT INTO alumni.employment (member_id, department, joined_on, left_on) SELECT id, 'Sales', '2015-04-01', '2023-03-31' FROM alumni.member`,
		`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
		 SELECT id, 'Newsletter', 'Given', '1', 'Portal', 'bench', now() FROM alumni.member`,
		`VACUUM ANALYZE`,
	} {
		if strings.Contains(sql, "%d") {
			sql = fmt.Sprintf(sql, campaignRecipients)
		}
		_, err := c.store.Admin().Exec(c.b.Context(), sql)
		must(c.b, err)
	}
}

// campaignResult is one run as the sink and the kernel saw it.
type campaignResult struct {
	perSecond, sending  float64
	planned             time.Duration // from the start of the worker
	first, total        time.Duration // from when the run was due
	cpu, sinkCPU, pgCPU float64
	rss                 int64
	size                int64
}

func (r campaignResult) String() string {
	return fmt.Sprintf("planned %d ms after the worker's start; first message %d ms after it was due; %.0f messages/s over %.2f s, %d bytes each; done after %.2f s; worker %.2f CPU s and %d MiB, PostgreSQL %.2f CPU s, sink %.2f CPU s",
		r.planned.Milliseconds(), r.first.Milliseconds(), r.perSecond, r.sending, r.size, r.total.Seconds(), r.cpu, r.rss>>10, r.pgCPU, r.sinkCPU)
}

// run sends one whole run with the real worker, which is started as long before it is due as the operator does at least, and makes sure
// that everybody got one mail.
func (c *campaignBench) run(round int) campaignResult {
	c.b.Helper()
	c.sink.Reset()
	before, postgres := c.sink.Stats(campaignRecipients).CPU, c.postgresCPU()
	worker := exec.Command(c.tools["worker"], "campaign", "--database-dir", c.store.Dir(naming.RoleCampaign), "--network-dir", c.dir,
		"--campaign-dir", c.dir, "--token-key-dir", c.dir, "--email-dir", filepath.Join(c.dir, "none"))
	started := time.Now()
	due := started.Add(campaignLead).Truncate(time.Second)
	worker.Env = append(os.Environ(), settings.EnvRunName+"=news-"+strconv.Itoa(round), settings.EnvScheduledAt+"="+due.UTC().Format(time.RFC3339))
	var log bytes.Buffer
	worker.Stderr = &log
	if err := worker.Run(); err != nil {
		c.b.Fatalf("run the worker: %v\n%s", err, &log)
	}
	total := time.Since(due)
	s := c.sink.Stats(campaignRecipients)
	if s.Accepted != campaignRecipients || s.Histogram["1"] != campaignRecipients || s.NoUnsub != 0 {
		c.b.Fatalf("the sink took %d mails, %v per recipient, %d without List-Unsubscribe", s.Accepted, s.Histogram, s.NoUnsub)
	}
	usage, ok := worker.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		c.b.Fatal("the kernel does not tell what the worker used")
	}
	return campaignResult{
		perSecond: s.PerSecond, sending: s.Seconds, planned: c.joined(&log).Sub(started), first: time.UnixMilli(s.First).Sub(due), total: total, pgCPU: c.postgresCPU() - postgres,
		cpu: (worker.ProcessState.UserTime() + worker.ProcessState.SystemTime()).Seconds(), rss: usage.Maxrss, size: s.Bytes / s.Accepted, sinkCPU: s.CPU - before,
	}
}

// joined is when the worker wrote that the audience is frozen.
func (c *campaignBench) joined(log *bytes.Buffer) time.Time {
	c.b.Helper()
	for line := range strings.Lines(log.String()) {
		var entry struct {
			Time time.Time
			Msg  string
		}
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "Joining run" {
			return entry.Time
		}
	}
	c.b.Fatalf("the worker does not say when it joined the run:\n%s", log)
	return time.Time{}
}

// postgresCPU is the CPU time of the server and of all its sessions.
func (c *campaignBench) postgresCPU() float64 {
	c.b.Helper()
	var file string
	must(c.b, c.store.Admin().QueryRow(c.b.Context(), "SELECT pg_read_file('postmaster.pid')").Scan(&file))
	postmaster, _, _ := strings.Cut(file, "\n")
	processes, err := filepath.Glob("/proc/[0-9]*/stat")
	must(c.b, err)
	ticks := 0
	for _, process := range processes {
		stat, err := os.ReadFile(process)
		if err != nil {
			continue // it has just ended
		}
		const parent, utime, stime, reapedUtime, reapedStime = 1, 11, 12, 13, 14
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		count := []int{}
		switch {
		case fields[parent] == postmaster: // a process that serves a connection
			count = []int{utime, stime}
		case process == "/proc/"+postmaster+"/stat": // with those that have ended
			count = []int{utime, stime, reapedUtime, reapedStime}
		}
		for _, field := range count {
			n, err := strconv.Atoi(fields[field])
			must(c.b, err)
			ticks += n
		}
	}
	return float64(ticks) / 100
}

var perSecond = regexp.MustCompile(`per_second (\d+)`)

// blast measures the ceiling: the same number of mails of the same size, all alike.
func (c *campaignBench) blast(size int64, pipelined bool) float64 {
	c.b.Helper()
	c.sink.Reset()
	args := []string{"-smtp", c.sink.SMTP, "-n", strconv.Itoa(campaignRecipients), "-c", strconv.Itoa(campaignConnections), "-size", strconv.FormatInt(size, 10), "-rset=false"}
	if pipelined {
		args = append(args, "-pipeline")
	}
	found := perSecond.FindStringSubmatch(command(c.b, c.tools["smtp-blast"], args...))
	if found == nil {
		c.b.Fatal("the blast does not tell its speed")
	}
	speed, err := strconv.ParseFloat(found[1], 64)
	must(c.b, err)
	return speed
}
