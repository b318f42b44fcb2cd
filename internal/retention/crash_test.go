// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/rand/v2"
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
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
)

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

// mounted writes the folders of a job as the operator mounts them, and returns the worker's command line.
func (w *world) mounted(job Job) (args, env []string) {
	w.t.Helper()
	dir := w.t.TempDir()
	der, err := x509.MarshalPKCS8PrivateKey(w.key)
	if err != nil {
		w.t.Fatal(err)
	}
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	asJSON := func(v any) []byte {
		b, err := json.Marshal(v)
		if err != nil {
			w.t.Fatal(err)
		}
		return b
	}
	write(settings.NetworkFile, asJSON(settings.Network{UID: job.Network}))
	write(settings.RetentionFile, asJSON(job.Policy))
	write(settings.PepperFile, testPepper)
	write(settings.SigningKeyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	args = []string{"retention", "--database-dir", w.store.Dir(naming.RoleRetention),
		"--network-dir", dir, "--policy-dir", dir, "--pepper-dir", dir, "--signing-dir", dir}
	if job.Requests {
		args = append(args, "--requests")
	}
	return args, []string{settings.EnvRunName + "=" + job.RunName}
}

// worker makes a process of the real worker.
func (w *world) worker(job Job, out *bytes.Buffer) *exec.Cmd {
	w.t.Helper()
	binary, err := buildWorker()
	if err != nil {
		w.t.Fatalf("build the worker: %v", err)
	}
	args, env := w.mounted(job)
	cmd := exec.Command(binary, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, out, out
	return cmd
}

const (
	crashKills   = 36
	crashMembers = 3000
)

func TestAWorkerKilledAtAnyMomentErasesEverybodyOnce(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.crowd(crashMembers)
	run := w.campaignRun("Finished", 500)
	w.exec(`INSERT INTO alumni.delivery (run_id, member_id, channel, state, sent_at)
		SELECT $1, id, 'Email', 'Sent', now() - interval '400 days' * (row_number() OVER ()  % 2) FROM alumni.member`, run)
	stays := w.plant(theStaff()[4:]...)
	job := w.job("one", "Enforce", leavers, idle, logs)
	job.Policy.BatchMembers = 10

	var out bytes.Buffer
	var kills, ends int
	for kills < crashKills && ends == 0 {
		cmd := w.worker(job, &out)
		g.Expect(cmd.Start()).To(Succeed())
		exited := make(chan error, 1)
		go func() { exited <- cmd.Wait() }()
		select {
		case err := <-exited:
			g.Expect(err).NotTo(HaveOccurred(), out.String())
			ends++
		case <-time.After(w.afterSomeBatches(g)):
			g.Expect(cmd.Process.Signal(syscall.SIGKILL)).To(Succeed())
			if err := <-exited; err == nil {
				ends++ // it had come to its end just before
			}
			kills++
		}
	}
	t.Logf("killed %d times, %d of %d members left", kills, len(w.members())-len(stays), len(ids))
	g.Expect(kills).To(BeNumerically(">=", 30))
	w.halfErased(g)

	last := w.worker(job, &out)
	g.Expect(last.Run()).To(Succeed(), out.String())
	g.Expect(w.state("one")).To(Equal("Certified"))
	g.Expect(w.members()).To(ConsistOf(toAny(stays)...))
	got := w.outcomes("one")
	g.Expect(got["leavers Due"].Members).To(Equal(int64(crashMembers)))
	g.Expect(got["leavers Erased"]).To(Equal(got["leavers Due"]))
	g.Expect(got).NotTo(HaveKey("leavers Changed"))
	g.Expect(got["logs Erased"]).To(Equal(total(0, crashMembers/2)))
	g.Expect(queryOne[int64](w, `SELECT count FROM alumni.delivery_erased`)).To(Equal(int64(crashMembers)))
	c, _ := w.certificate("one")
	g.Expect(c.Run.Starts).To(Equal(queryOne[int64](w, `SELECT count(*) FROM alumni.audit_record WHERE kind = 'RunStarted'`)))
	g.Expect(queryOne[int64](w, `SELECT sum((body::json->>'members')::bigint)::bigint FROM alumni.audit_record WHERE kind = 'Batch'`)).
		To(Equal(int64(crashMembers)), "the chain tells of everybody once")
	w.intact()
	canary.Scan(t, "the output of the workers", out.String())
}

// afterSomeBatches chooses a moment to kill: mostly amid the batches, sometimes while the process starts.
func (w *world) afterSomeBatches(g Gomega) time.Duration {
	if rand.N(4) == 0 {
		return rand.N(200 * time.Millisecond)
	}
	before := queryOne[int64](w, `SELECT count(*) FROM alumni.audit_record`)
	target := before + rand.N(int64(4)) + 1
	g.Eventually(func() bool {
		return queryOne[int64](w, `SELECT count(*) FROM alumni.audit_record`) >= target ||
			queryOne[bool](w, `SELECT EXISTS (SELECT FROM alumni.retention_run WHERE state = 'Certified')`)
	}).WithTimeout(30 * time.Second).WithPolling(time.Millisecond).Should(BeTrue())
	return rand.N(30 * time.Millisecond)
}

// halfErased looks, amid a run, for anybody of whom something is gone.
func (w *world) halfErased(g Gomega) {
	g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.member m WHERE m.family_name <> '' AND EXISTS (SELECT FROM alumni.portal_mail p WHERE p.member_id = m.id)
		AND (SELECT count(*) FROM alumni.consent c WHERE c.member_id = m.id)
		  + (SELECT count(*) FROM alumni.session s WHERE s.member_id = m.id)
		  + (SELECT count(*) FROM alumni.contact k WHERE k.member_id = m.id) <> 4`)).To(BeZero())
	w.intact()
}

func TestAWorkerToldToStopEndsInTimeAndTheNextGoesOn(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	w.crowd(300)
	job := w.job("one", "Enforce", leavers)
	job.Policy.BatchMembers, job.Policy.PauseMilliseconds = 10, 50
	var out bytes.Buffer
	cmd := w.worker(job, &out)
	g.Expect(cmd.Start()).To(Succeed())
	g.Eventually(func() int { return len(w.members()) }).WithTimeout(30 * time.Second).Should(BeNumerically("<", 280))
	g.Expect(cmd.Process.Signal(syscall.SIGTERM)).To(Succeed())
	told := time.Now()
	g.Expect(cmd.Wait()).To(MatchError("exit status 1"), "a Job starts it again")
	g.Expect(time.Since(told)).To(BeNumerically("<", 10*time.Second))
	g.Expect(w.members()).NotTo(BeEmpty())
	w.halfErased(g)

	g.Expect(w.worker(job, &out).Run()).To(Succeed(), out.String())
	g.Expect(w.outcomes("one")["leavers Erased"].Members).To(Equal(int64(300)))
	w.intact()
}

func TestAWorkerWhoseSessionsAreCutGoesOnAtItsNextStart(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	w.crowd(400)
	job := w.job("one", "Enforce", leavers)
	job.Policy.BatchMembers = 2 // it takes longer than any moment that is chosen
	var out bytes.Buffer
	var cuts int
	for done := false; !done; {
		cmd := w.worker(job, &out)
		g.Expect(cmd.Start()).To(Succeed())
		var err error
		exited := make(chan struct{})
		go func() { defer close(exited); err = cmd.Wait() }()
		time.Sleep(w.afterSomeBatches(g))
		for cuts < 8 && w.cutSessions(exited) { // again when it was between two transactions, and goes on with another session
			cuts++
			time.Sleep(rand.N(50 * time.Millisecond))
		}
		g.Eventually(exited).WithTimeout(60 * time.Second).Should(BeClosed())
		done = err == nil
		if !done {
			g.Expect(err).To(MatchError("exit status 1"), "a lost session is no reason to give up")
			w.halfErased(g)
		}
	}
	g.Expect(cuts).To(BeNumerically(">", 2))
	g.Expect(w.outcomes("one")["leavers Erased"].Members).To(Equal(int64(400)))
	g.Expect(w.outcomes("one")).NotTo(HaveKey("leavers Failed"))
	w.intact()
}

// cutSessions ends the sessions of a worker as soon as it has one, and says whether it did before the worker exited.
func (w *world) cutSessions(exited <-chan struct{}) bool {
	role := naming.DatabaseRole(w.store.Database, naming.RoleRetention)
	for {
		select {
		case <-exited:
			return false
		default:
			if queryOne[int64](w, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = $1`, role) > 0 {
				return true
			}
		}
	}
}

