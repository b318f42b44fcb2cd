// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/smtptest"
)

// workerBinary is the real worker, built once for all tests.
var workerBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "worker")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "worker")
	out, err := exec.Command("go", "build", "-o", path, "github.com/alumni-operator/alumni-operator/cmd/worker").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the worker: %w: %s", err, out)
	}
	return path, nil
})

// process is a running worker.
type process struct {
	*exec.Cmd
	ended chan struct{}
}

// worker starts the real binary on the rig's job, as the operator would.
func (r *rig) worker() *process {
	r.Helper()
	path, err := workerBinary()
	if err != nil {
		r.Fatal(err)
	}
	dir := r.TempDir()
	write := func(name string, v any) {
		b, err := json.Marshal(v)
		if err != nil {
			r.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			r.Fatal(err)
		}
	}
	write(settings.NetworkFile, r.job.Network)
	write(settings.CampaignFile, r.job.Campaign)
	if err := os.WriteFile(filepath.Join(dir, settings.TokenKeyFile), r.job.TokenKey, 0o600); err != nil {
		r.Fatal(err)
	}
	cmd := exec.Command(path, "campaign", "--database-dir", r.store.Dir(naming.RoleCampaign), "--network-dir", dir, "--campaign-dir", dir,
		"--token-key-dir", dir, "--email-dir", filepath.Join(dir, "none"), "--lease", "2s", "--backoff-base", "50ms",
		"--destinations-dir", r.destinations, "--post-timeout", postTimeout.String())
	cmd.Args = append(cmd.Args, r.flags...)
	cmd.Env = append([]string{settings.EnvRunName + "=" + r.job.RunName, settings.EnvScheduledAt + "=" + due.Format(time.RFC3339)}, r.env...)
	cmd.Stderr = r.log
	if err := cmd.Start(); err != nil {
		r.Fatal(err)
	}
	p := &process{Cmd: cmd, ended: make(chan struct{})}
	go func() { _ = cmd.Wait(); close(p.ended) }()
	r.Cleanup(func() { _ = cmd.Process.Kill(); <-p.ended })
	return p
}

// stopAt sends a signal to the worker when so many mails were taken, and waits for its end.
func (r *rig) stopAt(p *process, taken int, signal syscall.Signal) (exit int, took time.Duration) {
	r.Helper()
	for r.smtp.Taken() < taken {
		select {
		case <-p.ended:
			r.Fatalf("the worker ended after %d mails, before %d were taken:\n%s", r.smtp.Taken(), taken, r.log)
		case <-time.After(time.Millisecond):
		}
	}
	started := time.Now()
	if err := p.Process.Signal(signal); err != nil {
		r.Fatalf("signal the worker: %v", err)
	}
	return exitCode(r, p), time.Since(started)
}

// exitCode waits for the worker's end.
func exitCode(r *rig, p *process) int {
	r.Helper()
	select {
	case <-p.ended:
	case <-time.After(3 * time.Minute):
		r.Fatalf("the worker does not end; %d mails, %v\n%s", r.smtp.Taken(), r.counts(), r.log)
	}
	return p.ProcessState.ExitCode()
}

// tally counts recipients without a mail, and mails beyond the first.
func (r *rig) tally(n int) (lost, extra int) {
	counts := r.smtp.Counts()
	for i := 1; i <= n; i++ {
		switch c := counts[address(i)]; {
		case c == 0:
			lost++
		default:
			extra += c - 1
		}
	}
	return lost, extra
}

func TestKilledWorkerLosesNobody(t *testing.T) {
	const n = 2000
	for name, kills := range map[string][]int{
		"at 10 percent": {n / 10}, "at 50 percent": {n / 2}, "at 90 percent": {n * 9 / 10}, "twice": {n / 4, n * 3 / 4},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := newRig(t, n)
			for _, at := range kills {
				exit, _ := r.stopAt(r.worker(), at, syscall.SIGKILL)
				g.Expect(exit).To(Equal(-1))
			}
			g.Expect(exitCode(r, r.worker())).To(Equal(0), r.log.String())
			lost, extra := r.tally(n)
			t.Logf("lost %d, duplicates %d, counted as possible duplicates %d", lost, extra, scalar[int](r, "SELECT sum(resent) FROM alumni.delivery"))
			g.Expect(lost).To(BeZero())
			g.Expect(extra).To(BeNumerically("<=", maxUnflushed*len(kills)))
			g.Expect(extra).To(BeNumerically("<=", scalar[int](r, "SELECT sum(resent) FROM alumni.delivery")), "every duplicate is a known one")
			g.Expect(r.counts()).To(Equal(map[string]int{"Sent": n}))
			g.Expect(scalar[string](r, "SELECT state FROM alumni.campaign_run")).To(Equal("Finished"))
		})
	}
}

func TestKilledWorkerWithHoldSendsNothingTwice(t *testing.T) {
	const n = 1200
	g := NewWithT(t)
	r := newRig(t, n)
	r.job.Campaign.OnUnknown = OnUnknownHold
	_, _ = r.stopAt(r.worker(), n/2, syscall.SIGKILL)
	g.Expect(exitCode(r, r.worker())).To(Equal(0), r.log.String())
	_, extra := r.tally(n)
	g.Expect(extra).To(BeZero())
	counts := r.counts()
	g.Expect(counts["Sent"] + counts["Unknown/WorkerLost"]).To(Equal(n))
	g.Expect(counts["Unknown/WorkerLost"]).To(BeNumerically("<=", 2*holdBatch+maxUnflushed))
}

func TestTerminatedWorkerLeavesNothingInDoubt(t *testing.T) {
	const n = 1500
	g := NewWithT(t)
	r := newRig(t, n)
	for _, at := range []int{n / 10, n / 2, n * 9 / 10} {
		exit, took := r.stopAt(r.worker(), at, syscall.SIGTERM)
		g.Expect(exit).To(Equal(1), "work is left: start again")
		g.Expect(took).To(BeNumerically("<", 15*time.Second))
		g.Expect(r.leased()).To(BeZero())
	}
	g.Expect(exitCode(r, r.worker())).To(Equal(0))
	lost, extra := r.tally(n)
	g.Expect(lost).To(BeZero())
	g.Expect(extra).To(BeZero())
	g.Expect(scalar[int](r, "SELECT sum(resent) FROM alumni.delivery")).To(BeZero())
}

func TestTerminatedWorkerDoesNotWaitForASilentServer(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 50)
	r.smtp.SetHooks(smtptest.Hooks{Data: func(string, int) smtptest.Verdict {
		if r.smtp.Taken() >= 10 {
			return smtptest.Verdict{Delay: time.Hour}
		}
		return smtptest.Verdict{}
	}})
	exit, took := r.stopAt(r.worker(), 10, syscall.SIGTERM)
	r.smtp.SetHooks(smtptest.Hooks{})
	g.Expect(exit).To(Equal(1))
	g.Expect(took).To(BeNumerically("<", 15*time.Second))
	g.Expect(r.leased()).To(BeZero())
	g.Expect(exitCode(r, r.worker())).To(Equal(0))
	lost, extra := r.tally(50)
	g.Expect(lost).To(BeZero())
	g.Expect(extra).To(BeZero())
}

func TestWorkerTellsWhatCannotBeHealed(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 3)
	r.job.Campaign.MaxRecipients = 1
	g.Expect(exitCode(r, r.worker())).To(Equal(2))
	g.Expect(r.log.String()).To(ContainSubstring("TooManyRecipients"))
}
