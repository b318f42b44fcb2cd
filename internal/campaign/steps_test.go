// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/smtptest"
)

// welcome makes the rig's campaign greet who joins, with two messages after it, and everybody a member since today.
func welcome(t *testing.T, members int) *rig {
	r := newRig(t, members)
	r.job.Campaign.Type, r.job.Campaign.Name = "Onboarding", "welcome"
	r.job.Campaign.Trigger = &settings.Trigger{Event: "JoinedNetwork", After: "P0D"}
	r.job.Campaign.RetryDeadlineSeconds = 5
	r.exec(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
		SELECT id, 'Network', 'Given', '1', 'Portal', 'test', now() FROM alumni.member`)
	text := func(subject string) []settings.LocalisedContent {
		return []settings.LocalisedContent{{Locale: "en", Subject: subject, Body: "Dear {{ .Member.DisplayName }}"}}
	}
	r.job.Campaign.Locales = text("Welcome")
	r.job.Campaign.Steps = []settings.Step{
		{Name: "profile", AfterDays: 3, Locales: text("Your profile"), ExitWhen: []settings.MatchExpression{{Field: "skills", Operator: "Exists"}}},
		{Name: "event", AfterDays: 7, Locales: text("Come and see us")},
	}
	return r
}

// onDay does the run of the campaign so many days after today.
func (r *rig) onDay(days int) {
	r.Helper()
	r.job.ScheduledAt = time.Now().Add(time.Duration(days)*24*time.Hour - time.Minute)
	r.job.RunName = "welcome-" + r.job.ScheduledAt.Format("0102")
	r.exec("UPDATE alumni.campaign_run SET scheduled_at = now()")
	l := r.job
	l.Tuning.Poll = 20 * time.Millisecond
	pool := r.pool()
	_, err := r.ledger(time.Now).join(r.Context(), r.job, r.job.day())
	NewWithT(r.T).Expect(err).NotTo(HaveOccurred())
	r.exec("UPDATE alumni.delivery SET not_before = now()")
	r.exec("UPDATE alumni.delivery_chunk SET not_before = now() WHERE not_before < 'infinity'")
	r.exec("UPDATE alumni.campaign_run SET deadline = now() + interval '1 minute' WHERE state = 'Sending'")
	NewWithT(r.T).Expect(Run(r.Context(), pool, l)).To(Succeed(), r.log.String())
}

// mailsTo are the mails that an address got.
func (r *rig) mailsTo(address string) []string {
	var all []string
	for _, m := range r.smtp.Messages() {
		if m.To == address {
			all = append(all, string(m.Data))
		}
	}
	return all
}

// tallies reads counts n by key k.
func (r *rig) tallies(sql string) map[string]int {
	r.Helper()
	out := map[string]int{}
	rows, err := r.store.Admin().Query(r.Context(), sql)
	if err != nil {
		r.Fatal(err)
	}
	var k string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&k, &n}, func() error { out[k] = n; return nil }); err != nil {
		r.Fatal(err)
	}
	return out
}

// enrolments count who is before each step, and how the others ended.
func (r *rig) enrolments() map[string]int {
	r.Helper()
	return r.tallies(`SELECT step || ' ' || CASE ended WHEN '' THEN 'waits' ELSE ended END AS k, count(*) AS n FROM alumni.enrolment GROUP BY 1`)
}

func TestStepsFollowTheFirstMessageAndEndOnceEach(t *testing.T) {
	g := NewWithT(t)
	r := welcome(t, 10)
	r.onDay(0)
	g.Expect(r.smtp.Taken()).To(Equal(10))
	g.Expect(r.enrolments()).To(Equal(map[string]int{"2 waits": 10}))
	r.onDay(1)
	r.onDay(2)
	g.Expect(r.smtp.Taken()).To(Equal(10), "nothing is due yet")
	r.exec("UPDATE alumni.member SET skills = '{welding}' WHERE id <= $1", member(2)) // they filled in their profile
	r.exec("UPDATE alumni.member SET state = 'Withdrawn' WHERE id = $1", member(3))
	r.onDay(3)
	g.Expect(r.smtp.Taken()).To(Equal(17))
	g.Expect(r.enrolments()).To(Equal(map[string]int{"2 Exited": 2, "3 Refused": 1, "3 waits": 7}))
	r.onDay(9)
	g.Expect(r.smtp.Taken()).To(Equal(17))
	r.onDay(10)
	g.Expect(r.smtp.Taken()).To(Equal(24))
	g.Expect(r.enrolments()).To(Equal(map[string]int{"2 Exited": 2, "3 Refused": 1, "4 Completed": 7}))
	r.onDay(20)
	g.Expect(r.smtp.Taken()).To(Equal(24), "nobody begins again")
	g.Expect(r.tallies("SELECT step::text AS k, count(*) AS n FROM alumni.delivery WHERE state = 'Sent' GROUP BY 1")).To(Equal(map[string]int{"1": 10, "2": 7, "3": 7}))
	g.Expect(r.mailsTo(address(5))).To(ConsistOf(ContainSubstring("Subject: Welcome"), ContainSubstring("Subject: Your profile"), ContainSubstring("Subject: Come and see us")))
	g.Expect(scalar[int](r, "SELECT count(DISTINCT message_id) FROM alumni.delivery WHERE state = 'Sent'")).To(Equal(24))
}

func TestWhoCannotBeDisturbedMissesAStepAndStays(t *testing.T) {
	g := NewWithT(t)
	r := welcome(t, 3)
	r.onDay(0)
	r.exec("UPDATE alumni.member SET state = 'Paused' WHERE id = $1", member(1))
	r.onDay(3)
	g.Expect(r.enrolments()).To(Equal(map[string]int{"3 waits": 3}))
	g.Expect(r.smtp.Taken()).To(Equal(5))
	r.exec("UPDATE alumni.member SET state = 'Active' WHERE id = $1", member(1))
	r.onDay(10)
	g.Expect(r.smtp.Taken()).To(Equal(8))
}

func TestADayWithoutARunIsMadeUpFor(t *testing.T) {
	g := NewWithT(t)
	r := welcome(t, 3)
	r.onDay(0)
	r.onDay(5) // nothing ran on the third day
	g.Expect(r.smtp.Taken()).To(Equal(6))
	r.onDay(10)
	g.Expect(r.smtp.Taken()).To(Equal(6), "seven days after the message before")
	r.onDay(12)
	g.Expect(r.smtp.Taken()).To(Equal(9))
}

func TestWhatChangesOfTheStepsHoldsForThoseToCome(t *testing.T) {
	g := NewWithT(t)
	r := welcome(t, 2)
	r.onDay(0)
	r.job.Campaign.Steps = r.job.Campaign.Steps[:1]
	r.job.Campaign.Steps[0].AfterDays = 1 // the second message keeps its day: it was set when the first was planned
	r.onDay(1)
	g.Expect(r.smtp.Taken()).To(Equal(2))
	r.onDay(3)
	g.Expect(r.smtp.Taken()).To(Equal(4))
	g.Expect(r.enrolments()).To(Equal(map[string]int{"3 Completed": 2}))
}

func TestAReminderGoesToThoseWhoGotTheFirstMessage(t *testing.T) {
	g := NewWithT(t)
	r := welcome(t, 4)
	at := time.Now().Add(-time.Minute)
	r.job.Campaign.Type, r.job.Campaign.Trigger, r.job.Campaign.FirstAt = "Announcement", nil, &at
	r.job.ScheduledAt = at
	r.job.Campaign.Steps[0].ExitWhen = nil
	r.mustRun()
	r.exec(`INSERT INTO alumni.member (id, state, family_name, locale, joined_at) VALUES ($1, 'Active', 'New', 'en', now())`, member(5))
	r.exec(`INSERT INTO alumni.contact (member_id, channel, address, source) VALUES ($1, 'Email', $2, 'Roster')`, member(5), address(5))
	r.exec(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
		VALUES ($1, 'Network', 'Given', '1', 'Portal', 'test', now())`, member(5))
	r.onDay(3)
	g.Expect(r.smtp.Taken()).To(Equal(8), "who joined since is not reminded of what they never got")
	r.onDay(10)
	g.Expect(r.enrolments()).To(Equal(map[string]int{"4 Completed": 4}))
}

