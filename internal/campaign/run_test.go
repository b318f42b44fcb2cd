// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"bytes"
	"context"
	"net/mail"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/smtptest"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

func TestRunSendsToEverybodyOnce(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 700)
	r.mustRun()
	r.expectEach(700, 1)
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 700}))
	g.Expect(scalar[int64](r, "SELECT audience FROM alumni.campaign_run")).To(BeEquivalentTo(700))
	g.Expect(scalar[bool](r, "SELECT state = 'Finished' AND finished_at IS NOT NULL FROM alumni.campaign_run")).To(BeTrue())
	g.Expect(scalar[int](r, "SELECT count(DISTINCT message_id) FROM alumni.delivery WHERE sent_at IS NOT NULL AND reply_code = 250 AND attempts = 1")).To(Equal(700))

	r.mustRun() // the same run a second time
	g.Expect(r.smtp.Taken()).To(Equal(700))
	g.Expect(r.log.String()).NotTo(Or(ContainSubstring("mail.example"), ContainSubstring("Canary")), "a log holds nobody")
}

func TestMailCarriesWhatItMust(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 1)
	r.mustRun()
	raw := r.smtp.Messages()[0].Data
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	g.Expect(err).NotTo(HaveOccurred())
	h := msg.Header
	g.Expect(h.Get("From")).To(Equal(`"Hoshino Alumni" <alumni@hoshino.example>`))
	g.Expect(h.Get("To")).To(Equal(address(1)))
	g.Expect(h.Get("Subject")).To(Equal("Hello Given1"))
	g.Expect(h.Get("List-Unsubscribe-Post")).To(Equal("List-Unsubscribe=One-Click"))
	g.Expect(h.Get("Message-Id")).To(MatchRegexp(`^<[0-9a-f]{32}@hoshino\.example>$`))
	g.Expect(h.Get("Date")).NotTo(BeEmpty())
	link := regexpLine(string(raw), "List-Unsubscribe: ")
	g.Expect(link).To(MatchRegexp(`^<https://alumni\.hoshino\.example/u/[A-Za-z0-9_-]+>$`), "it stands on one line")
	g.Expect(h.Get("Message-Id")).NotTo(ContainSubstring(strings.ReplaceAll(member(1), "-", "")))

	signer, err := unsubscribe.NewSigner(r.job.TokenKey)
	g.Expect(err).NotTo(HaveOccurred())
	claim, err := signer.Parse(strings.TrimSuffix(strings.TrimPrefix(link, "<https://alumni.hoshino.example/u/"), ">"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(claim.Member.String()).To(Equal(member(1)))
	g.Expect(claim.Purpose).To(Equal("Newsletter"))
	g.Expect(claim.Run).To(Equal(scalar[int64](r, "SELECT id FROM alumni.campaign_run")))
	g.Expect("<" + scalar[string](r, "SELECT message_id FROM alumni.delivery") + ">").To(Equal(h.Get("Message-Id")))
}

// regexpLine is the rest of the line that begins with a header's name.
func regexpLine(raw, name string) string {
	for line := range strings.SplitSeq(raw, "\r\n") {
		if rest, ok := strings.CutPrefix(line, name); ok {
			return rest
		}
	}
	return ""
}

func TestAudienceIsFrozenWithReasons(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 12)
	r.exec("UPDATE alumni.member SET state = 'Withdrawn' WHERE id = $1", member(2))
	r.exec("UPDATE alumni.member SET state = 'Paused' WHERE id = $1", member(3))
	r.exec("UPDATE alumni.member SET state = 'Paused', paused_until = now() + interval '1 day' WHERE id = $1", member(4))
	r.exec("UPDATE alumni.member SET state = 'Paused', paused_until = now() - interval '1 day' WHERE id = $1", member(5))
	r.exec("INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at) VALUES ($1, 'Newsletter', 'Withdrawn', '1', 'Email', 'x', now())", member(6))
	r.exec("DELETE FROM alumni.consent_state WHERE member_id = $1", member(7))
	r.exec("INSERT INTO alumni.suppression (member_id, channel, reason) VALUES ($1, 'Email', 'Complaint')", member(8))
	r.exec("DELETE FROM alumni.contact WHERE member_id = $1", member(9))
	r.exec("UPDATE alumni.member SET state = 'Listed' WHERE id = $1", member(10))
	r.exec("UPDATE alumni.member SET state = 'Invited' WHERE id = $1", member(11))
	r.exec("UPDATE alumni.member SET region = 'Mars' WHERE id = $1", member(12))
	r.job.Campaign.MatchExpressions = []settings.MatchExpression{{Field: "region", Operator: "NotIn", Values: []string{"Mars"}}}
	r.mustRun()
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 2, "Suppressed/Withdrawn": 1, "Skipped/Paused": 2, "Suppressed/NoConsent": 2,
		"Suppressed/Suppressed": 1, "Skipped/Unreachable": 1}))
	g.Expect(scalar[int](r, "SELECT audience FROM alumni.campaign_run")).To(Equal(9), "people who are only listed leave no row")
	g.Expect(r.smtp.Counts()).To(Equal(map[string]int{address(1): 1, address(5): 1}))
}

