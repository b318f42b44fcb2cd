// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
)

// crowd plants n leavers who are due, with rows in every table.
func (w *world) crowd(n int) []uuid.UUID {
	w.t.Helper()
	people := make([]someone, n)
	for i := range people {
		people[i] = someone{state: "Listed", left: days(4000), children: true}
	}
	return w.plant(people...)
}

// executor is an executor of a run, as Run makes it, to be taken through its steps one by one.
func (w *world) executor(job Job) *Executor {
	w.t.Helper()
	job.Limits = job.Limits.withDefaults()
	book := &journal{pool: w.pool, job: job}
	if err := book.open(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	compiled, err := plan.Compile(job.Policy, book.run.asOf)
	if err != nil {
		w.t.Fatal(err)
	}
	planner := &Planner{pool: w.pool, keys: job.Keys, source: newSource(job, compiled)}
	return &Executor{planner: planner, book: book, log: job.Log, pace: newPacer(job.Policy.BatchMembers, job.Limits)}
}

// hold keeps rows locked by a transaction of somebody else until the returned function ends it.
func (w *world) hold(sql string, args ...any) (end func(commit bool)) {
	w.t.Helper()
	tx, err := w.admin.Begin(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := tx.Exec(context.Background(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = tx.Rollback(context.Background()) }) // for a test that fails before it ends it
	return func(commit bool) {
		w.t.Helper()
		done := tx.Rollback
		if commit {
			done = tx.Commit
		}
		if err := done(context.Background()); err != nil {
			w.t.Error(err)
		}
	}
}

// awaitBlocked waits until somebody waits for a lock.
func (w *world) awaitBlocked(g Gomega) {
	g.Eventually(func() int64 {
		return queryOne[int64](w, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	}).WithTimeout(20 * time.Second).WithPolling(5 * time.Millisecond).Should(BeNumerically(">", 0))
}

func TestWhoChangedBetweenPlanAndBatchIsSpared(t *testing.T) {
	changes := map[string]string{
		"became active":                   `UPDATE alumni.member SET state = 'Active', last_active_at = now() WHERE id = $1`,
		"was hired again":                 `INSERT INTO alumni.employment (member_id, joined_on) VALUES ($1, '2026-01-01')`,
		"left again, and not long ago":    `INSERT INTO alumni.employment (member_id, joined_on, left_on) VALUES ($1, '2020-01-01', now()::date)`,
		"has no known departure any more": `DELETE FROM alumni.employment WHERE member_id = $1`,
		"was erased by somebody else":     `DELETE FROM alumni.member WHERE id = $1`,
	}
	w := newWorld(t)
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w.reset()
			ids := w.crowd(3)
			e := w.executor(w.job("one", "Enforce", leavers))
			due, err := e.begin(t.Context(), "digest")
			g.Expect(err).NotTo(HaveOccurred())
			w.exec(change, ids[1])
			_, err = e.rounds(t.Context(), due)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(w.members()).NotTo(ContainElements(ids[0], ids[2]))
			g.Expect(w.outcomes("one")).To(Equal(map[string]certificate.Total{
				"leavers Due": total(3, 3*(childrenRows+3)), "leavers Erased": total(2, 2*(childrenRows+3)), "leavers Changed": total(1, 0),
			}))
		})
	}
}

func TestAReHireThatIsBeingWrittenIsSeen(t *testing.T) {
	// The import updates an employment without touching the member's row; its lock alone must be enough.
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.crowd(2)
	end := w.hold(`UPDATE alumni.employment SET left_on = NULL WHERE member_id = $1`, ids[0])
	job := w.job("one", "Enforce", leavers)
	job.Limits.LockTimeout = 20 * time.Second
	done := make(chan error, 1)
	go func() { done <- Run(context.Background(), w.pool, job) }()
	w.awaitBlocked(g)
	end(true)
	g.Eventually(done).WithTimeout(30 * time.Second).Should(Receive(Succeed()))
	g.Expect(w.members()).To(Equal([]uuid.UUID{ids[0]}))
	g.Expect(w.outcomes("one")["leavers Changed"].Members).To(Equal(int64(1)))
}

func TestWhomSomebodyHoldsComesLastAndIsWaitedFor(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.crowd(5)
	end := w.hold(`SELECT FROM alumni.member WHERE id = $1 FOR UPDATE`, ids[2])
	job := w.job("one", "Enforce", leavers)
	job.Limits.LockTimeout = 20 * time.Second
	done := make(chan error, 1)
	go func() { done <- Run(context.Background(), w.pool, job) }()
	w.awaitBlocked(g)
	g.Expect(w.members()).To(Equal([]uuid.UUID{ids[2]}), "the others did not wait")
	end(false)
	g.Eventually(done).WithTimeout(30 * time.Second).Should(Receive(Succeed()))
	g.Expect(w.members()).To(BeEmpty())
	g.Expect(w.outcomes("one")["leavers Erased"].Members).To(Equal(int64(5)))
	w.intact()
}