func TestARunThatMissedAReminderSendsTheNextAndNotBoth(t *testing.T) {
	g := NewWithT(t)
	r := welcome(t, 4)
	at := time.Now().Add(-time.Minute)
	r.job.Campaign.Type, r.job.Campaign.Trigger, r.job.Campaign.FirstAt = "Announcement", nil, &at
	r.job.ScheduledAt = at
	r.mustRun()
	r.onDay(10)
	g.Expect(r.smtp.Taken()).To(Equal(8))
	g.Expect(r.mailsTo(address(1))).To(ConsistOf(ContainSubstring("Subject: Welcome"), ContainSubstring("Subject: Come and see us")))
	g.Expect(r.enrolments()).To(Equal(map[string]int{"4 Completed": 4}))
}

func TestARunThatIsTooLargeMovesNobodyOn(t *testing.T) {
	g := NewWithT(t)
	r := welcome(t, 4)
	r.onDay(0)
	before := r.enrolments()
	r.job.Campaign.MaxRecipients = 1
	r.job.ScheduledAt = time.Now().Add(3 * 24 * time.Hour)
	r.job.RunName += "-large"
	g.Expect(r.run()).To(MatchError(ErrFinal))
	g.Expect(r.enrolments()).To(Equal(before))
	r.job.Campaign.MaxRecipients = 100
	r.onDay(4)
	g.Expect(r.smtp.Taken()).To(Equal(8))
}