func TestTwoWorkersOnOneRunDoTheWorkOnce(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	w.crowd(200)
	job := w.job("one", "Enforce", leavers)
	job.Policy.BatchMembers = 10
	var outs [2]bytes.Buffer
	first, second := w.worker(job, &outs[0]), w.worker(job, &outs[1])
	g.Expect(first.Start()).To(Succeed())
	g.Expect(second.Start()).To(Succeed())
	g.Expect(first.Wait()).To(Succeed(), outs[0].String())
	g.Expect(second.Wait()).To(Succeed(), outs[1].String())
	g.Expect(w.outcomes("one")["leavers Erased"].Members).To(Equal(int64(200)))
	c, _ := w.certificate("one")
	g.Expect(c.Run.Starts).To(Equal(int64(1)))
	w.intact()
}

func TestTheWorkerErasesOnRequestAndCertifiesIt(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	w.plant(someone{state: "Withdrawn", withdrawn: days(0), request: ago(time.Minute), children: true})
	var out bytes.Buffer
	g.Expect(w.worker(w.requests("one"), &out).Run()).To(Succeed(), out.String())
	c, _ := w.certificate("one")
	g.Expect(c.Erased).To(Equal(total(1, childrenRows+2)))
}

func TestTheWorkerSaysWhatItLacks(t *testing.T) {
	w := newWorld(t)
	cases := map[string]struct {
		change func(args []string) []string
		code   string
	}{
		"an unknown flag":     {func(a []string) []string { return append(a, "--force") }, "exit status 2"},
		"an argument":         {func(a []string) []string { return append(a, "all") }, "exit status 2"},
		"a folder is missing": {func(a []string) []string { return append(a, "--pepper-dir", filepath.Join(t.TempDir(), "none")) }, "exit status 1"},
		"no key is mounted":   {func(a []string) []string { return append(a, "--signing-dir", t.TempDir()) }, "exit status 1"},
		"no database login":   {func(a []string) []string { return append(a, "--database-dir", t.TempDir()) }, "exit status 1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var out bytes.Buffer
			cmd := w.worker(w.job("one", "Enforce", leavers), &out)
			cmd.Args = c.change(cmd.Args)
			g.Expect(cmd.Run()).To(MatchError(c.code), out.String())
		})
	}
}
