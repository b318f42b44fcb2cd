// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

func total(members, rows int64) certificate.Total {
	return certificate.Total{Members: members, Rows: rows}
}

var (
	leavers = rule("leavers", "Profile", "Departed", "P5Y")
	idle    = rule("idle", "Profile", "LastActivity", "P3Y")
	gone    = rule("gone", "Profile", "MembershipWithdrawn", "P30D")
	logs    = rule("logs", "DeliveryLogs", "Sent", "P13M")
)

// theStaff are people of all kinds; the first four are due.
func theStaff() []someone {
	return []someone{
		{state: "Listed", left: days(2000), children: true},
		{state: "Invited", left: days(4000), children: true},
		{state: "Active", active: days(1200), joined: days(3000), children: true},
		{state: "Withdrawn", withdrawn: days(40), children: true},

		{state: "Listed", left: days(1000), children: true},
		{state: "Listed", left: days(4000), employed: true}, // hired again
		{state: "Listed"}, // nothing known: never due
		{state: "Active", left: days(4000), active: days(10)},
		{state: "Paused", left: days(4000), joined: days(10)},
		{state: "Paused", active: days(10), joined: days(2000)},
		{state: "Active"},
		{state: "Withdrawn", withdrawn: days(20)},
	}
}

func TestARunErasesWhoIsDueAndNobodyElse(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(theStaff()...)
	run := w.campaignRun("Finished", 500)
	w.deliver(run, ids[0], "Sent", days(10), 10)   // goes with its member
	w.deliver(run, ids[1], "Sent", days(450), 450) // due by itself, so counted there
	w.deliver(run, ids[4], "Sent", days(450), 450) // due by itself
	w.deliver(run, ids[5], "Skipped", nil, 450)    // never sent: counted from when it was planned
	w.deliver(run, ids[7], "Sent", days(10), 450)  // not yet
	w.deliver(run, ids[8], "Planned", nil, 450)    // not settled
	going := w.campaignRun("Sending", 500)
	w.deliver(going, ids[4], "Sent", days(450), 450) // its run has not ended

	left := w.campaignRun("Sending", 500) // its campaign was deleted and nobody ended it
	w.exec(`UPDATE alumni.campaign_run SET deadline = now() - interval '499 days' WHERE id = $1`, left)
	w.deliver(left, ids[4], "Planned", nil, 450)
	w.deliver(left, ids[8], "Claimed", nil, 450)

	before := queryOne[int64](w, `SELECT count(*) FROM alumni.delivery`)
	g.Expect(Run(t.Context(), w.pool, w.job("one", "Enforce", leavers, idle, gone, logs))).To(Succeed())

	g.Expect(w.members()).To(ConsistOf(toAny(ids[4:])...))
	g.Expect(w.outcomes("one")).To(Equal(map[string]certificate.Total{
		"leavers Due": total(2, 2*(childrenRows+3)+1), "leavers Erased": total(2, 2*(childrenRows+3)+1),
		"idle Due": total(1, childrenRows+2), "idle Erased": total(1, childrenRows+2),
		"gone Due": total(1, childrenRows+2), "gone Erased": total(1, childrenRows+2),
		"logs Due": total(0, 5), "logs Erased": total(0, 5),
	}))
	g.Expect(w.state("one")).To(Equal("Certified"))
	g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.delivery`)).To(Equal(before - 6))
	g.Expect(queryOne[int64](w, `SELECT sum(count)::bigint FROM alumni.delivery_erased`)).To(Equal(int64(6)))
	g.Expect(queryOne[int64](w, `SELECT count FROM alumni.delivery_erased WHERE run_id = $1 AND state = 'Sent'`, run)).To(Equal(int64(3)))
	w.intact()

	for i, id := range ids[:4] {
		key := w.keys.Key(tombstone.Member, id.String())
		g.Expect(queryOne[bool](w, `SELECT EXISTS (SELECT FROM alumni.tombstone WHERE key = $1 AND kind = 'Member')`, key[:])).To(BeTrue(), "member %d", i)
	}
	key := w.keys.Key(tombstone.Email, "zephyrine.quillfeather+1@mozuno.example")
	g.Expect(queryOne[bool](w, `SELECT EXISTS (SELECT FROM alumni.tombstone WHERE key = $1 AND kind = 'Email')`, key[:])).To(BeTrue())
	key = w.keys.Key(tombstone.EmployeeNumber, canary.EmployeeNumber+"-00001")
	g.Expect(queryOne[bool](w, `SELECT EXISTS (SELECT FROM alumni.tombstone WHERE key = $1 AND kind = 'EmployeeNumber')`, key[:])).To(BeTrue())
	g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.tombstone`)).To(Equal(int64(12)))
}

