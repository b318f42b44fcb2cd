// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
)

func TestAPreviewCountsWhatARunWouldDoAndDoesNothing(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 10)
	r.exec("DELETE FROM alumni.consent_state WHERE member_id = $1", member(1))
	r.exec("INSERT INTO alumni.suppression (member_id, channel, reason) VALUES ($1, 'Email', 'Unsubscribed')", member(2))
	r.exec("DELETE FROM alumni.contact WHERE member_id = $1", member(3))
	r.exec("UPDATE alumni.member SET locale = 'ja' WHERE id = $1", member(4))
	r.job.Campaign.MatchExpressions = []settings.MatchExpression{{Field: "locale", Operator: "In", Values: []string{"en"}}}
	r.job.RunName, r.job.ScheduledAt = "news-preview-1", time.Now().Add(time.Hour).Truncate(time.Second)

	g.Expect(Preview(t.Context(), r.pool(), r.job)).To(Succeed())

	counts := func() map[string]int {
		return scalar[map[string]int](r, "SELECT counts FROM alumni.campaign_preview WHERE campaign_uid = 'c1'")
	}
	g.Expect(counts()).To(Equal(map[string]int{"": 6, "NoConsent": 1, "Suppressed": 1, "Unreachable": 1}))
	g.Expect(scalar[int](r, "SELECT count(*) FROM alumni.delivery")).To(BeZero())
	g.Expect(scalar[int](r, "SELECT count(*) FROM alumni.campaign_run")).To(BeZero())
	g.Expect(r.smtp.Taken()).To(BeZero())

	r.begin("news")
	r.job.Campaign.UID, r.job.ScheduledAt = "c1", time.Now()
	r.mustRun()
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 6, "Suppressed/NoConsent": 1, "Suppressed/Suppressed": 1, "Skipped/Unreachable": 1}),
		"the run does what the preview said")
}

func TestAPreviewIsOfTheMomentThatTheRunIsDue(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 2)
	r.exec("INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at) SELECT id, 'Network', 'Given', '1', 'Portal', 'test', now() FROM alumni.member")
	r.exec("UPDATE alumni.member SET birthday = 1225 WHERE id = $1", member(1))
	r.job.Campaign.Type, r.job.Campaign.Trigger = "Milestone", &settings.Trigger{Event: "Birthday"}
	for at, want := range map[string]map[string]int{"2026-12-24T00:00:00Z": {}, "2026-12-25T00:00:00Z": {"": 1}} {
		r.job.ScheduledAt = instant(t, at)
		g.Expect(Preview(t.Context(), r.pool(), r.job)).To(Succeed())
		g.Expect(scalar[map[string]int](r, "SELECT counts FROM alumni.campaign_preview")).To(Equal(want), at)
	}
	g.Expect(scalar[int](r, "SELECT count(*) FROM alumni.occasion")).To(BeZero())
}

