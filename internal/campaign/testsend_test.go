// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"encoding/base64"
	"mime"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/smtptest"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

// note is what the store says of the newest test send.
func (r *rig) note() string {
	r.Helper()
	return scalar[string](r, "SELECT test_send || ' ' || sent || ' ' || failed || ' ' || failure FROM alumni.campaign_test_send WHERE campaign_uid = 'c1'")
}

func TestATestSendGoesToThoseWhoLookItOverAndToNobodyElse(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 5)
	r.job.RunName = "news-test-1"
	variants := []settings.Variant{{Name: "a", Subject: "Ay"}, {Name: "b"}}
	r.job.Campaign.ABTest, r.job.Campaign.Tracking = &settings.ABTest{TestPercent: 20, AfterSeconds: 3600}, &settings.Tracking{Clicks: "Consented", Opens: "Consented"}
	r.job.Campaign.Locales[0].Variants, r.job.Campaign.Locales[0].Body = variants, "Dear {{ .Member.GivenName }}, [shop](https://shop.example)"
	r.job.Campaign.Locales = append(r.job.Campaign.Locales, settings.LocalisedContent{Locale: "ja", Subject: "{{ .Member.FamilyName }}さん", Body: "本文", Variants: variants})

	g.Expect(TestSend(t.Context(), r.pool(), r.job, "Staff@hoshino.example\n\n  boss@hoshino.example \nstaff@hoshino.example\n")).To(Succeed())

	g.Expect(r.smtp.Counts()).To(Equal(map[string]int{"Staff@hoshino.example": 4, "boss@hoshino.example": 4}), "each language and variant once")
	subjects := map[string]int{}
	for subject, n := range r.subjects() {
		decoded, err := new(mime.WordDecoder).DecodeHeader(strings.ReplaceAll(subject, "\r\n", ""))
		g.Expect(err).NotTo(HaveOccurred())
		subjects[decoded] += n
	}
	g.Expect(subjects).To(Equal(map[string]int{"[TEST] [a] Ay": 2, "[TEST] [b] Hello Alex": 2, "[テスト] [a] Ay": 2, "[テスト] [b] 星野さん": 2}))
	g.Expect(r.note()).To(Equal("news-test-1 8 0 "))
	for _, table := range []string{"delivery", "delivery_chunk", "campaign_run", "occasion"} {
		g.Expect(scalar[int](r, "SELECT count(*) FROM alumni."+table)).To(BeZero(), table)
	}
	body := r.bodies()["boss@hoshino.example"]
	g.Expect(body).NotTo(Or(ContainSubstring("Canary"), ContainSubstring("/o/"), ContainSubstring("List-Unsubscribe")))

	_, rest, _ := strings.Cut(body, "https://alumni.hoshino.example/u/")
	signer, err := unsubscribe.NewSigner(r.job.TokenKey)
	g.Expect(err).NotTo(HaveOccurred())
	if len(rest) >= unsubscribe.Length { // the Japanese mail is base64
		claim, err := signer.Parse(rest[:unsubscribe.Length])
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(claim.Member).To(BeZero(), "its link stops nobody's mail")
	}
	g.Expect(r.log.String()).NotTo(ContainSubstring("hoshino.example"), "a log holds no address")
}

func TestATestSendThatCannotBeSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		list string
		edit func(*rig)
		note string
	}{
		"nobody":           {"\n \n", nil, "x 0 0 NoRecipients"},
		"a whole list":     {manyAddresses(11), nil, "x 0 0 TooManyRecipients"},
		"no address":       {"Boss <boss@x.example>", nil, "x 0 0 InvalidAddress"},
		"in a trial":       {"a@x.example", func(r *rig) { r.job.Network.Email.Transport = settings.TransportCapture }, "x 0 0 Trial"},
		"refused":          {"a@x.example\nb@x.example", func(r *rig) { r.smtp.SetHooks(refuseAll()) }, "x 0 2 NotTaken"},
		"the hour is over": {"a@x.example\nb@x.example\nc@x.example", func(r *rig) { r.job.Network.Email.MaxPerHour = 2 }, "x 2 0 HourUsedUp"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := newRig(t, 1)
			r.job.RunName = "x"
			if c.edit != nil {
				c.edit(r)
			}
			g.Expect(TestSend(t.Context(), r.pool(), r.job, c.list)).To(Succeed())
			g.Expect(r.note()).To(Equal(c.note))
			g.Expect(r.log.String()).NotTo(ContainSubstring("x.example"))
		})
	}
}

func manyAddresses(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(address(i) + "\n")
	}
	return b.String()
}

func refuseAll() smtptest.Hooks {
	return smtptest.Hooks{Rcpt: func(string, int) smtptest.Verdict { return smtptest.Verdict{Reply: 550, Status: [3]int{5, 1, 1}} }}
}

func TestInvitationsAndTheirTestSendsCarryTheEvent(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 2)
	r.exec("INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at) SELECT id, 'Events', 'Given', '1', 'Portal', 'test', now() FROM alumni.member")
	r.job.Campaign.Type = "EventInvitation"
	r.job.Campaign.Event = &settings.Event{StartsAt: due, EndsAt: due.Add(time.Hour), Locales: []settings.EventText{{Locale: "en", Title: "Open day"}}}
	r.job.Campaign.Steps = []settings.Step{{Name: "reminder", AfterDays: 7, Locales: r.job.Campaign.Locales}}
	r.mustRun()
	r.job.RunName = "news-test-1"
	g.Expect(TestSend(t.Context(), r.pool(), r.job, "boss@hoshino.example")).To(Succeed())
	g.Expect(r.smtp.Counts()).To(Equal(map[string]int{address(1): 1, address(2): 1, "boss@hoshino.example": 2}), "a test send shows the steps too")
	for _, m := range r.smtp.Messages() {
		_, file, found := strings.Cut(string(m.Data), "filename=\"event.ics\"\r\nContent-Transfer-Encoding: base64\r\n\r\n")
		g.Expect(found).To(BeTrue(), string(m.Data))
		file, _, _ = strings.Cut(file, "\r\n--")
		decoded, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(file, "\r\n", ""))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(decoded)).To(And(ContainSubstring("UID:c1@alumni.hoshino.example\r\n"), ContainSubstring("SUMMARY:Open day\r\n"), ContainSubstring("DTSTART:20261121T000000Z")))
	}
}
