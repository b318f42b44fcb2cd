// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/smtptest"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

// zoneAtHour is a zone whose clock shows an hour now.
func zoneAtHour(hour int) string {
	ahead := (hour - time.Now().UTC().Hour() + 24) % 24
	if ahead > 14 {
		return fmt.Sprintf("Etc/GMT+%d", 24-ahead)
	}
	return fmt.Sprintf("Etc/GMT-%d", ahead)
}

// begin names the run anew, as another campaign's.
func (r *rig) begin(campaign string) {
	r.job.RunName, r.job.Campaign.Name, r.job.Campaign.UID = campaign+"-29410560", campaign, campaign
}

func TestNobodyIsWrittenToMoreThanTheNetworkPromises(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 40)
	r.job.Network.FrequencyCap = nil // one a day, three in seven days
	r.begin("first")
	r.mustRun()
	r.expectEach(40, 1)
	r.begin("second")
	r.mustRun()
	r.expectEach(40, 1)
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 40, "Skipped/Capped": 40}))

	// Four days on, with two more of these days: the week is full.
	r.exec("UPDATE alumni.delivery SET sent_at = sent_at - interval '4 days'")
	for _, campaign := range []string{"third", "fourth"} {
		r.begin(campaign)
		r.mustRun()
		r.exec("UPDATE alumni.delivery SET sent_at = sent_at - interval '1 day' WHERE sent_at > now() - interval '1 day'")
	}
	r.begin("fifth")
	r.mustRun()
	r.expectEach(40, 3)
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 120, "Skipped/Capped": 80}))

	// The first of them leaves the week.
	r.exec("UPDATE alumni.delivery SET sent_at = sent_at - interval '3 days'")
	r.begin("sixth")
	r.mustRun()
	r.expectEach(40, 4)
}

// TestTwoRunsPlannedAtTheSameInstantNeverPromiseTheSamePlace plans two runs at once, a thousand times over, as the workers of two campaigns
// do. Members have had none, one or two messages before, so that now the day is full and now the week.
func TestTwoRunsPlannedAtTheSameInstantNeverPromiseTheSamePlace(t *testing.T) {
	const trials, members = 1000, 6
	g := NewWithT(t)
	r := newRig(t, members)
	r.job.Network.FrequencyCap = &settings.FrequencyCap{PerDay: 1, PerSevenDays: 3}
	r.exec(`INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, generation, state, scheduled_at, deadline)
		SELECT 'before-' || n, 'before', 'before', 'Newsletter', 1, 'Finished', now(), now() + interval '1 day' FROM generate_series(1, 3) n`)
	bothPlanned := 0
	for trial := range trials {
		r.exec(`INSERT INTO alumni.delivery (run_id, member_id, channel, state, sent_at)
			SELECT r.id, m.id, 'Email', 'Sent', now() - interval '2 days' FROM alumni.campaign_run r, alumni.member m
			WHERE r.campaign_uid = 'before' AND r.id <= ('x' || right(m.id::text, 2))::bit(8)::int % 4`)
		start, errs := make(chan struct{}), make([]error, 2)
		var both sync.WaitGroup
		for i := range errs {
			job := r.job
			job.RunName, job.Campaign.UID = fmt.Sprintf("trial-%d-%d", trial, i), fmt.Sprint(i)
			l := r.ledger(time.Now)
			both.Go(func() {
				<-start
				_, errs[i] = l.join(t.Context(), job, job.day())
			})
		}
		close(start)
		both.Wait()
		g.Expect(errs).To(HaveEach(Succeed()))
		over := scalar[int](r, `SELECT count(*) FROM (SELECT FROM alumni.delivery GROUP BY member_id
			HAVING count(*) FILTER (WHERE state = 'Planned') > 1 OR count(*) FILTER (WHERE state IN ('Planned', 'Sent')) > 3) x`)
		g.Expect(over).To(BeZero(), "trial %d: members over the cap", trial)
		planned := scalar[int](r, "SELECT count(*) FROM alumni.delivery WHERE state = 'Planned'")
		g.Expect(planned).To(Equal(members-1), "trial %d: whoever has a place left gets one, and the member whose week is full gets none", trial)
		bothPlanned += scalar[int](r, "SELECT count(DISTINCT run_id) FROM alumni.delivery WHERE state = 'Skipped'")
		r.exec("DELETE FROM alumni.delivery")
		r.exec("DELETE FROM alumni.delivery_chunk")
	}
	g.Expect(bothPlanned).To(Equal(2*trials), "both met somebody whom they had to leave out")
}

