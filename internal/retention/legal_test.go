// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

// dispute is a hold as a policy declares it.
func dispute(members ...uuid.UUID) Hold {
	return Hold{Members: members, RetentionHold: settings.RetentionHold{Name: "p/dispute", Reason: "LegalClaim", ReviewOn: "2020-04-01",
		Categories: []string{"Profile", "DeliveryLogs"}, Members: "0/members", Version: "uid/1"}}
}

// declare gives a run holds, and what somebody confirmed to release.
func declare(job Job, releases []string, holds ...Hold) Job {
	job.Holds, job.Policy.Holds, job.Policy.Releases = holds, nil, releases
	job.Policy.HoldsAt = time.Now().Format(time.RFC3339)
	for _, h := range holds {
		job.Policy.Holds = append(job.Policy.Holds, h.RetentionHold)
	}
	return job
}

// putOnHold puts people on hold as a run does, without one.
func (w *world) putOnHold(holds ...Hold) {
	w.t.Helper()
	if err := syncHolds(context.Background(), w.pool, declare(w.job("x", "DryRun"), nil, holds...)); err != nil {
		w.t.Fatal(err)
	}
}

func TestAHoldKeepsPeopleOnEveryWay(t *testing.T) {
	held := someone{state: "Withdrawn", left: days(4000), withdrawn: days(4000), request: ago(time.Hour), children: true}
	free := someone{state: "Withdrawn", left: days(4000), withdrawn: days(4000), request: ago(time.Hour)}
	ceiling := func(w *world) Job {
		job := w.job("one", "Enforce")
		job.Policy.Ceiling = &settings.RetentionCeiling{Since: "LastActivity", After: "P1Y"}
		return job
	}
	for name, c := range map[string]struct {
		job  func(*world) Job
		rule string
	}{
		"a rule":                  {func(w *world) Job { return w.job("one", "Enforce", leavers) }, "leavers"},
		"a rule for who withdrew": {func(w *world) Job { return w.job("one", "Enforce", gone) }, "gone"},
		"the ceiling":             {ceiling, "Ceiling"},
		"a request":               {func(w *world) Job { return w.requests("one") }, "ErasureRequest"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t)
			ids := w.plant(held, free)
			w.listed(4000, ids...)
			g.Expect(Run(t.Context(), w.pool, declare(c.job(w), nil, dispute(ids[0])))).To(Succeed())

			g.Expect(w.members()).To(Equal(ids[:1]))
			g.Expect(w.outcomes("one")[c.rule+" Withheld"]).To(Equal(total(1, childrenRows+3)))
			proof, _ := w.certificate("one")
			g.Expect(proof.Rules[0].Withheld).To(Equal([]certificate.Withheld{{Ground: "Hold", Hold: "p/dispute", Total: total(1, childrenRows+3)}}))
			w.proven(g, "one")
			w.intact()
		})
	}
}

func TestAHoldKeepsLogRowsOfWhomItNames(t *testing.T) {
	for name, c := range map[string]struct {
		categories []string
		left       int64
	}{"of all categories": {[]string{"Profile", "DeliveryLogs"}, 1}, "of the person only": {[]string{"Profile"}, 0}} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t)
			ids := w.plant(someone{state: "Active", active: days(0)}, someone{state: "Active", active: days(0)})
			sent := w.campaignRun("Finished", 1000)
			w.deliver(sent, ids[0], "Sent", days(900), 900)
			w.deliver(sent, ids[1], "Sent", days(900), 900)
			hold := dispute(ids[0])
			hold.Categories = c.categories
			g.Expect(Run(t.Context(), w.pool, declare(w.job("one", "Enforce", logs), nil, hold))).To(Succeed())
			g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.delivery`)).To(Equal(c.left))
			g.Expect(w.outcomes("one")["logs Withheld"]).To(Equal(total(0, c.left)))
			w.proven(g, "one")
		})
	}
}

func TestAHoldGoesBeforeAMinimumForLogRows(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(someone{state: "Active", active: days(0)}, someone{state: "Active", active: days(0)})
	sent := w.campaignRun("Finished", 1000)
	w.deliver(sent, ids[0], "Sent", days(900), 900)
	w.deliver(sent, ids[1], "Sent", days(900), 900)
	job := w.job("one", "Enforce", logs)
	job.Policy.Minimums = []settings.RetentionMinimum{{Name: "p/figures", Category: "DeliveryLogs", Basis: "Business", Since: "Sent", Keep: "P3Y"}}
	g.Expect(Run(t.Context(), w.pool, declare(job, nil, dispute(ids[0])))).To(Succeed())
	g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.delivery`)).To(Equal(int64(2)))
	proof, _ := w.certificate("one")
	var grounds []string
	for _, kept := range proof.Rules[0].Withheld {
		g.Expect(kept.Total).To(Equal(total(0, 1)))
		grounds = append(grounds, kept.Ground)
	}
	g.Expect(grounds).To(Equal([]string{certificate.GroundHold, certificate.GroundMinimum}), "each row once")
	w.proven(g, "one")
}

