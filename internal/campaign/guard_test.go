// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/smtptest"
)

func TestTheGuardCountsTheLastFiveHundred(t *testing.T) {
	sent, lost, bounce := settlement{state: stateSent}, settlement{state: stateFailed}, settlement{state: stateFailed, reason: reasonHardBounce}
	later := settlement{state: stateDeferred}
	repeat := func(n int, s settlement) []settlement {
		all := make([]settlement, n)
		for i := range all {
			all[i] = s
		}
		return all
	}
	for name, c := range map[string]struct {
		outcomes [][]settlement
		want     string
	}{
		"few say nothing":                  {[][]settlement{repeat(99, lost)}, ""},
		"five of a hundred are borne":      {[][]settlement{repeat(95, sent), repeat(5, lost)}, ""},
		"six are not":                      {[][]settlement{repeat(94, sent), repeat(6, lost)}, "TooManyFailures"},
		"bounces are named":                {[][]settlement{repeat(94, sent), repeat(6, bounce)}, "TooManyBounces"},
		"both together are failures":       {[][]settlement{repeat(94, sent), repeat(3, bounce), repeat(3, lost)}, "TooManyFailures"},
		"what is tried again says nothing": {[][]settlement{repeat(100, sent), repeat(400, later)}, ""},
		"old failures are forgotten":       {[][]settlement{repeat(95, sent), repeat(5, lost), repeat(500, sent), repeat(25, lost)}, ""},
		"one more within the five hundred": {[][]settlement{repeat(500, sent), repeat(26, lost)}, "TooManyFailures"},
	} {
		t.Run(name, func(t *testing.T) {
			g := guard{limits: settings.PauseOn{FailedPercent: 5, BouncedPercent: 5}}
			reason := ""
			for _, outcomes := range c.outcomes {
				for _, s := range outcomes {
					if reason == "" {
						reason = g.note(s)
					}
				}
			}
			NewWithT(t).Expect(reason).To(Equal(c.want))
		})
	}
}

func TestTheGuardsSumsAreThoseOfItsWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := guard{limits: settings.PauseOn{FailedPercent: 100, BouncedPercent: 100}}
		for range rapid.IntRange(0, 1500).Draw(t, "messages") {
			g.note([]settlement{{state: stateSent}, {state: stateFailed}, {state: stateFailed, reason: reasonHardBounce}, {state: statePlanned}}[rapid.IntRange(0, 3).Draw(t, "outcome")])
		}
		var counts [3]int
		for _, o := range g.last[:min(g.seen, guardWindow)] {
			counts[o]++
		}
		if counts != g.counts {
			t.Fatalf("%v, want %v", g.counts, counts)
		}
	})
}

// TestARunOfWhichTooMuchBouncesRestsUntilSomebodyLetsItGoOn has every tenth mailbox gone.
func TestARunOfWhichTooMuchBouncesRestsUntilSomebodyLetsItGoOn(t *testing.T) {
	g := NewWithT(t)
	const members = 2000
	r := newRig(t, members)
	bad := map[string]bool{}
	for i := 10; i <= members; i += 10 {
		bad[address(i)] = true
	}
	r.smtp.SetHooks(smtptest.Hooks{Rcpt: func(to string, _ int) smtptest.Verdict {
		if bad[to] {
			return smtptest.Verdict{Reply: 550, Status: [3]int{5, 1, 1}}
		}
		return smtptest.Verdict{}
	}})
	g.Expect(r.run()).To(Succeed(), "a run that rests is no failure of its worker")
	state := func() string { return scalar[string](r, "SELECT state || '/' || failure FROM alumni.campaign_run") }
	g.Expect(state()).To(Equal("Paused/TooManyBounces"))
	taken := r.smtp.Taken()
	g.Expect(taken).To(BeNumerically("<", members/2))
	g.Expect(r.counts()["Planned"]).To(BeNumerically(">", members/2), "nothing is lost")
	g.Expect(r.leased()).To(BeZero())

	g.Expect(r.run()).To(Succeed(), "another start leaves it at rest")
	r.job.Resume = scalar[time.Time](r, "SELECT paused_at - interval '1 second' FROM alumni.campaign_run")
	g.Expect(r.run()).To(Succeed(), "so does leave for an earlier pause")
	g.Expect(r.smtp.Taken()).To(Equal(taken))

	r.job.Resume = scalar[time.Time](r, "SELECT paused_at FROM alumni.campaign_run")
	r.job.Campaign.PauseOn = &never
	r.mustRun()
	g.Expect(state()).To(Equal("Finished/"))
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": members - len(bad), "Failed/HardBounce": len(bad)}))
	for i := range members {
		to := address(i + 1)
		if want := map[bool]int{false: 1}[bad[to]]; r.smtp.Counts()[to] != want {
			t.Errorf("%s got %d, want %d", to, r.smtp.Counts()[to], want)
		}
	}
}

