// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package perf_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/sink"
)

// ordeal is what a run of 100,000 mails goes through, and what may come of it.
type ordeal struct {
	name    string
	sink    []string  // faults of the mail server
	killAt  []float64 // shares of the mails at which the worker is killed and started again
	termAt  float64   // share at which it is told to stop and started again
	away    time.Duration
	restart bool // PostgreSQL is stopped and started again

	doubled     int // most mails beyond the first, all recipients together
	unreachable bool
}

// maxDoubled is what a kill may double (campaign.md M3).
const maxDoubled = 100

func ordeals() []ordeal {
	var all []ordeal
	for _, share := range []float64{0.1, 0.5, 0.9} {
		for n := range 3 {
			all = append(all, ordeal{name: fmt.Sprintf("SIGKILL at %.0f %%, time %d", share*100, n+1), killAt: []float64{share}, doubled: maxDoubled})
		}
	}
	return append(all,
		ordeal{name: "SIGKILL at 30 % and at 60 %", killAt: []float64{0.3, 0.6}, doubled: 2 * maxDoubled},
		ordeal{name: "SIGTERM at 50 %", termAt: 0.5},
		ordeal{name: "451 for one in a hundred", sink: []string{"-temp", "0.01"}},
		ordeal{name: "greylisting for two seconds", sink: []string{"-grey", "2s"}},
		ordeal{name: "550 5.1.1 for one in a hundred", sink: []string{"-perm", "0.01"}, unreachable: true},
		ordeal{name: "five in a hundred answers lost", sink: []string{"-lost", "0.05"}, doubled: campaignRecipients / 10},
		ordeal{name: "the mail server is away for a minute", away: time.Minute, doubled: maxDoubled},
		ordeal{name: "PostgreSQL stops and starts", restart: true, doubled: maxDoubled},
	)
}

// BenchmarkChaos puts runs of the real worker through everything that campaign.md asks for, and prints how many recipients got
// none, one and more. It fails when somebody reachable got none, or too many got more. ALUMNI_CHAOS names a part of an ordeal's
// name to try that one alone.
func BenchmarkChaos(b *testing.B) {
	tools := benchTools(b)
	for range b.N {
		c := newCampaignBench(b, tools)
		for n, o := range ordeals() {
			if strings.Contains(o.name, os.Getenv("ALUMNI_CHAOS")) {
				c.suffer(n, o)
			}
		}
	}
}

// suffer does one run under an ordeal.
func (c *campaignBench) suffer(n int, o ordeal) {
	c.b.Helper()
	server := sink.Start(c.b, o.sink...)
	way := newRelay(c.b, server.SMTP)
	host, port, _ := net.SplitHostPort(way.address)
	c.network(host, port)
	run := fmt.Sprintf("chaos-%d", n)
	started := time.Now()
	w := c.chaosWorker(run)
	for _, share := range o.killAt {
		c.taken(server, w, share)
		must(c.b, w.Process.Kill())
		<-w.ended
		w = c.chaosWorker(run)
	}
	exit := ""
	if o.termAt > 0 {
		c.taken(server, w, o.termAt)
		told := time.Now()
		must(c.b, w.Process.Signal(syscall.SIGTERM))
		<-w.ended
		exit = fmt.Sprintf("; ended %.1f s after SIGTERM", time.Since(told).Seconds())
		w = c.chaosWorker(run)
	}
	if o.away > 0 {
		c.taken(server, w, 0.3)
		way.close()
		time.Sleep(o.away)
		way.open()
	}
	if o.restart {
		c.taken(server, w, 0.3)
		c.store.Server().Stop(c.b)
		c.store.Server().Restart(c.b)
	}
	for <-w.ended; w.ProcessState.ExitCode() != 0; <-w.ended {
		if time.Since(started) > 10*time.Minute {
			c.b.Fatalf("%s: the run does not end\n%s", o.name, w.log)
		}
		w = c.chaosWorker(run) // as the Job would
	}
	c.judge(o, run, server, time.Since(started), exit)
}