func instant(t *testing.T, value string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, value)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestAPreviewKeepsEveryTextAsInventedPeopleGetIt(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 2)
	r.exec("UPDATE alumni.member SET family_name = $1, given_name = $2", canary.FamilyNameJa, canary.GivenNameJa)
	r.job.Campaign.ABTest = &settings.ABTest{TestPercent: 50, AfterSeconds: 60}
	r.job.Campaign.Tracking = &settings.Tracking{Clicks: settings.TrackAggregate}
	r.job.Campaign.Locales = []settings.LocalisedContent{
		{Locale: "ja", Subject: "{{ .Member.FamilyName }}さん", Body: "こんにちは。[集い](https://hoshino.example/autumn)", Variants: []settings.Variant{{Name: "a"}, {Name: "b", Subject: "もう一つ"}}},
		{Locale: "en", Subject: "Hello {{ .Member.GivenName }}", Body: "{{ with .Member.Department }}You were in {{ . }}.{{ else }}Hello.{{ end }}", Variants: []settings.Variant{{Name: "a"}, {Name: "b", Subject: "Another"}}}}
	r.job.Campaign.Steps = []settings.Step{{Name: "reminder", AfterDays: 3, Locales: []settings.LocalisedContent{{Locale: "ja", Subject: "再度のご案内", Body: "お忘れなく。"}}}}
	read := func() []community.Sample {
		return scalar[[]community.Sample](r, "SELECT samples FROM alumni.campaign_preview")
	}

	g.Expect(Preview(t.Context(), r.pool(), r.job)).To(Succeed())

	var told []string
	for _, s := range read() {
		told = append(told, strings.Join([]string{string(s.Locale), s.Variant, s.Step, s.Subject}, "/"))
	}
	g.Expect(told).To(Equal([]string{"ja/a//星野さん", "ja/a//青木さん", "ja/a//勅使河原さん", "en/a//Hello Alex", "en/a//Hello Bo", "en/a//Hello Wilhelmina",
		"ja/b//もう一つ", "ja/b//もう一つ", "ja/b//もう一つ", "en/b//Another", "en/b//Another", "en/b//Another",
		"ja//reminder/再度のご案内", "ja//reminder/再度のご案内", "ja//reminder/再度のご案内"}))
	first := read()[0]
	g.Expect(first.Person).To(Equal("星野 花子"))
	g.Expect(first.HTML).To(And(ContainSubstring("<html"), ContainSubstring(`href="https://hoshino.example/autumn"`)), "its links lead where they say")
	g.Expect(first.Text).To(ContainSubstring("https://alumni.hoshino.example/u/"))
	g.Expect(read()[3].Text).To(ContainSubstring("You were in Product Development."))
	g.Expect(read()[5].Text).To(ContainSubstring("Hello."))
	g.Expect(scalar[string](r, "SELECT name || ' ' || type FROM alumni.campaign_preview")).To(Equal("news Newsletter"))
	canary.ScanAll(t, map[string]any{"the samples": scalar[string](r, "SELECT samples::text FROM alumni.campaign_preview"), "the log": r.log.String()})

	r.job.RunName, r.job.Campaign.ABTest, r.job.Campaign.Steps = "news-preview-2", nil, nil
	r.job.Campaign.Locales = []settings.LocalisedContent{{Locale: "ja", Subject: "新しい文面", Body: "x"}}
	g.Expect(Preview(t.Context(), r.pool(), r.job)).To(Succeed())
	g.Expect(read()).To(And(HaveLen(3), HaveEach(HaveField("Subject", "新しい文面"))), "another declaration takes the place of the one before")
}

func TestATextThatCannotBeMadeForSomebodySaysSoInItsPlace(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 1)
	r.job.Campaign.Locales[0].Subject = "{{ .Member.Region }}"
	g.Expect(Preview(t.Context(), r.pool(), r.job)).To(Succeed())
	g.Expect(scalar[[]community.Sample](r, "SELECT samples FROM alumni.campaign_preview")).To(HaveExactElements(
		HaveField("Subject", "Tokyo"), HaveField("Subject", "Hokkaido"), And(HaveField("Failed", true), HaveField("Text", ""))))
}

func TestLargeTextsAreShownToOneInventedPersonEach(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 1)
	r.job.Campaign.Locales[0].Body = strings.Repeat(strings.Repeat("word ", 10)+"\n\n", 1200)
	r.job.Campaign.Steps = make([]settings.Step, 10)
	for i := range r.job.Campaign.Steps {
		r.job.Campaign.Steps[i] = settings.Step{Name: "s", AfterDays: 1, Locales: r.job.Campaign.Locales}
	}
	encoded, err := renderSamples(r.job)
	g.Expect(err).NotTo(HaveOccurred())
	var all []community.Sample
	g.Expect(json.Unmarshal(encoded, &all)).To(Succeed())
	g.Expect(len(all)).To(And(BeNumerically(">=", 11), BeNumerically("<", 33)))
	g.Expect(len(encoded)).To(BeNumerically("<", 3*samplesSize))
}

func TestAPreviewOfWhatCannotBeSentSaysWhy(t *testing.T) {
	r := newRig(t, 1)
	r.job.Campaign.Locales[0].Subject = "{{ .Member.Salary }}"
	NewWithT(t).Expect(Preview(t.Context(), r.pool(), r.job)).To(And(MatchError(ErrFinal), MatchError(ContainSubstring("Member.Salary"))))
}