func TestRecipientsOfAnotherCampaignAreLeftOut(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 4)
	r.exec(`INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, generation, state, scheduled_at, deadline)
		VALUES ('event-1', 'another', 'event', 'EventInvitation', 1, 'Finished', now(), now())`)
	for i, state := range []string{"Sent", "Failed", "Unknown"} {
		r.exec(`INSERT INTO alumni.delivery (run_id, member_id, channel, state, sent_at)
			SELECT id, $1, 'Email', $2, CASE WHEN $2 = 'Sent' THEN now() - interval '9 days' END FROM alumni.campaign_run WHERE campaign = 'event'`, member(i+1), state)
	}
	r.job.Campaign.Exclude = []settings.Exclusion{{Campaign: "event", WithinDays: 30}, {Campaign: "event", WithinDays: 1}, {Campaign: r.job.Campaign.Name}}
	r.mustRun()
	g.Expect(r.smtp.Counts()).To(Equal(map[string]int{address(2): 1, address(4): 1}), "what failed did not reach anybody")

	r.job.RunName += "-again"
	r.mustRun()
	g.Expect(r.smtp.Counts()).To(HaveLen(2), "nobody is written to twice by a campaign that leaves out its own recipients")
	g.Expect(r.smtp.Taken()).To(Equal(2))
}

func TestRunThatIsTooLargeSendsNothing(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 5)
	r.job.Campaign.MaxRecipients = 4
	g.Expect(r.run()).To(And(MatchError(ErrFinal), MatchError(ContainSubstring("TooManyRecipients"))))
	g.Expect(r.run()).To(MatchError(ErrFinal), "and not the second time either")
	g.Expect(r.smtp.Taken()).To(BeZero())
	g.Expect(r.counts()).To(Equal(map[string]int{"Skipped/TooManyRecipients": 5}))
	g.Expect(scalar[string](r, "SELECT state || failure FROM alumni.campaign_run")).To(Equal("FailedTooManyRecipients"))
}

