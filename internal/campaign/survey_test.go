// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/survey"
)

// asking makes the rig's campaign ask its members one thing, and remind those who have not answered.
func asking(t *testing.T, members int) *rig {
	r := newRig(t, members)
	at := time.Now().Add(-time.Minute)
	r.job.Campaign.Type, r.job.Campaign.Name, r.job.Campaign.FirstAt, r.job.ScheduledAt = "Survey", "survey", &at, at
	r.job.Campaign.RetryDeadlineSeconds = 5
	r.exec(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
		SELECT id, 'Surveys', 'Given', '1', 'Portal', 'test', now() FROM alumni.member`)
	text := func(subject string) []settings.LocalisedContent {
		return []settings.LocalisedContent{{Locale: "en", Subject: subject, Body: "[Answer]({{ .Links.Survey }})"}}
	}
	r.job.Campaign.Locales = text("A question")
	r.job.Campaign.Survey = &survey.Definition{ClosesAfterDays: 14, Questions: []survey.Question{
		{Name: "mood", Kind: survey.Scale, Title: []survey.Title{{Locale: "en", Text: "How are you?"}}}}}
	r.job.Campaign.Steps = []settings.Step{{Name: "reminder", AfterDays: 7, Locales: text("Still time"),
		ExitWhen: []settings.MatchExpression{{Field: "surveyAnswered", Operator: "Exists"}}}}
	return r
}

var surveyLink = regexp.MustCompile(`https://alumni\.hoshino\.example/s/([A-Za-z0-9_-]+)`)

func TestEveryMailOfASurveyHasALinkOfItsMember(t *testing.T) {
	g := NewWithT(t)
	r := asking(t, 3)
	r.mustRun()
	g.Expect(scalar[string](r, "SELECT definition ->> 'closesAfterDays' FROM alumni.survey WHERE campaign_uid = '"+r.job.Campaign.UID+"'")).To(Equal("14"))
	g.Expect(scalar[time.Time](r, "SELECT closes_at FROM alumni.survey")).To(BeTemporally("~", r.job.Campaign.FirstAt.AddDate(0, 0, 14), time.Second))
	signer, err := survey.NewSigner(r.job.TokenKey)
	g.Expect(err).NotTo(HaveOccurred())
	for n := 1; n <= 3; n++ {
		mails := r.mailsTo(address(n))
		g.Expect(mails).To(HaveLen(1))
		found := surveyLink.FindStringSubmatch(strings.ReplaceAll(mails[0], "=\r\n", "")) // quoted-printable
		g.Expect(found).NotTo(BeNil(), mails[0])
		claim, err := signer.Parse(found[1])
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(claim.Member.String()).To(Equal(member(n)))
		g.Expect(claim.Run).To(Equal(scalar[int64](r, "SELECT id FROM alumni.campaign_run")))
	}
}

func TestAReminderGoesToThoseWhoHaveNotAnswered(t *testing.T) {
	g := NewWithT(t)
	r := asking(t, 5)
	r.mustRun()
	r.exec("INSERT INTO alumni.survey_participant (campaign_uid, recipient_id) VALUES ($1, $2), ($1, $3), ('another', $4)", r.job.Campaign.UID, member(1), member(2), member(3))
	r.onDay(7)
	g.Expect(r.enrolments()).To(Equal(map[string]int{"2 Exited": 2, "3 Completed": 3}))
	g.Expect(r.mailsTo(address(1))).To(HaveLen(1))
	g.Expect(r.mailsTo(address(3))).To(ConsistOf(ContainSubstring("Subject: A question"), ContainSubstring("Subject: Still time")))
}

func TestWhatIsAskedStaysAsItWasOnceSomebodyAnswered(t *testing.T) {
	g := NewWithT(t)
	r := asking(t, 2)
	asked := func() (d survey.Definition) {
		g.Expect(json.Unmarshal([]byte(scalar[string](r, "SELECT definition::text FROM alumni.survey")), &d)).To(Succeed())
		return d
	}
	plan := func(name string, days int) {
		r.job.RunName, r.job.Campaign.Survey.ClosesAfterDays = name, days
		_, err := r.ledger(time.Now).join(r.Context(), r.job, r.job.day())
		g.Expect(err).NotTo(HaveOccurred())
	}
	plan("first", 14)
	plan("second", 21)
	g.Expect(asked()).To(Equal(*r.job.Campaign.Survey), "nobody has answered yet")
	r.exec("INSERT INTO alumni.survey_participant (campaign_uid, recipient_id) VALUES ($1, $2)", r.job.Campaign.UID, member(1))
	plan("third", 28)
	g.Expect(asked().ClosesAfterDays).To(Equal(21))
}