func toAny(ids []uuid.UUID) []any {
	all := make([]any, len(ids))
	for i := range ids {
		all[i] = ids[i]
	}
	return all
}

func TestTheCertificateSaysWhatWasDoneAndIsSigned(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	w.plant(theStaff()...)
	withBasis := leavers
	withBasis.LegalBasis = "APPI 22"
	g.Expect(Run(t.Context(), w.pool, w.job("one", "Enforce", withBasis, idle))).To(Succeed())

	c, signed := w.certificate("one")
	g.Expect(signed.PublicKey).To(BeEquivalentTo(w.key.Public()))
	g.Expect(c.Network).To(Equal("network-uid"))
	g.Expect(c.Run.Starts).To(Equal(int64(1)))
	g.Expect(c.Run.PlanHash).To(HaveLen(64))
	g.Expect(c.Erased).To(Equal(total(3, 3*(childrenRows+2)+2)))
	g.Expect(c.Rules).To(HaveLen(2))
	g.Expect(c.Rules[1].LegalBasis).To(Equal("APPI 22"))
	g.Expect(c.Rules[1].Cutoff).To(MatchRegexp(`^\d{4}-\d\d-\d\d$`))
	g.Expect(c.Checks.Clean()).To(BeTrue())
	g.Expect(c.Sanitisation.Level).To(Equal("L1 Logical"))
	g.Expect(c.Sanitisation.DoesNotCover).NotTo(BeEmpty())
	head, err := VerifyChain(t.Context(), w.admin)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(c.Chain).To(Equal(certificate.Chain{Head: head.Hash.String(), Length: head.Seq}))
}