func TestInvitationGoesToListedPeopleOnce(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 6)
	r.exec("DELETE FROM alumni.consent_state")
	r.exec("UPDATE alumni.member SET state = 'Listed' WHERE id <> $1", member(1))
	r.exec("DELETE FROM alumni.contact WHERE member_id = $1", member(2))
	r.exec("INSERT INTO alumni.suppression (member_id, channel, reason) VALUES ($1, 'Email', 'Unsubscribed')", member(3))
	r.smtp.SetHooks(smtptest.Hooks{Rcpt: func(to string, _ int) smtptest.Verdict {
		if to == address(4) {
			return smtptest.Verdict{Reply: 550, Status: [3]int{5, 1, 1}}
		}
		return smtptest.Verdict{}
	}})
	r.job.Campaign.Type = "Invitation"
	r.mustRun()
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 2, "Skipped/Unreachable": 1, "Suppressed/Suppressed": 1, "Failed/HardBounce": 1}))
	g.Expect(scalar[string](r, "SELECT string_agg(state, ' ' ORDER BY id) FROM alumni.member")).To(Equal("Active Listed Listed Listed Invited Invited"))

	r.job.RunName, r.job.ScheduledAt = "invite-2", due.Add(time.Hour)
	r.mustRun()
	g.Expect(r.smtp.Taken()).To(Equal(2), "nobody is invited twice")
}

func TestOutcomesAreRecorded(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 9)
	refuse := func(code int, status ...int) smtptest.Verdict {
		return smtptest.Verdict{Reply: code, Status: [3]int(status)}
	}
	r.exec("UPDATE alumni.contact SET address = 'two words@mail.example' WHERE member_id = $1", member(7))
	r.exec("UPDATE alumni.member SET given_name = '' WHERE id = $1", member(8))
	r.job.Campaign.Locales[0].Subject = "{{ .Member.GivenName }}"
	r.smtp.SetHooks(smtptest.Hooks{
		Rcpt: func(to string, attempt int) smtptest.Verdict {
			switch {
			case to == address(1):
				return refuse(550, 5, 1, 1)
			case to == address(2):
				return refuse(554, 5, 7, 1)
			case to == address(3):
				return refuse(552, 5, 2, 2)
			case to == address(4) && attempt <= 3:
				return refuse(451, 4, 7, 1)
			}
			return smtptest.Verdict{}
		},
		Data: func(to string, attempt int) smtptest.Verdict {
			switch {
			case to == address(5):
				return refuse(554, 5, 6, 0)
			case to == address(6) && attempt == 1:
				return smtptest.Verdict{LoseAnswer: true}
			}
			return smtptest.Verdict{}
		},
	})
	r.mustRun()
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 3, "Failed/HardBounce": 1, "Failed/Refused": 3, "Failed/Address": 1, "Failed/Render": 1}))
	g.Expect(scalar[string](r, "SELECT string_agg(member_id::text || reason, ' ') FROM alumni.suppression")).To(Equal(member(1) + "HardBounce"))
	g.Expect(scalar[int](r, "SELECT attempts FROM alumni.delivery WHERE member_id = $1", member(4))).To(Equal(4))
	g.Expect(scalar[int](r, "SELECT resent FROM alumni.delivery WHERE member_id = $1", member(6))).To(Equal(1))
	g.Expect(r.smtp.Counts()[address(6)]).To(Equal(2), "whoever may have missed it gets it again")
	g.Expect(r.log.String()).NotTo(ContainSubstring("told so"), "a log holds nothing that a server wrote")
}

func TestHoldLeavesDoubtToAPerson(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 20)
	r.job.Campaign.OnUnknown = OnUnknownHold
	r.smtp.SetHooks(smtptest.Hooks{Data: func(to string, _ int) smtptest.Verdict { return smtptest.Verdict{LoseAnswer: to == address(3)} }})
	r.mustRun()
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 19, "Unknown/NoAnswer": 1}))
	r.expectEach(20, 1)
}