func TestARunThatEndedWithoutSendingLeavesItsPlacesToOthers(t *testing.T) {
	r := newRig(t, 5)
	r.job.Network.FrequencyCap = nil
	r.begin("dead")
	r.exec(`INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, generation, state, scheduled_at, deadline)
		VALUES ('dead-1', 'dead', 'dead', 'Newsletter', 1, 'Sending', now(), now() - interval '1 minute')`)
	r.exec(`INSERT INTO alumni.delivery (run_id, member_id, channel, state) SELECT 1, id, 'Email', 'Planned' FROM alumni.member`)
	r.begin("alive")
	r.mustRun()
	r.expectEach(5, 1)
}

func TestWhoWouldBeWokenIsWrittenToInTheMorning(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 6)
	r.job.Network.QuietHours = nil // from 21:00 until 08:00
	r.job.Network.TimeZone = zoneAtHour(12)
	r.job.Campaign.RetryDeadlineSeconds = 2
	r.exec("UPDATE alumni.member SET time_zone = $1 WHERE id < $2::uuid", zoneAtHour(3), member(3))
	r.exec("UPDATE alumni.member SET time_zone = 'Mars/Olympus' WHERE id = $1::uuid", member(3))
	r.mustRun()
	g.Expect(r.smtp.Taken()).To(Equal(4), "where it is noon, and in a zone that there is not")
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 4, "Expired": 2}), "their morning comes after the deadline of this run")
	g.Expect(scalar[bool](r, "SELECT bool_and(not_before > now() + interval '4 hours' AND not_before <= now() + interval '5 hours') FROM alumni.delivery WHERE state = 'Expired'")).
		To(BeTrue())
}

func TestACampaignMayLeaveOutWhomItWouldWake(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 3)
	r.job.Network.QuietHours = nil
	r.job.Network.TimeZone = zoneAtHour(23)
	r.job.Campaign.QuietHours = settings.QuietSkip
	r.mustRun()
	g.Expect(r.smtp.Taken()).To(BeZero())
	g.Expect(r.counts()).To(Equal(map[string]int{"Skipped/QuietHours": 3}))
}

// TestAMessageThatWaitedIntoTheNightWaitsForTheMorning plans at noon, and claims as if hours had passed.
func TestAMessageThatWaitedIntoTheNightWaitsForTheMorning(t *testing.T) {
	for name, c := range map[string]struct {
		skip string
		want map[string]int
	}{
		"and is sent then": {"", map[string]int{"Planned": 3, "Deferred": 2}},
		"or is not sent":   {settings.QuietSkip, map[string]int{"Skipped/QuietHours": 5}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := newRig(t, 5)
			r.job.Network.QuietHours = nil
			r.job.Network.TimeZone = zoneAtHour(12)
			r.job.Campaign.QuietHours = c.skip
			now := time.Now()
			l := r.ledger(func() time.Time { return now })
			_, err := l.join(t.Context(), r.job, r.job.day())
			g.Expect(err).NotTo(HaveOccurred())
			r.exec("UPDATE alumni.delivery SET state = 'Deferred', attempts = 1 WHERE member_id < $1::uuid", member(3))

			now = now.Add(10 * time.Hour)
			items, refused, err := l.claim(t.Context(), 100, r.job.day())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(items).To(BeEmpty())
			g.Expect(refused).To(Equal(5))
			g.Expect(r.counts()).To(Equal(c.want))
		})
	}
}

func TestNothingIsClaimedAfterTheDeadline(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 3)
	l := r.ledger(time.Now)
	_, err := l.join(t.Context(), r.job, r.job.day())
	g.Expect(err).NotTo(HaveOccurred())
	r.exec("UPDATE alumni.campaign_run SET deadline = now()")
	items, _, err := l.claim(t.Context(), 100, r.job.day())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(items).To(BeEmpty())
}