func TestARunThatRestedTooLongIsEndedByTheNext(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 3)
	r.exec(`INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, generation, state, failure, scheduled_at, deadline)
		VALUES ('news-1', 'c1', 'news', 'Newsletter', 1, 'Paused', 'TooManyBounces', now(), now() - interval '1 minute')`)
	r.exec(`INSERT INTO alumni.delivery (run_id, member_id, channel, state) SELECT 1, id, 'Email', 'Planned' FROM alumni.member`)
	r.mustRun()
	g.Expect(scalar[string](r, "SELECT state || '/' || failure FROM alumni.campaign_run WHERE id = 1")).To(Equal("Failed/TooManyBounces"))
	g.Expect(r.counts()).To(Equal(map[string]int{"Expired": 3, "Sent": 3}))
}

func TestWhatComesBackLaterLetsARunRestUnlessItWasBorne(t *testing.T) {
	usual := settings.Campaign{}.Limits()
	for name, c := range map[string]struct {
		now, borne echo
		want       string
	}{
		"nothing":                     {echo{sent: 1000}, echo{}, ""},
		"one complaint of ten":        {echo{complaints: 1, sent: 10}, echo{}, ""},
		"two of ten":                  {echo{complaints: 2, sent: 10}, echo{}, "TooManyComplaints"},
		"two of a thousand":           {echo{complaints: 2, sent: 1000}, echo{}, ""},
		"three of a thousand":         {echo{complaints: 3, sent: 1000}, echo{}, "TooManyComplaints"},
		"three that were borne":       {echo{complaints: 3, sent: 1000}, echo{complaints: 3, sent: 900}, ""},
		"three more":                  {echo{complaints: 6, sent: 1000}, echo{complaints: 3, sent: 900}, "TooManyComplaints"},
		"five in a hundred came back": {echo{bounced: 50, sent: 1000}, echo{}, ""},
		"more than that":              {echo{bounced: 51, sent: 1000}, echo{}, "TooManyBounces"},
		"more, which were borne":      {echo{bounced: 51, sent: 1100}, echo{bounced: 51, sent: 1000}, ""},
		"too few to judge by":         {echo{bounced: 50, sent: 99}, echo{}, ""},
	} {
		t.Run(name, func(t *testing.T) { NewWithT(t).Expect(heard(usual, c.now, c.borne)).To(Equal(c.want)) })
	}
}

// TestARunThatManyComplainAboutRests has members complain while the mail server greets slowly.
func TestARunThatManyComplainAboutRests(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 400)
	r.job.Network.Email.MaxPerSecond = 100
	var once sync.Once
	r.smtp.SetHooks(smtptest.Hooks{Rcpt: func(string, int) smtptest.Verdict {
		once.Do(func() {
			r.exec("INSERT INTO alumni.complaint_count (run_id, count) SELECT id, 2 FROM alumni.campaign_run")
		})
		return smtptest.Verdict{}
	}})
	g.Expect(r.run()).To(Succeed())
	g.Expect(scalar[string](r, "SELECT state || '/' || failure FROM alumni.campaign_run")).To(Equal("Paused/TooManyComplaints"))
	counts := r.counts()
	g.Expect(counts["Planned"] + counts["Sent"]).To(Equal(400))
	g.Expect(counts["Sent"]).To(BeNumerically("<", 400))

	r.job.Resume = scalar[time.Time](r, "SELECT paused_at FROM alumni.campaign_run")
	r.job.Network.Email.MaxPerSecond = 100_000
	r.mustRun()
	r.expectEach(400, 1)
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 400}), "what was known is not held against it again")
}

// TestASlowSenderServesEverybody has more workers than its limit has messages for within the age of a claim.
func TestASlowSenderServesEverybody(t *testing.T) {
	r := newRig(t, 6)
	r.job.Campaign.MaxPerSecond, r.job.Workers = 1, 2
	r.job.Tuning.Lease = 2 * time.Second // a claim is good for a third of it
	r.mustRun()
	r.expectEach(6, 1)
}