func TestUnsubscribeStopsTheUnsentMessage(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 60)
	r.job.Network.Email.MaxPerSecond = 40
	var once sync.Once
	r.smtp.SetHooks(smtptest.Hooks{Data: func(string, int) smtptest.Verdict {
		once.Do(func() { // with the first mail, everybody who has none yet says no, in one of three ways
			r.exec("INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at) SELECT id, 'Newsletter', 'Withdrawn', '1', 'Email', 'x', now() FROM alumni.member WHERE id > $1::uuid AND id <= $2::uuid", member(45), member(50))
			r.exec("INSERT INTO alumni.suppression (member_id, channel, reason) SELECT id, 'Email', 'Unsubscribed' FROM alumni.member WHERE id > $1::uuid AND id <= $2::uuid", member(50), member(55))
			r.exec("UPDATE alumni.member SET state = 'Withdrawn' WHERE id > $1::uuid", member(55))
		})
		return smtptest.Verdict{}
	}})
	r.mustRun()
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 45, "Suppressed/NoConsent": 5, "Suppressed/Suppressed": 5, "Suppressed/Withdrawn": 5}))
	for i := 46; i <= 60; i++ {
		g.Expect(r.smtp.Counts()).NotTo(HaveKey(address(i)))
	}
}

func TestServerThatTakesItsTimeOverARecipientGetsEveryMail(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 6)
	r.job.Network.Email.MaxConnections = 6
	slow := 2 * r.job.Tuning.claimAge()
	var once sync.Once
	r.smtp.SetHooks(smtptest.Hooks{Rcpt: func(string, int) smtptest.Verdict {
		once.Do(func() { // while it thinks, somebody says no
			r.exec("INSERT INTO alumni.suppression (member_id, channel, reason) VALUES ($1::uuid, 'Email', 'Unsubscribed')", member(6))
		})
		return smtptest.Verdict{Delay: slow}
	}})
	r.mustRun()
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 5, "Suppressed/Suppressed": 1}))
	for i := 1; i <= 5; i++ {
		g.Expect(r.smtp.Counts()).To(HaveKeyWithValue(address(i), 1))
	}
}

func TestMemberErasedInMidRunIsNotWrittenTo(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 40)
	r.job.Network.Email.MaxPerSecond = 40
	var once sync.Once
	r.smtp.SetHooks(smtptest.Hooks{Data: func(string, int) smtptest.Verdict {
		once.Do(func() { r.exec("DELETE FROM alumni.member WHERE id > $1::uuid", member(38)) })
		return smtptest.Verdict{}
	}})
	r.mustRun()
	g.Expect(r.counts()).To(HaveKeyWithValue("Sent", 38))
}

func TestManyWorkersShareARun(t *testing.T) {
	r := newRig(t, 1500)
	var wait sync.WaitGroup
	var failures atomic.Int32
	for range 3 {
		wait.Go(func() {
			if err := Run(r.Context(), r.store.Pool(naming.RoleCampaign), r.job); err != nil {
				failures.Add(1)
				t.Errorf("run: %v", err)
			}
		})
	}
	wait.Wait()
	r.expectEach(1500, 1)
	NewWithT(t).Expect(r.counts()).To(Equal(map[string]int{"Sent": 1500}))
}

func TestStoppingLeavesNothingInDoubt(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 1000)
	for stops := 0; ; stops++ {
		ctx, cancel := context.WithCancel(r.Context())
		target := (stops + 1) * 180
		r.smtp.SetHooks(smtptest.Hooks{Data: func(string, int) smtptest.Verdict {
			if r.smtp.Taken() >= target {
				cancel()
			}
			return smtptest.Verdict{}
		}})
		err := Run(ctx, r.store.Pool(naming.RoleCampaign), r.job)
		cancel()
		g.Expect(r.leased()).To(BeZero(), "every lease was given back")
		if err == nil {
			g.Expect(stops).To(BeNumerically(">=", 2))
			break
		}
		g.Expect(err).To(MatchError(ErrUnfinished))
	}
	r.expectEach(1000, 1)
	g.Expect(scalar[int](r, "SELECT count(*) FROM alumni.delivery WHERE attempts <> 1 OR resent <> 0")).To(BeZero())
}

