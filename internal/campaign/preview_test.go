// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
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

func TestAPreviewOfWhatCannotBeSentSaysWhy(t *testing.T) {
	r := newRig(t, 1)
	r.job.Campaign.Locales[0].Subject = "{{ .Member.Salary }}"
	NewWithT(t).Expect(Preview(t.Context(), r.pool(), r.job)).To(And(MatchError(ErrFinal), MatchError(ContainSubstring("Member.Salary"))))
}
