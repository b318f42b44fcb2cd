// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// ended rewrites how the messages of the rig's run to some members ended.
func (r *rig) ended(endings map[int][2]string) {
	r.Helper()
	for i, e := range endings {
		r.exec(`UPDATE alumni.delivery SET state = $2, reason = $3, sent_at = CASE WHEN $2 = 'Sent' THEN sent_at END WHERE member_id = $1`, member(i), e[0], e[1])
	}
}

func TestARunIsSentAgainToThoseWhomItDidNotReach(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 7)
	r.mustRun()
	r.ended(map[int][2]string{1: {"Failed", "Refused"}, 2: {"Unknown", "NoAnswer"}, 3: {"Failed", "HardBounce"}, 4: {"Failed", "Render"},
		5: {"Expired", ""}, 6: {"Failed", "Refused"}})
	r.exec("INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at) VALUES ($1, 'Newsletter', 'Withdrawn', '1', 'Email', 'x', now())", member(4))
	r.exec("INSERT INTO alumni.suppression (member_id, channel, reason) VALUES ($1, 'Email', 'Complaint')", member(6))
	parent := r.job.RunName
	r.job.Campaign.ResendOf, r.job.RunName = parent, parent+"-r1"
	for range 2 { // the second start finds everything done
		r.mustRun()
		g.Expect(r.smtp.Counts()).To(Equal(map[string]int{address(1): 2, address(2): 2, address(3): 1, address(4): 1, address(5): 1, address(6): 1, address(7): 1}))
	}
	g.Expect(scalar[string](r, "SELECT resend_of FROM alumni.campaign_run WHERE run_name = $1", r.job.RunName)).To(Equal(parent))
	g.Expect(scalar[string](r, `SELECT string_agg(d.state || '/' || d.reason, ' ' ORDER BY d.member_id) FROM alumni.delivery d
		JOIN alumni.campaign_run r ON r.id = d.run_id WHERE resend_of IS NOT NULL`)).To(Equal("Sent/ Sent/ Suppressed/NoConsent Suppressed/Suppressed"))

	r.job.Campaign.ResendOf, r.job.RunName = r.job.RunName, parent+"-r2"
	r.mustRun()
	g.Expect(r.smtp.Taken()).To(Equal(9), "of a run that reached everybody it could, nobody is left")
}

func TestARunOfAnotherCampaignIsNotSentAgain(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 1)
	r.mustRun()
	r.ended(map[int][2]string{1: {"Failed", "Refused"}})
	r.job.Campaign.ResendOf, r.job.RunName, r.job.Campaign.UID = r.job.RunName, "other-1-r1", "c2"
	r.mustRun()
	g.Expect(r.smtp.Taken()).To(Equal(1))
}

func TestAGreetingThatFailedIsSentAgainAlthoughItsOccasionWasNoted(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 1)
	r.exec(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
		SELECT id, 'Network', 'Given', '1', 'Portal', 'test', now() FROM alumni.member`)
	r.exec("UPDATE alumni.member SET joined_at = $1", due.AddDate(0, 0, -7))
	r.job.Campaign.Type, r.job.Campaign.Trigger = "Onboarding", &settings.Trigger{Event: "JoinedNetwork", After: "P7D"}
	r.mustRun()
	g.Expect(r.smtp.Taken()).To(Equal(1))
	r.ended(map[int][2]string{1: {"Failed", "Refused"}})
	r.job.Campaign.ResendOf, r.job.RunName = r.job.RunName, r.job.RunName+"-r1"
	r.mustRun()
	g.Expect(r.smtp.Taken()).To(Equal(2))
}