func TestServerThatComesLaterCostsNoAttempt(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 50)
	r.smtp.Stop()
	done := make(chan error, 1)
	go func() { done <- r.run() }()
	g.Eventually(r.log.String, 10*time.Second).Should(ContainSubstring("Pausing because the server is in trouble"))
	r.smtp = smtptest.Start(t, smtptest.Options{Address: r.smtp.Address()})
	g.Eventually(done, 30*time.Second).Should(Receive(BeNil()))
	r.expectEach(50, 1)
	g.Expect(scalar[int](r, "SELECT count(*) FROM alumni.delivery WHERE attempts <> 1")).To(BeZero())
	g.Expect(r.log.String()).To(ContainSubstring("Sending again"))
}

func TestSenderThatIsRefusedCostsNoMember(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 20)
	var refused atomic.Int32
	r.smtp.SetHooks(smtptest.Hooks{Mail: func() smtptest.Verdict {
		if refused.Add(1) <= 12 {
			return smtptest.Verdict{Reply: 550, Status: [3]int{5, 7, 1}}
		}
		return smtptest.Verdict{}
	}})
	r.mustRun()
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 20}))
	g.Expect(scalar[int](r, "SELECT count(*) FROM alumni.suppression")).To(BeZero())
}

func TestWhatComesTooLateExpires(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 6)
	r.job.Campaign.RetryDeadlineSeconds = 1
	r.job.Tuning.BackoffBase = 300 * time.Millisecond
	r.smtp.SetHooks(smtptest.Hooks{Rcpt: func(to string, _ int) smtptest.Verdict {
		if to <= address(3) {
			return smtptest.Verdict{Reply: 450, Status: [3]int{4, 2, 0}}
		}
		return smtptest.Verdict{}
	}})
	r.mustRun()
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 3, "Expired": 3}))
	g.Expect(scalar[int](r, "SELECT min(attempts) FROM alumni.delivery WHERE state = 'Expired'")).To(BeNumerically(">=", 2))
}

func TestLimitHolds(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 60)
	r.job.Campaign.MaxPerSecond = 30
	started := time.Now()
	r.mustRun()
	g.Expect(time.Since(started)).To(BeNumerically(">=", 1900*time.Millisecond))
	messages := r.smtp.Messages()
	for i := range messages { // no second holds more than the limit and the lanes' spread
		n := 0
		for j := i; j < len(messages) && messages[j].At.Sub(messages[i].At) < time.Second; j++ {
			n++
		}
		g.Expect(n).To(BeNumerically("<=", 32))
	}
}

func TestBadJobsAreFinalAndLeaveNothing(t *testing.T) {
	r := newRig(t, 1)
	for name, change := range map[string]func(*Job){
		"a field that does not exist": func(j *Job) {
			j.Campaign.Locales = []settings.LocalisedContent{{Locale: "en", Subject: "x", Body: "{{ .Member.Salary }}"}}
		},
		"an expression that cannot be":   func(j *Job) { j.Campaign.MatchExpressions = []settings.MatchExpression{{Field: "x"}} },
		"no name":                        func(j *Job) { j.RunName = "" },
		"no sender":                      func(j *Job) { j.Network.Email = nil },
		"an unknown type":                func(j *Job) { j.Campaign.Type = "Horoscope" },
		"a short token key":              func(j *Job) { j.TokenKey = []byte("x") },
		"a zone that is none":            func(j *Job) { j.Network.TimeZone = "Mars/Olympus" },
		"a sender's address that is not": func(j *Job) { e := *j.Network.Email; e.FromAddress = "x"; j.Network.Email = &e },
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			job := r.job
			change(&job)
			g.Expect(Run(t.Context(), r.store.Pool(naming.RoleCampaign), job)).To(MatchError(ErrFinal))
			g.Expect(scalar[int](r, "SELECT count(*) FROM alumni.campaign_run")).To(BeZero())
		})
	}
}

func TestRunOfAnotherCampaignIsNotJoined(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 1)
	r.mustRun()
	r.job.Campaign.UID = "c2"
	g.Expect(r.run()).To(MatchError(ErrFinal))
}

