// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/smtptest"
	"github.com/alumni-operator/alumni-operator/internal/tracking"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

// TestTheStoryOfAMonthlyNewsletter is one run from its planning to its end, by the worker that the operator starts: to members on LINE and,
// whom LINE does not reach, by mail; with two subjects that are tried; while the worker is killed, people leave, and LINE loses answers.
func TestTheStoryOfAMonthlyNewsletter(t *testing.T) {
	g := NewWithT(t)
	const members, onLINE = 2400, 1600
	r, f := tested(t, members, settings.ABTest{TestPercent: 30, HoldOutPercent: 5, AfterSeconds: 3600}), newLINE(t)
	server := httptest.NewTLSServer(f)
	t.Cleanup(server.Close)
	r.link(1, onLINE)
	r.by(server.URL, "LINE", "Email")
	r.tokenOfLINE(server)
	c := &r.job.Campaign
	c.ChannelMode = settings.FirstReachable
	c.Locales[0].Subject, c.Locales[0].Body = "Autumn news", "Dear {{ .Member.DisplayName }},\n\nthe [open day](https://hoshino.example/open-day) is near."
	c.Locales[0].Variants = []settings.Variant{{Name: "a", Subject: "Autumn news"}, {Name: "b", Subject: "Come and see the new plant"}}
	r.exec("INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at) SELECT id, 'Newsletter', 'Withdrawn', '1', 'Portal', 'test', now() FROM alumni.member WHERE id > $1",
		member(members-100)) // a hundred do not want it
	r.smtp.SetHooks(smtptest.Hooks{Rcpt: func(to string, _ int) smtptest.Verdict { // one has no mailbox any more
		if to == address(onLINE+1) {
			return smtptest.Verdict{Reply: 550, Status: [3]int{5, 1, 1}}
		}
		return smtptest.Verdict{}
	}})
	f.after = loses(20)

	sent := func() int { messages, _ := f.total(); return messages + r.smtp.Taken() }
	first := r.worker() // sends both subjects to their parts of the audience, and is killed over it
	g.Eventually(sent, 30*time.Second, time.Millisecond).Should(BeNumerically(">", 200), r.log.String)
	g.Expect(first.Process.Signal(syscall.SIGKILL)).To(Succeed())
	exitCode(r, first)
	second := r.worker()
	var waiting string
	g.Eventually(func() string {
		waiting = scalar[string](r, "SELECT count(*) FILTER (WHERE state = 'Planned' AND variant <> '') || ' ' || count(*) FILTER (WHERE state = 'Deferred') FROM alumni.delivery")
		return waiting
	}, 30*time.Second, 20*time.Millisecond).Should(Equal("0 0"), "the test is out, and the others wait for its winner\n%s", r.log)
	subjects := r.subjects()
	g.Expect(subjects).To(HaveLen(2))

	// Two readers follow the link of the second subject, as they find it in LINE and in the mail; one stops the newsletter.
	click := f.linkOf(g, r, "Come and see the new plant")
	r.exec("INSERT INTO alumni.tracking_count (run_id, kind, link, variant, count, machine) SELECT id, 'Click', $1, $2, 2, 0 FROM alumni.campaign_run", click.Number, click.Variant)
	leaver := scalar[string](r, "SELECT member_id::text FROM alumni.delivery WHERE state = 'Planned' AND channel = 'LINE' ORDER BY member_id DESC LIMIT 1")
	r.exec("INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at) VALUES ($1, 'Newsletter', 'Withdrawn', '1', 'Email', 'test', now())", leaver)
	r.timeComes()
	g.Expect(exitCode(r, second)).To(Equal(0), r.log.String())

	g.Expect(scalar[string](r, "SELECT winner || ' ' || state FROM alumni.campaign_run")).To(Equal("b Finished"))
	outcomes := r.outcomes()
	g.Expect(outcomes["LINE/Suppressed/NoConsent"] + outcomes["Email/Suppressed/NoConsent"]).To(Equal(101))
	g.Expect(outcomes["Email/Failed/HardBounce"]).To(BeNumerically("<=", 1), "or held out")
	held := outcomes["LINE/Skipped/HeldOut"] + outcomes["Email/Skipped/HeldOut"]
	g.Expect(outcomes["LINE/Sent"]+outcomes["Email/Sent"]+outcomes["Email/Failed/HardBounce"]+held+101).To(Equal(members), "everybody is counted, once: %v", outcomes)
	messages, doubled := f.total()
	g.Expect([]int{messages, doubled}).To(Equal([]int{outcomes["LINE/Sent"], 0}), "by LINE everybody got it once, whatever was lost")
	lost, again := 0, 0
	for i := onLINE + 1; i <= members-100; i++ {
		switch n := r.smtp.Counts()[address(i)]; {
		case n == 0:
			lost++
		default:
			again += n - 1
		}
	}
	g.Expect(lost).To(Equal(outcomes["Email/Failed/HardBounce"]+outcomes["Email/Skipped/HeldOut"]), "nobody else is without a mail")
	g.Expect(again).To(BeNumerically("<=", maxUnflushed), "and the kill doubled no more than was on its way")
	g.Expect(f.taken[user(1)] + held).To(BeNumerically(">", 0))
	g.Expect(r.log.String()).NotTo(Or(ContainSubstring("anary"), ContainSubstring("mail.example")))
}

// loses answers with nothing after every so many messages that were taken.
func loses(every int) func(string) int {
	n := 0
	return func(string) int {
		if n++; n%every == 0 {
			return cutOff
		}
		return 0
	}
}

// linkOf is what a click on the link of a message with a subject tells, as the portal reads it. The link that stops such messages is there too.
func (f *fakeLINE) linkOf(g Gomega, r *rig, subject string) tracking.Link {
	f.mu.Lock()
	defer f.mu.Unlock()
	clicks, err := tracking.NewSigner(r.job.TokenKey)
	g.Expect(err).NotTo(HaveOccurred())
	stops, err := unsubscribe.NewSigner(r.job.TokenKey)
	g.Expect(err).NotTo(HaveOccurred())
	for _, text := range f.texts {
		if !strings.HasPrefix(text, subject) {
			continue
		}
		link, err := clicks.ParseLink(clickLinks.FindStringSubmatch(text)[1], "https://hoshino.example/open-day")
		g.Expect(err).NotTo(HaveOccurred(), text)
		claim, err := stops.Parse(regexp.MustCompile(`/u/(\S+)$`).FindStringSubmatch(text)[1])
		g.Expect(err).NotTo(HaveOccurred(), text)
		g.Expect(claim.Purpose).To(Equal("Newsletter"))
		return link
	}
	g.Expect(f.texts).To(ContainElement(HavePrefix(subject)))
	return tracking.Link{}
}