// judge prints what came of a run, and fails when it may not be.
func (c *campaignBench) judge(o ordeal, run string, server *sink.Server, took time.Duration, exit string) {
	c.b.Helper()
	s := server.Stats(campaignRecipients)
	none, one := s.Histogram["0"], s.Histogram["1"]
	more := campaignRecipients - none - one
	extra := s.Accepted - (campaignRecipients - none)
	var sent, refused int64
	must(c.b, c.store.Admin().QueryRow(c.b.Context(), `SELECT count(*) FILTER (WHERE d.state = 'Sent'), count(*) FILTER (WHERE d.state = 'Failed' AND d.reason = 'HardBounce')
		FROM alumni.delivery d JOIN alumni.campaign_run r ON r.id = d.run_id WHERE r.run_name = $1`, run).Scan(&sent, &refused))
	c.b.Logf("%-36s none %d, one %d, more %d (%d mails too many); ledger: %d sent, %d refused; %.0f s%s", o.name, none, one, more, extra, sent, refused, took.Seconds(), exit)
	if want := map[bool]int64{true: refused}[o.unreachable]; none != want || sent+refused != campaignRecipients {
		c.b.Errorf("%s: %d got nothing, want %d; the ledger has %d and %d of %d", o.name, none, want, sent, refused, campaignRecipients)
	}
	if extra > int64(o.doubled) {
		c.b.Errorf("%s: %d mails too many, at most %d may be", o.name, extra, o.doubled)
	}
	_, err := c.store.Admin().Exec(c.b.Context(), "DELETE FROM alumni.suppression")
	must(c.b, err)
}

// chaosProcess is a worker under way.
type chaosProcess struct {
	*exec.Cmd
	log   *bytes.Buffer
	ended chan struct{}
}

func (c *campaignBench) chaosWorker(run string) *chaosProcess {
	c.b.Helper()
	cmd := exec.Command(c.tools["worker"], "campaign", "--database-dir", c.store.Dir(naming.RoleCampaign), "--network-dir", c.dir, "--campaign-dir", c.dir,
		"--token-key-dir", c.dir, "--email-dir", filepath.Join(c.dir, "none"), "--lease", "5s", "--backoff-base", "500ms")
	cmd.Env = append(os.Environ(), settings.EnvRunName+"="+run, settings.EnvScheduledAt+"="+campaignDue)
	w := &chaosProcess{Cmd: cmd, log: &bytes.Buffer{}, ended: make(chan struct{})}
	cmd.Stderr = w.log
	must(c.b, cmd.Start())
	go func() { _ = cmd.Wait(); close(w.ended) }()
	c.b.Cleanup(func() { _ = cmd.Process.Kill(); <-w.ended })
	return w
}

// taken waits until the mail server has taken a share of the mails.
func (c *campaignBench) taken(server *sink.Server, w *chaosProcess, share float64) {
	c.b.Helper()
	for float64(server.Stats(0).Accepted) < share*campaignRecipients {
		select {
		case <-w.ended:
			c.b.Fatalf("the worker ended too early\n%s", w.log)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// relay stands between worker and mail server, and can be away.
type relay struct {
	address string
	target  string
	mu      sync.Mutex
	listen  net.Listener
	conns   map[net.Conn]bool
	t       testing.TB
}

func newRelay(t testing.TB, target string) *relay {
	r := &relay{address: "127.0.0.1:0", target: target, t: t}
	r.open()
	r.address = r.listen.Addr().String()
	t.Cleanup(r.close)
	return r
}

func (r *relay) open() {
	l, err := net.Listen("tcp", r.address)
	must(r.t, err)
	r.mu.Lock()
	r.listen, r.conns = l, map[net.Conn]bool{}
	r.mu.Unlock()
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go r.pass(in)
		}
	}()
}

func (r *relay) pass(in net.Conn) {
	out, err := net.Dial("tcp", r.target)
	if err != nil {
		_ = in.Close()
		return
	}
	r.mu.Lock()
	r.conns[in], r.conns[out] = true, true
	r.mu.Unlock()
	go func() { _, _ = io.Copy(out, in); _ = out.Close(); _ = in.Close() }()
	_, _ = io.Copy(in, out)
	_ = in.Close()
	_ = out.Close()
}

func (r *relay) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.listen.Close()
	for conn := range r.conns {
		_ = conn.Close()
	}
	r.conns = map[net.Conn]bool{}
}
