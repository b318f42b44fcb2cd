// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

func minimum(name, category, basis, keep string) settings.RetentionMinimum {
	since := "Created"
	if category == "DeliveryLogs" {
		since = "Sent"
	}
	return settings.RetentionMinimum{Name: name, Category: category, Basis: basis, Since: since, Keep: keep, LegalBasis: "APPI 29/30"}
}

// listed sets when the roster listed members first.
func (w *world) listed(daysAgo int, ids ...uuid.UUID) {
	w.t.Helper()
	w.exec(`UPDATE alumni.member SET created_at = now() - make_interval(days => $1) WHERE id = ANY ($2)`, daysAgo, ids)
}

func TestWhatTheLawKeepsIsNotErasedAndTheCertificateSaysWhy(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(
		someone{state: "Listed", left: days(4000), children: true},
		someone{state: "Listed", left: days(4000), children: true},
		someone{state: "Withdrawn", withdrawn: days(40)},
		someone{state: "Withdrawn", withdrawn: days(40)},
		someone{state: "Listed", left: days(4000)},
	)
	w.listed(4000, ids[0]) // nothing keeps them
	w.listed(400, ids[1])  // the law does
	w.listed(800, ids[2])  // a wish does, and gives way: they left
	w.listed(400, ids[3])  // the law does, although they left
	w.listed(800, ids[4])  // a wish does
	job := w.job("one", "Enforce", leavers, gone)
	job.Policy.Minimums = []settings.RetentionMinimum{minimum("p/law", "Profile", "Statutory", "P2Y"), minimum("p/wish", "Profile", "Business", "P3Y")}

	g.Expect(Run(t.Context(), w.pool, job)).To(Succeed())

	g.Expect(w.members()).To(ConsistOf(ids[1], ids[3], ids[4]))
	g.Expect(w.outcomes("one")).To(Equal(map[string]certificate.Total{
		"leavers Due": total(3, 2*(childrenRows+3)+3), "leavers Erased": total(1, childrenRows+3), "leavers Withheld": total(2, childrenRows+3+3),
		"gone Due": total(2, 4), "gone Erased": total(1, 2), "gone Withheld": total(1, 2),
	}))
	c, _ := w.certificate("one")
	g.Expect(c.Rules[0].Name + " " + c.Rules[1].Name).To(Equal("gone leavers"))
	kept := c.Rules[0].Withheld[0]
	g.Expect(kept.Ground).To(Equal(certificate.GroundMinimum))
	g.Expect([]string{kept.Minimum, kept.Basis, kept.LegalBasis, kept.Keep, kept.Since}).To(Equal([]string{"p/law", "Statutory", "APPI 29/30", "P2Y", "Created"}))
	g.Expect(kept.Until > c.Run.AsOf[:10]).To(BeTrue())
	g.Expect(kept.Total).To(Equal(total(1, 2)))
	g.Expect(c.Rules[1].Withheld).To(HaveLen(1), "of both, the wish is longer")
	g.Expect(c.Rules[1].Withheld[0].Minimum).To(Equal("p/wish"))
	g.Expect(c.Rules[1].Withheld[0].Total).To(Equal(total(2, childrenRows+3+3)))
	w.proven(g, "one")
	w.intact()

	preview := w.job("two", "DryRun", leavers, gone)
	preview.Policy.Minimums = job.Policy.Minimums
	g.Expect(Run(t.Context(), w.pool, preview)).To(Succeed())
	g.Expect(w.outcomes("two")).To(Equal(map[string]certificate.Total{
		"leavers Due": total(2, childrenRows+3+3), "leavers Withheld": total(2, childrenRows+3+3), "gone Due": total(1, 2), "gone Withheld": total(1, 2)}))
}

func TestWhoAskedWaitsForTheLawAndForNothingElse(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(
		someone{state: "Withdrawn", withdrawn: days(0), request: ago(time.Hour), children: true},
		someone{state: "Withdrawn", withdrawn: days(0), request: ago(time.Hour)},
	)
	w.listed(400, ids[0])
	w.listed(800, ids[1])
	open := func() int64 { return queryOne[int64](w, `SELECT open FROM alumni_stats.erasure_requests`) }
	ask := func(name string, minimums ...settings.RetentionMinimum) Job {
		job := w.requests(name)
		job.Policy.Minimums = minimums
		return job
	}
	law, wish := minimum("p/law", "Profile", "Statutory", "P2Y"), minimum("p/wish", "Profile", "Business", "P9Y")
	g.Expect(open()).To(Equal(int64(2)))
	g.Expect(Run(t.Context(), w.pool, ask("one", law, wish))).To(Succeed())

	g.Expect(w.members()).To(Equal(ids[:1]))
	g.Expect(w.outcomes("one")).To(HaveKeyWithValue("ErasureRequest Withheld", total(1, childrenRows+2)))
	g.Expect(open()).To(BeZero(), "who is kept by law does not wait for the operator")
	g.Expect(queryOne[bool](w, `SELECT withheld_until > now() + interval '300 days' FROM alumni.erasure_request WHERE state = 'Open'`)).To(BeTrue())
	w.proven(g, "one")

	preview := w.job("two", "DryRun", leavers)
	preview.Policy.Minimums = []settings.RetentionMinimum{minimum("p/law", "Profile", "Statutory", "P1Y")}
	g.Expect(Run(t.Context(), w.pool, preview)).To(Succeed())
	g.Expect(open()).To(Equal(int64(1)), "the policy was changed, and the law keeps them no longer")
	g.Expect(Run(t.Context(), w.pool, ask("three", preview.Policy.Minimums...))).To(Succeed())
	g.Expect(w.members()).To(BeEmpty())
	w.intact()
}

