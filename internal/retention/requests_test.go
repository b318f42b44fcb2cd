// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

func (w *world) requests(name string) Job {
	job := w.job(name, "DryRun") // a person's right is not a preview
	job.Requests = true
	return job
}

func TestPeopleWhoLeftAreErasedAtOnceAlsoUnderAPreviewingPolicy(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(
		someone{state: "Withdrawn", withdrawn: days(0), request: ago(time.Minute), children: true},
		someone{state: "Withdrawn", withdrawn: days(0), request: ago(time.Hour), children: true},
		someone{state: "Withdrawn", withdrawn: days(0)},                    // has not asked
		someone{state: "Active", active: days(0), request: ago(time.Hour)}, // has asked and not left: for a person to look at
		someone{state: "Listed", left: days(9000)},
	)
	g.Expect(Run(t.Context(), w.pool, w.requests("one"))).To(Succeed())

	g.Expect(w.members()).To(ConsistOf(toAny(ids[2:])...))
	g.Expect(w.state("one")).To(Equal("Certified"))
	g.Expect(queryOne[string](w, `SELECT kind || ' ' || mode FROM alumni.retention_run`)).To(Equal("Requests Enforce"))
	g.Expect(w.outcomes("one")["ErasureRequest Erased"]).To(Equal(total(2, 2*(childrenRows+2))))
	g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.erasure_request WHERE state = 'Erased' AND member_id IS NULL AND completed_at IS NOT NULL`)).To(Equal(int64(2)))
	g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.erasure_request WHERE state = 'Open' AND member_id = $1`, ids[3])).To(Equal(int64(1)))
	c, _ := w.certificate("one")
	g.Expect(c.Rules).To(HaveLen(1))
	g.Expect(c.Erased.Members).To(Equal(int64(2)))
	g.Expect(w.log.String()).To(ContainSubstring(`"stillOpen":1`))
	w.intact()
}

func TestTheReceiptIsMailedFirstButIsNotWaitedForLong(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(
		someone{state: "Withdrawn", withdrawn: days(0), request: ago(9 * time.Minute)},
		someone{state: "Withdrawn", withdrawn: days(0), request: ago(11 * time.Minute)},
		someone{state: "Withdrawn", withdrawn: days(0), request: ago(time.Minute)},
		someone{state: "Withdrawn", withdrawn: days(0), request: ago(time.Minute)},
	)
	mail := func(id uuid.UUID, kind, state string) {
		w.exec(`INSERT INTO alumni.portal_mail (member_id, kind, locale, state) VALUES ($1, $2, 'ja', $3)`, id, kind, state)
	}
	mail(ids[0], "WithdrawalReceipt", "Waiting")
	mail(ids[1], "WithdrawalReceipt", "Waiting")
	mail(ids[2], "WithdrawalReceipt", "Sent")
	mail(ids[3], "SignInLink", "Waiting")

	g.Expect(Run(t.Context(), w.pool, w.requests("one"))).To(Succeed())
	g.Expect(w.members()).To(Equal([]uuid.UUID{ids[0]}))
	g.Expect(w.log.String()).To(ContainSubstring(`"stillOpen":1,"waitingForReceipt":1`))

	w.exec(`UPDATE alumni.portal_mail SET state = 'Sent'`)
	g.Expect(Run(t.Context(), w.pool, w.requests("two"))).To(Succeed())
	g.Expect(w.members()).To(BeEmpty())
	w.intact()
}

func TestARunByRulesWaitsForTheReceiptToo(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(
		someone{state: "Withdrawn", left: days(4000), withdrawn: days(0), request: ago(time.Minute)},
		someone{state: "Withdrawn", left: days(4000), withdrawn: days(0), request: ago(time.Hour)},
	)
	w.exec(`INSERT INTO alumni.portal_mail (member_id, kind, locale) SELECT id, 'WithdrawalReceipt', 'ja' FROM alumni.member`)
	g.Expect(Run(t.Context(), w.pool, w.job("one", "Enforce", leavers))).To(Succeed())
	g.Expect(w.members()).To(Equal(ids[:1]))
	w.exec(`UPDATE alumni.portal_mail SET state = 'Sent'`)
	g.Expect(Run(t.Context(), w.pool, w.job("two", "Enforce", leavers))).To(Succeed())
	g.Expect(w.members()).To(BeEmpty())
}

func TestARequestOfSomebodyWhoIsGoneIsClosed(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	w.exec(`INSERT INTO alumni.erasure_request (id, member_id, source) VALUES (gen_random_uuid(), gen_random_uuid(), 'Withdrawal')`)
	g.Expect(Run(t.Context(), w.pool, w.requests("one"))).To(Succeed())
	g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.erasure_request WHERE state = 'Erased' AND member_id IS NULL`)).To(Equal(int64(1)))
	g.Expect(w.state("one")).To(Equal("Certified"))
}

func TestARunByRulesClosesTheRequestToo(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	w.plant(someone{state: "Withdrawn", withdrawn: days(40), request: ago(40 * 24 * time.Hour)})
	g.Expect(Run(t.Context(), w.pool, w.job("one", "Enforce", gone))).To(Succeed())
	g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.erasure_request WHERE state = 'Open' OR member_id IS NOT NULL`)).To(BeZero())
}

func TestRequestsGoOnWhenThePolicyChangedInBetween(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	w.plant(someone{state: "Withdrawn", withdrawn: days(0), request: ago(time.Minute)})
	job := w.requests("one")
	w.exec(`INSERT INTO alumni.retention_run (run_name, policy_uid, policy, generation, kind, mode, state, as_of)
		VALUES ('one', 'policy-uid', 'group-default', 1, 'Requests', 'Enforce', 'Executing', now())`)
	job.Policy.Generation, job.Policy.Rules = 2, []settings.RetentionRule{leavers}
	g.Expect(Run(t.Context(), w.pool, job)).To(Succeed())
	g.Expect(w.members()).To(BeEmpty())
}