func TestAMilestoneIsKeptOnceWhicheverCampaignComesFirst(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 4)
	r.exec("INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at) SELECT id, 'Network', 'Given', '1', 'Portal', 'test', now() FROM alumni.member")
	r.exec("UPDATE alumni.member SET birthday = 1121 WHERE id < $1::uuid", member(4))
	r.exec("INSERT INTO alumni.opt_out (recipient_id, kind, source) VALUES ($1, 'Birthday', 'portal')", member(3))
	r.job.Campaign.Type, r.job.Campaign.Trigger = "Milestone", &settings.Trigger{Event: "Birthday"}
	for _, campaign := range []string{"birthdays", "more-birthdays"} {
		r.begin(campaign)
		r.mustRun()
	}
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 2, "Suppressed/OptedOut": 2}), "who wants none is named in both")
	g.Expect(r.smtp.Taken()).To(Equal(2))
	signer, err := unsubscribe.NewSigner(r.job.TokenKey)
	g.Expect(err).NotTo(HaveOccurred())
	link := regexpLine(string(r.smtp.Messages()[0].Data), "List-Unsubscribe: ")
	claim, err := signer.Parse(strings.TrimSuffix(strings.TrimPrefix(link, "<https://alumni.hoshino.example/u/"), ">"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(claim.Purpose).To(Equal("Birthday"), "whoever wants no greeting need not leave the network")

	r.begin("too-many")
	r.exec("TRUNCATE alumni.occasion")
	r.job.Campaign.MaxRecipients = 1
	g.Expect(r.run()).To(MatchError(ErrFinal))
	g.Expect(scalar[int](r, "SELECT count(*) FROM alumni.occasion")).To(BeZero(), "a run that is not sent uses up nothing")
}

func TestABirthdayThatARunDidNotGetToIsKeptByTheNext(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 2)
	r.exec("INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at) SELECT id, 'Network', 'Given', '1', 'Portal', 'test', now() FROM alumni.member")
	r.exec("UPDATE alumni.member SET birthday = 1121")
	r.job.Campaign.Type, r.job.Campaign.Trigger = "Milestone", &settings.Trigger{Event: "Birthday"}
	r.job.Campaign.RetryDeadlineSeconds = 2
	r.smtp.SetHooks(smtptest.Hooks{Data: func(to string, _ int) smtptest.Verdict {
		if to == address(1) {
			return smtptest.Verdict{Reply: 451}
		}
		return smtptest.Verdict{}
	}})
	r.begin("birthdays")
	r.mustRun()
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 1, "Expired": 1}))
	r.smtp.SetHooks(smtptest.Hooks{})
	r.begin("birthdays-again")
	r.mustRun()
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 2, "Expired": 1}))
	g.Expect(r.smtp.Counts()).To(Equal(map[string]int{address(1): 1, address(2): 1}))
}

func TestWhoOptsOutAfterPlanningIsNotWrittenTo(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 2)
	r.exec("INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at) SELECT id, 'Network', 'Given', '1', 'Portal', 'test', now() FROM alumni.member")
	r.exec("UPDATE alumni.member SET birthday = 1121")
	r.job.Campaign.Type, r.job.Campaign.Trigger = "Milestone", &settings.Trigger{Event: "Birthday"}
	l := r.ledger(time.Now)
	_, err := l.join(t.Context(), r.job, r.job.day())
	g.Expect(err).NotTo(HaveOccurred())
	r.exec("INSERT INTO alumni.opt_out (recipient_id, kind, source) VALUES ($1, 'Birthday', 'portal')", member(1))
	r.mustRun()
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 1, "Suppressed/OptedOut": 1}))
}

func TestBadPromisesAreFinal(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 1)
	r.job.Network.QuietHours = &settings.QuietHours{From: "soon", Until: "08:00"}
	g.Expect(r.run()).To(And(MatchError(ErrFinal), MatchError(ContainSubstring(`quietHours.from: "soon" is no time of the day`))))
}

func TestARunThatIsPlannedBeforeItIsDueBeginsOnTime(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 300)
	r.job.ScheduledAt = time.Now().Add(2 * time.Second)
	r.mustRun()
	r.expectEach(300, 1)
	g.Expect(scalar[bool](r, "SELECT planned_at < $1 FROM alumni.delivery LIMIT 1", r.job.ScheduledAt)).To(BeTrue())
	first := scalar[time.Time](r, "SELECT min(sent_at) FROM alumni.delivery")
	g.Expect(first).To(And(BeTemporally(">=", r.job.ScheduledAt), BeTemporally("<", r.job.ScheduledAt.Add(time.Second))))
}