func TestLogRowsThatMustBeKeptKeepTheirPersonByLawOnly(t *testing.T) {
	for basis, erased := range map[string]int{"Statutory": 1, "Business": 2} {
		t.Run(basis, func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t)
			ids := w.plant(
				someone{state: "Listed", left: days(4000)},
				someone{state: "Listed", left: days(4000)},
				someone{state: "Active", active: days(0)},
			)
			sent := w.campaignRun("Finished", 1000)
			w.deliver(sent, ids[0], "Sent", days(500), 500)
			w.deliver(sent, ids[2], "Sent", days(500), 500) // due, and kept
			w.deliver(sent, ids[1], "Sent", days(900), 900) // due, and kept no longer
			job := w.job("one", "Enforce", leavers, logs)
			job.Policy.Minimums = []settings.RetentionMinimum{minimum("p/proof", "DeliveryLogs", basis, "P2Y")}
			g.Expect(Run(t.Context(), w.pool, job)).To(Succeed())
			g.Expect(w.members()).To(HaveLen(3 - erased))
			g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.delivery`)).To(Equal(int64(3 - erased)))
			g.Expect(w.outcomes("one")["logs Withheld"]).To(Equal(total(0, int64(3-erased))))
			c, _ := w.certificate("one")
			g.Expect(c.Rules[1].Withheld[0].Minimum).To(Equal("p/proof"))
			w.proven(g, "one")
		})
	}
}

func TestAMinimumThatComesToHoldUnderTheLockIsRespected(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(someone{state: "Listed", left: days(4000)}, someone{state: "Listed", left: days(4000)})
	w.listed(4000, ids...)
	job := w.job("one", "Enforce", leavers)
	job.Policy.Minimums = []settings.RetentionMinimum{minimum("p/proof", "DeliveryLogs", "Statutory", "P2Y")}
	compiled, err := plan.Compile(job.Policy, time.Now())
	g.Expect(err).NotTo(HaveOccurred())
	source := newSource(job, compiled)
	w.deliver(w.campaignRun("Finished", 10), ids[1], "Sent", days(1), 1) // after the plan
	tx, err := w.pool.Begin(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { g.Expect(tx.Rollback(t.Context())).To(Succeed()) }()
	rows, err := tx.Query(t.Context(), sqlLockMembersWait, arrayOf(ids))
	g.Expect(err).NotTo(HaveOccurred())
	locked, err := readLocked(rows)
	g.Expect(err).NotTo(HaveOccurred())
	people, err := source.recheck(t.Context(), tx, locked)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(people).To(HaveLen(1))
	g.Expect(people[0].id).To(Equal(ids[0]))
}

func TestTheCeilingEndsTheKeepingOfEverybodyButByLaw(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(
		someone{state: "Listed"}, // heard of long ago
		someone{state: "Active", active: days(2000), joined: days(3000), children: true}, // not seen for long
		someone{state: "Listed", employed: true},
		someone{state: "Active", active: days(10), joined: days(3000)},
		someone{state: "Listed", left: days(1000)},
	)
	w.listed(4000, ids...)
	recent := w.plant(someone{state: "Listed"})
	job := w.job("one", "Enforce")
	job.Policy.Ceiling = &settings.RetentionCeiling{Since: "LastActivity", After: "P5Y"}
	job.Policy.Minimums = []settings.RetentionMinimum{minimum("p/wish", "Profile", "Business", "P20Y")}
	g.Expect(Run(t.Context(), w.pool, job)).To(Succeed())
	g.Expect(w.members()).To(ConsistOf(ids[2], ids[3], ids[4], recent[0]))
	c, _ := w.certificate("one")
	g.Expect(c.Rules[0].Name).To(Equal("Ceiling"))
	g.Expect(c.Rules[0].Erased).To(Equal(total(2, 2+childrenRows+2)))
	w.proven(g, "one")
	w.intact()

	law := w.job("two", "Enforce")
	law.Policy.Ceiling = &settings.RetentionCeiling{Since: "LastActivity", After: "P1D"}
	law.Policy.Minimums = []settings.RetentionMinimum{minimum("p/law", "Profile", "Statutory", "P20Y")}
	g.Expect(Run(t.Context(), w.pool, law)).To(Succeed())
	g.Expect(w.members()).To(HaveLen(4))
	g.Expect(w.outcomes("two")["Ceiling Withheld"].Members).To(Equal(int64(2)))
}