// certificate reads and verifies the certificate of a run.
func (w *world) certificate(run string) (certificate.Certificate, certificate.Signed) {
	w.t.Helper()
	var signed certificate.Signed
	var body string
	err := w.admin.QueryRow(context.Background(), `SELECT c.body, c.signature, c.public_key FROM alumni.retention_certificate c
		JOIN alumni.retention_run r ON r.id = c.run_id WHERE r.run_name = $1`, run).Scan(&body, &signed.Signature, &signed.PublicKey)
	if err != nil {
		w.t.Fatal(err)
	}
	signed.Body = []byte(body)
	c, err := signed.Verify(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return c, signed
}

func TestADryRunOnlyLooks(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(theStaff()...)
	job := w.job("preview", "DryRun", leavers, idle, gone, logs)
	job.Signing = nil
	g.Expect(Run(t.Context(), w.pool, job)).To(Succeed())

	g.Expect(w.state("preview")).To(Equal("Previewed"))
	g.Expect(w.members()).To(HaveLen(len(ids)))
	previewed := w.outcomes("preview")
	g.Expect(previewed).To(HaveLen(4))
	g.Expect(queryOne[int64](w, `SELECT (SELECT count(*) FROM alumni.tombstone) + (SELECT count(*) FROM alumni.audit_record)`)).To(BeZero())

	// The preview is exact: on an idle store, erasing meets what was announced, under the same fingerprint.
	g.Expect(Run(t.Context(), w.pool, w.job("real", "Enforce", logs, gone, idle, leavers))).To(Succeed())
	erased := w.outcomes("real")
	for _, name := range []string{"leavers", "idle", "gone"} {
		g.Expect(erased[name+" Erased"]).To(Equal(previewed[name+" Due"]), name)
	}
	g.Expect(queryOne[int64](w, `SELECT count(DISTINCT plan_hash) FROM alumni.retention_run`)).To(Equal(int64(1)))
}

func TestARunThatIsDoneIsLeftAlone(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	w.plant(theStaff()...)
	job := w.job("one", "Enforce", leavers)
	g.Expect(Run(t.Context(), w.pool, job)).To(Succeed())
	links := queryOne[int64](w, `SELECT count(*) FROM alumni.audit_record`)
	w.plant(theStaff()...)
	g.Expect(Run(t.Context(), w.pool, job)).To(Succeed())
	g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.audit_record`)).To(Equal(links))
	g.Expect(w.outcomes("one")["leavers Erased"].Members).To(Equal(int64(2)))
}

func TestNothingIsErasedInDoubt(t *testing.T) {
	w := newWorld(t)
	cases := map[string]struct {
		prepare func(*world, *Job)
		want    string
		undo    string
	}{
		"the store has a table that nobody knows": {func(w *world, _ *Job) {
			w.exec(`CREATE TABLE alumni.badge (member_id uuid REFERENCES alumni.member ON DELETE CASCADE)`)
		}, "Failed: CatalogueIncomplete: alumni.badge.member_id is not classified; alumni.badge.member_id refers to alumni.member and is not known", `DROP TABLE alumni.badge`},
		"an index is missing": {func(w *world, _ *Job) { w.exec(`DROP INDEX alumni.delivery_member`) },
			"Failed: CatalogueIncomplete: alumni.delivery.member_id has no index that begins with it",
			`CREATE INDEX delivery_member ON alumni.delivery (member_id)`},
		"the store was taken up with another pepper": {func(w *world, _ *Job) {
			w.exec(`INSERT INTO alumni.pepper (fingerprint) VALUES (sha256('another'))`)
		}, "Failed: PepperMismatch", `DELETE FROM alumni.pepper`},
		"a period cannot be read":       {func(_ *world, j *Job) { j.Policy.Rules[0].After = "P5" }, "Failed: PolicyInvalid", ""},
		"a category is not known":       {func(_ *world, j *Job) { j.Policy.Rules[0].Category = "Posts" }, "Failed: PolicyInvalid", ""},
		"an action is not known":        {func(_ *world, j *Job) { j.Policy.Rules[0].Action = "Anonymise" }, "Failed: PolicyInvalid", ""},
		"the zone is not known":         {func(_ *world, j *Job) { j.Policy.TimeZone = "Asia/Edo" }, "Failed: PolicyInvalid", ""},
		"a rule is there twice":         {func(_ *world, j *Job) { j.Policy.Rules = append(j.Policy.Rules, j.Policy.Rules[0]) }, "Failed: PolicyInvalid", ""},
		"this machine's clock is ahead": {func(_ *world, j *Job) { j.Limits.Now = func() time.Time { return time.Now().Add(time.Hour) } }, "Failed: ClockJump", ""},
		"the database's clock went back": {func(w *world, _ *Job) {
			w.exec(`INSERT INTO alumni.retention_run (run_name, policy_uid, policy, generation, kind, mode, state, as_of)
				VALUES ('earlier', 'p', 'p', 1, 'Scheduled', 'DryRun', 'Previewed', now() + interval '1 day')`)
		}, "Failed: ClockJump", ""},
		"the run began under another generation": {func(w *world, _ *Job) {
			w.exec(`INSERT INTO alumni.retention_run (run_name, policy_uid, policy, generation, kind, mode, state, as_of)
				VALUES ('one', 'policy-uid', 'group-default', 7, 'Scheduled', 'Enforce', 'Executing', now())`)
		}, "Failed: PolicyChanged", ""},
		"the run began as a preview": {func(w *world, _ *Job) {
			w.exec(`INSERT INTO alumni.retention_run (run_name, policy_uid, policy, generation, kind, mode, state, as_of)
				VALUES ('one', 'policy-uid', 'group-default', 1, 'Scheduled', 'DryRun', 'Planned', now())`)
		}, "Failed: PolicyChanged", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w.reset()
			ids := w.plant(theStaff()...)
			job := w.job("one", "Enforce", leavers)
			c.prepare(w, &job)
			for range 2 { // another start does not change it
				g.Expect(Run(t.Context(), w.pool, job)).To(MatchError(ErrFinal))
			}
			g.Expect(w.state("one")).To(Equal(c.want))
			g.Expect(w.members()).To(HaveLen(len(ids)))
			if c.undo != "" {
				w.exec(c.undo)
			}
		})
	}
}

func TestLogsAreErasedThoughNobodyMayBe(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(theStaff()...)
	sent := w.campaignRun("Finished", 500)
	w.deliver(sent, ids[5], "Sent", days(450), 450)
	w.exec(`ALTER TABLE alumni.contact ADD nickname text`)

	g.Expect(Run(t.Context(), w.pool, w.job("one", "Enforce", leavers, logs))).To(Succeed())

	g.Expect(w.state("one")).To(Equal("Certified: CatalogueIncomplete: alumni.contact.nickname is not classified"))
	g.Expect(w.members()).To(HaveLen(len(ids)))
	withheld := total(2, 2*(childrenRows+3))
	g.Expect(w.outcomes("one")).To(Equal(map[string]certificate.Total{
		"leavers Due": withheld, "leavers Withheld": withheld, "logs Due": total(0, 1), "logs Erased": total(0, 1)}))
	c, _ := w.certificate("one")
	g.Expect(c.Rules[0].Withheld).To(Equal([]certificate.Withheld{{Ground: certificate.GroundCatalogue, Total: withheld}}))
	w.proven(g, "one")

	w.exec(`ALTER TABLE alumni.contact DROP nickname`)
	g.Expect(Run(t.Context(), w.pool, w.job("two", "Enforce", leavers, logs))).To(Succeed())
	g.Expect(w.state("two")).To(Equal("Certified"))
	g.Expect(w.members()).To(HaveLen(len(ids) - 2))
	w.intact()
}

func TestTheLedgerItselfIsNotErasedWhenItIsNotKnownWhole(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	w.exec(`ALTER TABLE alumni.delivery ADD opened_from inet`)
	g.Expect(Run(t.Context(), w.pool, w.job("one", "Enforce", leavers, logs))).To(MatchError(ErrFinal))
	g.Expect(w.state("one")).To(Equal("Failed: CatalogueIncomplete: alumni.delivery.opened_from is not classified"))
}

func TestAPreviewSaysThatTheStoreIsNotKnownWhole(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	w.exec(`CREATE TABLE alumni.badge (member_id uuid REFERENCES alumni.member)`)
	g.Expect(Run(t.Context(), w.pool, w.job("one", "DryRun", leavers))).To(Succeed())
	g.Expect(w.state("one")).To(HavePrefix("Previewed: CatalogueIncomplete: alumni.badge"))
}

func TestAJobThatCannotBeDoneIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*Job){
		"no name": func(j *Job) { j.RunName = "" }, "no pepper": func(j *Job) { j.Keys = nil },
		"no mode": func(j *Job) { j.Policy.Mode = "" }, "no key": func(j *Job) { j.Signing = nil },
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			job := w.job("refused", "Enforce", leavers)
			change(&job)
			g.Expect(Run(t.Context(), w.pool, job)).To(MatchError(ErrFinal))
			g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.retention_run`)).To(BeZero())
		})
	}
}