func TestDatabaseThatGoesAwayLosesNobody(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 400)
	r.job.Network.Email.MaxPerSecond = 400
	var cuts atomic.Int32
	r.smtp.SetHooks(smtptest.Hooks{Data: func(string, int) smtptest.Verdict {
		if n := r.smtp.Taken(); n > 100*int(cuts.Load()+1) && cuts.Add(1) <= 3 {
			r.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE '%_campaign'")
		}
		return smtptest.Verdict{}
	}})
	for try := 0; ; try++ {
		err := r.run()
		if err == nil {
			break
		}
		g.Expect(try).To(BeNumerically("<", 20), "%v", err)
	}
	g.Expect(cuts.Load()).To(BeNumerically(">=", 2))
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 400}))
	lost, doubled := 0, 0
	for i := 1; i <= 400; i++ {
		switch n := r.smtp.Counts()[address(i)]; {
		case n == 0:
			lost++
		case n > 1:
			doubled++
		}
	}
	g.Expect(lost).To(BeZero())
	g.Expect(doubled).To(BeNumerically("<=", 3*maxUnflushed))
}

func TestStoreThatIsAwayDoesNotHoldUpTheEnd(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 300)
	r.job.Tuning.DrainTimeout = time.Second
	admin, err := pgx.Connect(t.Context(), r.store.Server().AdminDSN())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = admin.Close(context.Background()) }()
	connections := func(allowed string) {
		_, err := admin.Exec(t.Context(), "ALTER DATABASE "+r.store.Database+" ALLOW_CONNECTIONS "+allowed)
		g.Expect(err).NotTo(HaveOccurred())
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	var once sync.Once
	r.smtp.SetHooks(smtptest.Hooks{Data: func(string, int) smtptest.Verdict {
		if r.smtp.Taken() >= 100 {
			once.Do(func() {
				connections("false")
				r.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE '%_campaign'")
				time.AfterFunc(500*time.Millisecond, cancel)
			})
		}
		return smtptest.Verdict{}
	}})
	started := time.Now()
	g.Expect(Run(ctx, r.store.Pool(naming.RoleCampaign), r.job)).NotTo(Succeed())
	g.Expect(time.Since(started)).To(BeNumerically("<", 15*time.Second))
	connections("true")
	r.mustRun()
	counts := r.smtp.Counts()
	g.Expect(counts).To(HaveLen(300), "nobody is lost")
	g.Expect(r.smtp.Taken()).To(BeNumerically("<=", 300+maxUnflushed))
}

func TestWhatATextSaysOfTheMembersWorkIsKnown(t *testing.T) {
	for name, body := range map[string]string{
		"a field":          "You were in {{ .Member.Department }}.",
		"a condition":      `{{ if eq .Member.Department "Sales" }}You were in Sales.{{ else }}You were nowhere.{{ end }}`,
		"inside with":      "{{ with .Member.Department }}You were in {{ . }}.{{ end }}",
		"a number":         `{{ if .Member.YearsSinceDeparture }}You were in Sales.{{ end }}`,
		"nothing of it":    "You were in Sales.",
		"in a step's text": "",
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := newRig(t, 1)
			r.exec("INSERT INTO alumni.employment (member_id, department, joined_on, left_on) VALUES ($1, 'Sales', '2010-01-01', '2020-01-01')", member(1))
			r.job.Campaign.Locales[0].Body = body
			if body == "" {
				r.job.Campaign.Locales[0].Body = "Welcome."
				r.job.Campaign.Steps = []settings.Step{{Name: "a", AfterDays: 1, Locales: []settings.LocalisedContent{{Locale: "en", Subject: "s", Body: "You were in {{ .Member.Department }}."}}}}
				_, err := r.ledger(time.Now).join(t.Context(), r.job, r.job.day())
				g.Expect(err).NotTo(HaveOccurred())
				r.exec("UPDATE alumni.delivery SET step = 2")
			}
			r.mustRun()
			g.Expect(r.bodies()[address(1)]).To(ContainSubstring("You were in Sales"))
		})
	}
}