func TestWhoStaysLockedIsSetAsideAndTheNextRunErasesThem(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.crowd(4)
	end := w.hold(`SELECT FROM alumni.member WHERE id = $1 FOR UPDATE`, ids[1])
	job := w.job("one", "Enforce", leavers)
	job.Limits.LockTimeout = 20 * time.Millisecond
	g.Expect(Run(t.Context(), w.pool, job)).To(Succeed())
	end(false)

	g.Expect(w.members()).To(Equal([]uuid.UUID{ids[1]}))
	g.Expect(w.outcomes("one")["leavers Failed"].Members).To(Equal(int64(1)))
	g.Expect(queryOne[string](w, `SELECT code || ' ' || attempts FROM alumni.retention_failure WHERE member_id = $1`, ids[1])).To(Equal("55P03 5"))
	c, _ := w.certificate("one")
	g.Expect(c.Failed.Members).To(Equal(int64(1)))

	g.Expect(Run(t.Context(), w.pool, w.job("two", "Enforce", leavers))).To(Succeed())
	g.Expect(w.members()).To(BeEmpty())
	g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.retention_failure`)).To(BeZero(), "nothing is kept of who is erased")
}

// booby makes the store refuse to let somebody go.
func (w *world) booby(action string) {
	w.exec(`CREATE FUNCTION alumni.booby() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN ` + action + ` END $$`)
	w.exec(`CREATE TRIGGER booby BEFORE DELETE ON alumni.contact FOR EACH ROW WHEN (OLD.address LIKE '%+13@%' OR OLD.address LIKE '%+17@%') EXECUTE FUNCTION alumni.booby()`)
}

func TestOneBadMemberBlocksNobodyElse(t *testing.T) {
	cases := map[string]struct{ action, code string }{
		"an error of a trigger":        {`RAISE EXCEPTION 'no: %', OLD.address;`, "P0001"},
		"a row that stays":             {`RETURN NULL;`, "Residue"},
		"a constraint of another kind": {`PERFORM 1 / 0; RETURN OLD;`, "22012"},
	}
	w := newWorld(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w.reset()
			w.n = 0
			ids := w.crowd(40)
			w.booby(c.action)
			defer w.exec(`DROP TRIGGER booby ON alumni.contact; DROP FUNCTION alumni.booby`)
			g.Expect(Run(t.Context(), w.pool, w.job("one", "Enforce", leavers))).To(Succeed())
			g.Expect(w.members()).To(Equal([]uuid.UUID{ids[12], ids[16]}))
			g.Expect(w.outcomes("one")["leavers Erased"].Members).To(Equal(int64(38)))
			g.Expect(w.outcomes("one")["leavers Failed"].Members).To(Equal(int64(2)))
			g.Expect(queryOne[string](w, `SELECT string_agg(code || attempts, ' ') FROM alumni.retention_failure`)).To(Equal(c.code + "5 " + c.code + "5"))
			canary.Scan(t, "the log, though the server's words quote a row", w.log.String())
			w.intact()
		})
	}
}

func TestARunInWhichNothingWorksStops(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	w.crowd(30)
	w.exec(`CREATE FUNCTION alumni.booby() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$`)
	w.exec(`CREATE TRIGGER booby BEFORE DELETE ON alumni.contact FOR EACH ROW EXECUTE FUNCTION alumni.booby()`)
	job := w.job("one", "Enforce", leavers)
	job.Limits.MaxFailures, job.Limits.Backoff = 3, time.Millisecond
	g.Expect(Run(t.Context(), w.pool, job)).To(MatchError(ErrFinal))
	g.Expect(w.state("one")).To(Equal("Failed: TooManyFailures"))
	g.Expect(w.members()).To(HaveLen(30))
}

func TestAnExecutorThatWasOvertakenIsFenced(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	w.crowd(20)
	job := w.job("one", "Enforce", leavers)
	job.Policy.BatchMembers = 5
	stale, fresh := w.executor(job), w.executor(job)
	due, err := stale.begin(t.Context(), "digest")
	g.Expect(err).NotTo(HaveOccurred())
	_, err = stale.attempt(t.Context(), task{rule: "leavers", ids: due.Members["leavers"][:5]})
	g.Expect(err).NotTo(HaveOccurred())

	// Both have read the same epoch; only one start can win with it.
	_, err = fresh.begin(t.Context(), "digest")
	g.Expect(err).To(MatchError(ErrFenced))
	fresh = w.executor(job)
	due, err = fresh.begin(t.Context(), "digest")
	g.Expect(err).NotTo(HaveOccurred())

	_, err = stale.attempt(t.Context(), task{rule: "leavers", ids: due.Members["leavers"][:5]})
	g.Expect(err).To(MatchError(ErrFenced))
	g.Expect(stale.settle(t.Context(), due)).To(MatchError(ErrFenced))
	g.Expect(stale.book.state(t.Context(), StateVerifying)).To(MatchError(ErrFenced))
	g.Expect(w.members()).To(HaveLen(15), "nothing of the stale one's batch remains")

	left, err := fresh.rounds(t.Context(), due)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(fresh.finish(t.Context(), "digest", left)).To(Succeed())
	g.Expect(w.outcomes("one")).To(Equal(map[string]certificate.Total{
		"leavers Due": total(20, 20*(childrenRows+3)), "leavers Erased": total(20, 20*(childrenRows+3))}))
	c, _ := w.certificate("one")
	g.Expect(c.Run.Starts).To(Equal(int64(2)))
	w.intact()
}

func TestRunsOfSeveralPoliciesAndRequestsAtOnceAddUp(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	w.crowd(150)
	var leaving []someone
	for range 50 {
		leaving = append(leaving, someone{state: "Withdrawn", withdrawn: days(60), left: days(4000), request: ago(time.Hour), children: true})
	}
	w.plant(leaving...)
	var group sync.WaitGroup
	errs := make(chan error, 4)
	for i := range 4 {
		job := w.job(fmt.Sprintf("run-%d", i), "Enforce", leavers, gone)
		job.Policy.BatchMembers, job.Requests = 7, i == 3
		group.Go(func() { errs <- Run(context.Background(), w.pool, job) })
	}
	group.Wait()
	for range 4 {
		g.Expect(<-errs).To(Succeed())
	}
	g.Expect(w.members()).To(BeEmpty())
	g.Expect(queryOne[int64](w, `SELECT sum(members)::bigint FROM alumni.retention_run_count WHERE outcome = 'Erased'`)).To(Equal(int64(200)))
	g.Expect(queryOne[int64](w, `SELECT count(*) FROM (SELECT run_id, rule FROM alumni.retention_run_count GROUP BY 1, 2
		HAVING sum(members) FILTER (WHERE outcome = 'Due') <> sum(members) FILTER (WHERE outcome <> 'Due')) c`)).To(BeZero(), "due = erased + changed + failed")
	w.intact()
}

func TestWritersOnVictimsMeetNoHarm(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.crowd(200)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var writers sync.WaitGroup
	for n := range 3 {
		writers.Go(func() {
			for i := n; ctx.Err() == nil; i++ { // sign-ins, sessions and mail of people who are being erased
				id := ids[i%len(ids)]
				err := pgx.BeginFunc(context.Background(), w.admin, func(tx pgx.Tx) error {
					_, err := tx.Exec(context.Background(), `INSERT INTO alumni.portal_mail (member_id, kind, locale)
						SELECT id, 'SignInLink', 'ja' FROM alumni.member WHERE id = $1`, id)
					if err == nil {
						_, err = tx.Exec(context.Background(), `UPDATE alumni.member SET updated_at = now() WHERE id = $1`, id)
					}
					return err
				})
				if err != nil && judge(err) == verdictStop {
					t.Errorf("a writer: %v", err)
					return
				}
			}
		})
	}
	job := w.job("one", "Enforce", leavers)
	job.Policy.BatchMembers = 20
	job.Limits.LockTimeout = 5 * time.Second
	err := Run(t.Context(), w.pool, job)
	stop()
	writers.Wait()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(w.members()).To(BeEmpty())
	g.Expect(w.outcomes("one")["leavers Erased"].Members).To(Equal(int64(200)))
	w.intact()
}

func TestDeliveriesOfARunThatIsSendingStayCounted(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.crowd(5)
	run := w.campaignRun("Sending", 1)
	for i, state := range []string{"Planned", "Deferred", "Claimed", "Sent", "Failed"} {
		w.deliver(run, ids[i], state, nil, 1)
	}
	g.Expect(Run(t.Context(), w.pool, w.job("one", "Enforce", leavers))).To(Succeed())
	for what, want := range map[string]int64{"Suppressed/Erased": 2, "Unknown/Erased": 1, "Sent/": 1, "Failed/": 1} {
		g.Expect(queryOne[int64](w, `SELECT count FROM alumni.delivery_erased WHERE run_id = $1 AND state || '/' || reason = $2`, run, what)).To(Equal(want), what)
	}
}

func TestThePacerFollowsTheTimeThatBatchesTake(t *testing.T) {
	g := NewWithT(t)
	p := newPacer(500, Limits{}.withDefaults())
	g.Expect(p.size()).To(Equal(500))
	p.observe(500, 1100*time.Millisecond)
	g.Expect(p.size()).To(Equal(250))
	p.observe(250, 500*time.Millisecond)
	g.Expect(p.size()).To(Equal(250), "neither slow nor quick")
	p.observe(10, 10*time.Millisecond)
	g.Expect(p.size()).To(Equal(250), "a small batch proves nothing")
	for range 20 {
		p.observe(p.size(), 10*time.Millisecond)
	}
	g.Expect(p.size()).To(Equal(500))
	for range 20 {
		p.halve()
	}
	g.Expect(p.size()).To(Equal(1))
}