func TestASecondRunWaitsForTheFirstAndGivesUpInTime(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	held, err := acquire(t.Context(), w.pool, KindScheduled, time.Second)
	g.Expect(err).NotTo(HaveOccurred())
	job := w.job("one", "Enforce", leavers)
	job.Limits.BusyWait = 10 * time.Millisecond
	g.Expect(Run(t.Context(), w.pool, job)).To(MatchError(ErrBusy))

	// Requests of people do not wait for a long run by rules.
	job = w.job("requests", "Enforce")
	job.Requests = true
	job.Limits.BusyWait = 10 * time.Millisecond
	g.Expect(Run(t.Context(), w.pool, job)).To(Succeed())

	held.release()
	g.Expect(errors.Is(context.Cause(held.ctx), context.Canceled)).To(BeTrue())
	g.Expect(Run(t.Context(), w.pool, w.job("one", "Enforce", leavers))).To(Succeed())
}

func TestAPolicyWithoutRulesErasesNobody(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(theStaff()...)
	g.Expect(Run(t.Context(), w.pool, w.job("one", "Enforce", []settings.RetentionRule{}...))).To(Succeed())
	g.Expect(w.members()).To(HaveLen(len(ids)))
	g.Expect(w.state("one")).To(Equal("Certified"))
}