func TestAStepThatIsSentAgainSaysTheSame(t *testing.T) {
	g := NewWithT(t)
	r := welcome(t, 3)
	r.onDay(0)
	r.smtp.SetHooks(smtptest.Hooks{Data: func(to string, _ int) smtptest.Verdict {
		if to == address(2) {
			return smtptest.Verdict{Reply: 554, Status: [3]int{5, 7, 1}}
		}
		return smtptest.Verdict{}
	}})
	r.job.Campaign.PauseOn = &settings.PauseOn{}
	r.onDay(3)
	g.Expect(r.smtp.Taken()).To(Equal(5))
	r.smtp.SetHooks(smtptest.Hooks{})
	r.job.Campaign.ResendOf = r.job.RunName
	r.job.Campaign.Trigger = nil
	r.job.RunName += "-r1"
	r.job.ScheduledAt = time.Now()
	r.mustRun()
	g.Expect(r.smtp.Taken()).To(Equal(6))
	g.Expect(r.mailsTo(address(2))).To(ConsistOf(ContainSubstring("Subject: Welcome"), ContainSubstring("Subject: Your profile")))
	g.Expect(r.enrolments()).To(Equal(map[string]int{"3 waits": 3}), "it moved on when it was planned")
}

func TestAStepThatTheCampaignLostSaysNothingElse(t *testing.T) {
	g := NewWithT(t)
	r := welcome(t, 2)
	r.onDay(0)
	r.job.ScheduledAt = time.Now().Add(3*24*time.Hour - time.Minute)
	r.job.RunName += "-3"
	_, err := r.ledger(time.Now).join(t.Context(), r.job, r.job.day())
	g.Expect(err).NotTo(HaveOccurred())
	r.exec("UPDATE alumni.delivery SET not_before = now()")
	r.exec("UPDATE alumni.delivery_chunk SET not_before = now() WHERE not_before < 'infinity'")
	r.job.Campaign.Steps, r.job.Campaign.PauseOn = nil, &settings.PauseOn{}
	r.mustRun()
	g.Expect(r.smtp.Taken()).To(Equal(2))
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 2, "Failed/Render": 2}))
}

// missed has a run of day 0 end before it sent anything.
func (r *rig) missed() {
	r.Helper()
	r.job.Campaign.Steps[0].AfterDays = 1
	r.job.ScheduledAt, r.job.RunName = time.Now().Add(-time.Minute), "welcome-0"
	r.planned()
	r.exec("UPDATE alumni.campaign_run SET deadline = now() - interval '1 second'")
}

func TestWhoMissedTheFirstMessageGetsItBeforeTheNext(t *testing.T) {
	for name, end := range map[string]func(r *rig){
		"its worker came too late": (*rig).mustRun,
		"it was paused": func(r *rig) {
			r.exec("UPDATE alumni.campaign_run SET state = 'Paused'")
			r.exec(sqlEndPaused)
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := welcome(t, 30)
			r.missed()
			end(r)
			g.Expect(r.outcomes()).To(Equal(map[string]int{"Email/Expired": 30}))
			g.Expect(r.enrolments()).To(BeEmpty())
			r.onDay(1)
			g.Expect(r.enrolments()).To(Equal(map[string]int{"2 waits": 30}))
			r.onDay(2)
			g.Expect(r.smtp.Taken()).To(Equal(60))
			for i := 1; i <= 30; i++ {
				g.Expect(r.mailsTo(address(i))).To(ConsistOf(ContainSubstring("Subject: Welcome"), ContainSubstring("Subject: Your profile")))
			}
		})
	}
}

// TestAMemberGetsOneMessageOfARun has everybody before a step and due the first message at once.
func TestAMemberGetsOneMessageOfARun(t *testing.T) {
	g := NewWithT(t)
	r := welcome(t, 10)
	r.onDay(0)
	r.exec("DELETE FROM alumni.occasion")
	r.onDay(3)
	g.Expect(r.smtp.Taken()).To(Equal(20))
	g.Expect(scalar[int](r, "SELECT max(n) FROM (SELECT count(*) AS n FROM alumni.delivery GROUP BY run_id, member_id) c")).To(Equal(1))
}
