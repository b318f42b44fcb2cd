// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/bounce"
	"github.com/alumni-operator/alumni-operator/internal/bounce/register"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/smtptest"
)

func TestEveryMailHasAnEnvelopeSenderOfItsOwn(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 30)
	r.job.Network.Email.BounceAddress = "bounces@hoshino.example"
	r.mustRun()
	sender, err := bounce.NewSender("bounces@hoshino.example", r.job.TokenKey)
	g.Expect(err).NotTo(HaveOccurred())
	run := scalar[int64](r, "SELECT id FROM alumni.campaign_run")
	g.Expect(r.smtp.Messages()).To(HaveLen(30))
	for _, m := range r.smtp.Messages() {
		claim, err := sender.Parse(m.From)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(claim.Run).To(Equal(run))
		g.Expect(m.To).To(Equal(scalar[string](r, "SELECT address FROM alumni.contact WHERE member_id = $1", claim.Member)))
		g.Expect(string(m.Data)).To(ContainSubstring("<alumni@hoshino.example>"), "people see the network's own address")
		g.Expect(string(m.Data)).NotTo(ContainSubstring("bounces"))
	}
}

func TestWithoutABounceAddressMailsComeFromTheNetwork(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 1)
	r.mustRun()
	g.Expect(r.smtp.Messages()[0].From).To(Equal("alumni@hoshino.example"))

	r.job.RunName, r.job.Network.Email.BounceAddress = "news-2", "much-too-long-for-a-token@hoshino.example"
	g.Expect(r.run()).To(MatchError(ErrFinal))
}

func TestASuppressionThatIsOverStopsNothing(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 4)
	r.exec("INSERT INTO alumni.suppression (member_id, channel, reason, expires_at) VALUES ($1, 'Email', 'SoftBounce', now() - interval '1 second')", member(1))
	r.exec("INSERT INTO alumni.suppression (member_id, channel, reason, expires_at) VALUES ($1, 'Email', 'SoftBounce', now() + interval '1 hour')", member(2))
	r.exec("INSERT INTO alumni.suppression (member_id, channel, reason) VALUES ($1, 'Email', 'HardBounce')", member(3))
	g.Expect(scalar[int](r, "SELECT reachable FROM alumni_stats.members")).To(BeZero(), "nobody takes part")
	r.exec("UPDATE alumni.consent_state SET purpose = 'Network'")
	g.Expect(scalar[int](r, "SELECT reachable FROM alumni_stats.members")).To(Equal(2))
	r.exec("UPDATE alumni.consent_state SET purpose = 'Newsletter'")
	r.mustRun()
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 2, "Suppressed/Suppressed": 2}))
	g.Expect(r.smtp.Counts()).To(Equal(map[string]int{address(1): 1, address(4): 1}))

	r.job.RunName, r.job.Campaign.Type = "invitation-1", typeInvitation
	r.exec("UPDATE alumni.member SET state = 'Listed'")
	r.mustRun()
	g.Expect(r.smtp.Counts()).To(Equal(map[string]int{address(1): 2, address(4): 2}))
}

func TestASuppressionThatBeginsAfterThePlanningStopsTheMail(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 2)
	l := joined(t, r)
	r.exec("INSERT INTO alumni.suppression (member_id, channel, reason, expires_at) VALUES ($1, 'Email', 'SoftBounce', now() + interval '1 hour')", member(1))
	items, refused, err := l.claim(t.Context(), 2, r.job.day())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(items).To(HaveLen(1))
	g.Expect(refused).To(Equal(1))
	g.Expect(l.still(t.Context(), items[0])).To(BeTrue())
	r.exec("INSERT INTO alumni.suppression (member_id, channel, reason, expires_at) VALUES ($1, 'Email', 'SoftBounce', now() - interval '1 hour')", member(2))
	g.Expect(l.still(t.Context(), items[0])).To(BeTrue(), "it is over")
	r.exec("UPDATE alumni.suppression SET expires_at = now() + interval '1 hour'")
	g.Expect(l.still(t.Context(), items[0])).To(BeFalse())
}

// joined makes a run and freezes its audience.
func joined(t *testing.T, r *rig) *ledger {
	t.Helper()
	r.job.Tuning.Lease = time.Minute
	l := r.ledger(time.Now)
	if _, err := l.join(t.Context(), r.job, r.job.day()); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAMailThatComesBackBeforeItsOutcomeIsWrittenStaysFailed(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 20)
	r.job.Network.Email.BounceAddress = "bounces@hoshino.example"
	sender, err := bounce.NewSender("bounces@hoshino.example", r.job.TokenKey)
	g.Expect(err).NotTo(HaveOccurred())
	to := register.New(r.store.Pool(naming.RolePortal))
	run := make(chan int64, 20)
	r.smtp.SetHooks(smtptest.Hooks{Data: func(recipient string, _ int) smtptest.Verdict {
		if recipient != address(7) {
			return smtptest.Verdict{}
		}
		id := scalar[int64](r, "SELECT id FROM alumni.campaign_run")
		claim, err := sender.Parse(sender.Address(bounce.Claim{Member: uuid.MustParse(member(7)), Run: id}))
		if err == nil {
			err = to.Note(context.Background(), claim, bounce.Report{Kind: bounce.HardBounce, Status: bounce.Status{Class: 5, Subject: 1, Detail: 1}})
		}
		if err != nil {
			t.Error(err)
		}
		run <- id
		return smtptest.Verdict{}
	}})
	r.mustRun()
	g.Expect(run).To(HaveLen(1))
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 19, "Failed/HardBounce": 1}))
	g.Expect(scalar[int](r, "SELECT count(*) FROM alumni.delivery WHERE sent_at IS NOT NULL")).To(Equal(20))
	g.Expect(r.smtp.Taken()).To(Equal(20), "it is not sent again")
	g.Expect(scalar[string](r, "SELECT state FROM alumni.campaign_run")).To(Equal("Finished"))
}

func TestRefusalsOfTheMailServerAreNotedAsThoseThatComeLater(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 4)
	r.smtp.SetHooks(smtptest.Hooks{Rcpt: func(to string, _ int) smtptest.Verdict {
		switch to {
		case address(1):
			return smtptest.Verdict{Reply: 552, Status: [3]int{5, 2, 2}}
		case address(2):
			return smtptest.Verdict{Reply: 550, Status: [3]int{5, 1, 1}}
		case address(3):
			return smtptest.Verdict{Reply: 550, Status: [3]int{5, 7, 1}}
		}
		return smtptest.Verdict{}
	}})
	for n := range register.SoftBounces {
		r.job.RunName = "news-" + string(rune('a'+n))
		r.mustRun()
	}
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 5, "Failed/Refused": 10, "Failed/HardBounce": 1, "Suppressed/Suppressed": 4}))
	g.Expect(scalar[string](r, "SELECT string_agg(member_id::text || reason || CASE WHEN expires_at IS NULL THEN '' ELSE '*' END, ' ' ORDER BY member_id) FROM alumni.suppression")).
		To(Equal(member(1) + "SoftBounce* " + member(2) + "HardBounce"))
	g.Expect(scalar[string](r, "SELECT string_agg(DISTINCT kind || ' ' || status, ', ' ORDER BY kind || ' ' || status) FROM alumni.bounce")).
		To(Equal("HardBounce 5.1.1, SoftBounce 5.2.2"))
}