func TestAHoldThatComesBetweenPlanAndDeletionWins(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.crowd(40)
	job := w.job("one", "Enforce", leavers)
	job.Policy.BatchMembers = 1
	blocker, err := w.admin.Begin(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	_, err = blocker.Exec(t.Context(), `SELECT pg_advisory_xact_lock($1, $2)`, LockClass, lockHolds) // the run has planned and waits here
	g.Expect(err).NotTo(HaveOccurred())
	job.Limits.LockTimeout = time.Minute
	ended := make(chan error, 1)
	go func() { ended <- Run(context.Background(), w.pool, job) }()
	g.Eventually(func() int64 {
		return queryOne[int64](w, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted`, lockHolds)
	}, 20*time.Second, 20*time.Millisecond).Should(BeNumerically(">", 0))
	_, err = blocker.Exec(t.Context(), `INSERT INTO alumni.legal_hold (name, reason, categories, secret_version) VALUES ('p/late', 'Audit', '{Profile}', '')`)
	g.Expect(err).NotTo(HaveOccurred())
	_, err = blocker.Exec(t.Context(), `INSERT INTO alumni.legal_hold_member SELECT id, 'p/late' FROM unnest($1::uuid[]) AS u (id)`, ids[:7])
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(blocker.Commit(t.Context())).To(Succeed())

	g.Expect(<-ended).To(Succeed())
	g.Expect(w.members()).To(ConsistOf(ids[:7]))
	g.Expect(w.outcomes("one")["leavers Erased"].Members).To(Equal(int64(33)))
	g.Expect(w.outcomes("one")["leavers Withheld"].Members).To(Equal(int64(7)))
	w.intact()
}

func TestTheStoreItselfRefusesToDeleteWhoIsOnHold(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(someone{state: "Listed"}, someone{state: "Listed"})
	w.putOnHold(dispute(ids[0]))
	_, err := w.admin.Exec(t.Context(), `DELETE FROM alumni.member`) // as any program might that knows of no holds
	var refused *pgconn.PgError
	g.Expect(err).To(BeAssignableToTypeOf(refused))
	g.Expect(err.Error()).To(And(ContainSubstring("23001"), Not(ContainSubstring(ids[0].String()))))
	_, err = w.admin.Exec(t.Context(), `DELETE FROM alumni.member WHERE id = $1`, ids[1])
	g.Expect(err).NotTo(HaveOccurred())
}

func TestAHoldIsReleasedOnPurposeOnly(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(someone{state: "Listed", left: days(4000)}, someone{state: "Listed", left: days(4000)})
	run := func(name string, releases []string, holds ...Hold) []uuid.UUID {
		g.Expect(Run(t.Context(), w.pool, declare(w.job(name, "Enforce", leavers), releases, holds...))).To(Succeed(), name)
		return w.members()
	}
	counted := func() [3]int64 {
		return [3]int64{queryOne[int64](w, `SELECT members FROM alumni_stats.legal_holds`), queryOne[int64](w, `SELECT unknown_members FROM alumni_stats.legal_holds`),
			queryOne[int64](w, `SELECT unlisted_members FROM alumni_stats.legal_holds`)}
	}
	narrow := dispute(ids[0])
	narrow.Categories = []string{"Profile"}

	g.Expect(run("put on", nil, dispute(ids[0], ids[1], uuid.New()))).To(Equal(ids))
	g.Expect(counted()).To(Equal([3]int64{2, 1, 0}), "whom nobody knows is counted")
	g.Expect(run("one was taken off the list", nil, narrow)).To(Equal(ids))
	g.Expect(counted()).To(Equal([3]int64{2, 1, 2}))
	g.Expect(queryOne[int64](w, `SELECT cardinality(categories) FROM alumni.legal_hold`)).To(Equal(int64(2)), "a category less releases nothing")
	g.Expect(run("the hold was taken out", nil)).To(Equal(ids))
	g.Expect(run("another was confirmed", []string{"p/other"})).To(Equal(ids))
	g.Expect(run("those off the list were confirmed", []string{"p/dispute"}, narrow)).To(Equal(ids[:1]))
	g.Expect(counted()).To(Equal([3]int64{1, 0, 0}))
	g.Expect(queryOne[int64](w, `SELECT cardinality(categories) FROM alumni.legal_hold`)).To(Equal(int64(1)))
	g.Expect(run("the whole hold was confirmed", []string{"p/dispute"})).To(BeEmpty())
	g.Expect(queryOne[bool](w, `SELECT released_at IS NOT NULL FROM alumni.legal_hold`)).To(BeTrue(), "that it was is known")
	w.intact()
}

func TestARunThatWasToldEarlierReleasesNothing(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(someone{state: "Listed", left: days(4000)}, someone{state: "Listed", left: days(4000)})
	w.putOnHold(dispute(ids...))
	old := declare(w.job("old", "Enforce", leavers), []string{"p/dispute"})
	old.Policy.HoldsAt = time.Now().Add(-time.Hour).Format(time.RFC3339)
	g.Expect(Run(t.Context(), w.pool, old)).To(Succeed())
	stale := dispute(ids[0])
	stale.Version, stale.Categories = "uid/0", []string{"Profile"}
	older := declare(w.job("older", "Enforce", leavers), []string{"p/dispute"}, stale)
	older.Policy.HoldsAt = old.Policy.HoldsAt
	g.Expect(Run(t.Context(), w.pool, older)).To(Succeed())
	g.Expect(w.members()).To(Equal(ids))
	g.Expect(queryOne[string](w, `SELECT secret_version FROM alumni_stats.legal_holds`)).To(Equal("uid/1"))
	g.Expect(queryOne[int64](w, `SELECT unlisted_members FROM alumni_stats.legal_holds`)).To(BeZero(), "its list counts for nothing")
}

func TestARunThatWasToldEarlierPutsNobodyBackOnHold(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(someone{state: "Listed", left: days(4000)})
	w.putOnHold(dispute(ids...))
	stale := declare(w.job("stale", "Enforce", leavers), nil, dispute(ids...))
	stale.Policy.HoldsAt = time.Now().Add(-time.Minute).Format(time.RFC3339)
	g.Expect(Run(t.Context(), w.pool, declare(w.requests("released"), []string{"p/dispute"}))).To(Succeed())
	g.Expect(Run(t.Context(), w.pool, stale)).To(Succeed())
	g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.legal_hold_member`)).To(BeZero(), "nor anybody whom no hold that is on names")
	g.Expect(w.members()).To(BeEmpty())
}

func TestARunForRequestsThatWasToldEarlierErasesNobody(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(someone{state: "Withdrawn", withdrawn: days(9), request: ago(time.Hour)}, someone{state: "Listed"})
	w.putOnHold(dispute(ids[1]))
	early := declare(w.requests("early"), nil, dispute(ids...)) // as by a clock that was put back since
	early.Policy.HoldsAt = time.Now().Add(-time.Hour).Format(time.RFC3339)
	g.Expect(Run(t.Context(), w.pool, early)).To(MatchError(ErrFinal))
	g.Expect(w.members()).To(Equal(ids), "its list may be the newer one")
	g.Expect(queryOne[string](w, `SELECT failure FROM alumni.retention_run WHERE run_name = 'early'`)).To(Equal(FailureChanged))
}

func TestWhoAskedAndIsOnHoldIsNotLateAndKeepsTheirPlace(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(someone{state: "Withdrawn", withdrawn: days(9), request: ago(200 * time.Hour)})
	received := queryOne[time.Time](w, `SELECT received_at FROM alumni.erasure_request`)
	open := func() int64 { return queryOne[int64](w, `SELECT open FROM alumni_stats.erasure_requests`) }
	g.Expect(open()).To(Equal(int64(1)))
	g.Expect(Run(t.Context(), w.pool, declare(w.job("preview", "DryRun"), nil, dispute(ids...)))).To(Succeed())
	g.Expect(open()).To(BeZero())
	g.Expect(Run(t.Context(), w.pool, declare(w.job("released", "DryRun"), []string{"p/dispute"}))).To(Succeed())
	g.Expect(open()).To(Equal(int64(1)))
	g.Expect(queryOne[time.Time](w, `SELECT oldest_received_at FROM alumni_stats.erasure_requests`)).To(Equal(received))
	g.Expect(Run(t.Context(), w.pool, w.requests("carried out"))).To(Succeed())
	g.Expect(w.members()).To(BeEmpty())
}

func TestAReplayLeavesWhoIsOnHoldOutOfSightUntilItIsReleased(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(someone{state: "Active", active: days(1)}, someone{state: "Active", active: days(1)})
	w.putOnHold(dispute(ids[0]))
	replay := Replay{RunName: "restore of b", Keys: w.keys, Log: slog.New(slog.NewJSONHandler(w.log, nil)),
		Erased: map[[keyLength]byte]tombstone.Kind{w.memberKey(ids[0]): tombstone.Member, w.memberKey(ids[1]): tombstone.Member}}
	n, err := replay.Run(t.Context(), w.store.Pool(naming.RoleOwner))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(n).To(Equal(int64(1)))
	g.Expect(w.members()).To(Equal(ids[:1]))
	g.Expect(queryOne[string](w, `SELECT state FROM alumni.member`)).To(Equal("Withdrawn"))
	g.Expect(queryOne[int64](w, `SELECT open FROM alumni_stats.erasure_requests`)).To(BeZero())

	g.Expect(Run(t.Context(), w.pool, declare(w.requests("released"), []string{"p/dispute"}))).To(Succeed())
	g.Expect(w.members()).To(BeEmpty())
	_, err = VerifyChain(t.Context(), w.pool)
	g.Expect(err).NotTo(HaveOccurred())
}

func TestAnExplanationNamesTheHold(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(someone{state: "Listed", left: days(4000), children: true}, someone{state: "Active", active: days(1)},
		someone{state: "Withdrawn", withdrawn: days(1), request: ago(time.Hour)})
	w.deliver(w.campaignRun("Finished", 100), ids[0], "Sent", days(100), 100)
	hold := dispute(ids...)
	hold.Categories = []string{"Profile"}
	w.putOnHold(hold)
	policy := w.job("x", "Enforce", leavers, logs).Policy
	soon := w.explained(g, ids[0], policy)
	g.Expect(soon["Profile"].Hold).To(Equal("p/dispute"))
	g.Expect(soon["Profile"].Due).To(BeFalse())
	g.Expect(soon["Profile"].KeptUntil).To(BeEmpty())
	g.Expect(soon["Profile"].Because).To(HavePrefix("rule leavers"), "what would be without it")
	g.Expect(soon["Consent"].Hold).To(Equal("p/dispute"))
	g.Expect(soon["DeliveryLogs"].Hold).To(BeEmpty(), "the hold is for the person only")
	g.Expect(soon["DeliveryLogs"].KeptUntil).NotTo(BeEmpty())
	g.Expect(w.explained(g, ids[1], policy)["Profile"].Hold).To(Equal("p/dispute"), "also of whom no rule concerns")
	g.Expect(w.explained(g, ids[2], policy)["Profile"].Due).To(BeFalse())
	w.putOnHold(dispute(ids...))
	g.Expect(w.explained(g, ids[0], policy)["DeliveryLogs"].Hold).To(Equal("p/dispute"))
}

func TestTheWorkerPutsOnHoldWhomAListNamesAndTellsOfNobody(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(someone{state: "Listed", left: days(4000), children: true}, someone{state: "Listed", left: days(4000)})
	job := declare(w.job("one", "Enforce", leavers), nil, dispute())
	var out bytes.Buffer
	lists := t.TempDir()
	call := func(list string) error {
		out.Reset()
		g.Expect(os.MkdirAll(filepath.Join(lists, "0"), 0o700)).To(Succeed())
		g.Expect(os.WriteFile(filepath.Join(lists, "0", "members"), []byte(list), 0o600)).To(Succeed())
		cmd := w.worker(job, &out)
		cmd.Args = append(cmd.Args, "--holds-dir", lists)
		return cmd.Run()
	}
	g.Expect(call("019a8e0c\n" + canary.NameJa)).NotTo(Succeed())
	g.Expect(out.String()).To(And(ContainSubstring("line 1 is not the identifier"), Not(ContainSubstring("019a8e0c"))))
	g.Expect(w.members()).To(HaveLen(2), "nobody knows who must be kept")
	canary.Scan(t, "the log", out.String())

	g.Expect(call("# one\n"+ids[0].String())).To(Succeed(), out.String())
	g.Expect(w.members()).To(Equal(ids[:1]))
	_, proof := w.certificate("one")
	g.Expect(strings.Contains(out.String()+string(proof.Body), ids[0].String())).To(BeFalse())
	canary.Scan(t, "the log", out.String())
}

func TestARunThatWasNotGivenTheListsOfItsHoldsDoesNotStart(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	w.plant(someone{state: "Listed", left: days(4000)})
	job := declare(w.job("one", "Enforce", leavers), nil, dispute())
	job.Holds = nil
	g.Expect(Run(t.Context(), w.pool, job)).To(MatchError(ErrFinal))
	g.Expect(w.members()).To(HaveLen(1))
	_, err := plan.Compile(job.Policy, time.Now())
	g.Expect(err).NotTo(HaveOccurred())
}
