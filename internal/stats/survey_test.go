// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

const (
	surveyAsked = `INSERT INTO alumni.survey (campaign_uid, definition, closes_at) VALUES ('uid', '{"closesAfterDays": 14, "questions": [
		{"name": "back", "kind": "SingleChoice", "title": [], "options": [{"name": "yes", "title": []}, {"name": "no", "title": []}]},
		{"name": "topics", "kind": "MultipleChoice", "title": []}, {"name": "words", "kind": "Text", "title": []}]}', '2030-01-01T00:00:00Z')`
	fourAnswers = `INSERT INTO alumni.survey_answer (campaign_uid, answers)
		SELECT 'uid', '{"back": ["yes"], "topics": ["events", "jobs"], "words": ["canary"]}' FROM generate_series(1, 4)`
	anotherAnswer = `INSERT INTO alumni.survey_answer (campaign_uid, answers) VALUES ('uid', '{"back": ["no"]}'), ('another', '{"back": ["no"]}')`
)

func TestASurveyIsCountedOnceFiveHaveAnswered(t *testing.T) {
	g := NewWithT(t)
	r := open(t)
	g.Expect(r.Survey(t.Context(), "uid")).To(BeNil(), "it was not planned yet")

	few, err := open(t, surveyAsked, fourAnswers).Survey(t.Context(), "uid")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(few.Answered).To(BeZero())
	g.Expect(few.Counts).To(BeEmpty())
	g.Expect(few.ClosesAt.Year()).To(Equal(2030))

	enough, err := open(t, surveyAsked, fourAnswers, anotherAnswer).Survey(t.Context(), "uid")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(enough.Questions).To(HaveLen(3))
	g.Expect(enough.Answered).To(Equal(int64(5)))
	g.Expect(enough.Counts).To(Equal(map[string]map[string]int64{
		"back": {"": 5, "yes": 4, "no": 1}, "topics": {"": 4, "events": 4, "jobs": 4}, "words": {"": 4}}), "what was written is not here")
}

// Neither the operator nor any workload but a backup can read an answer back.
func TestAnswersAreReadByNobodyWhoDoesNotNeedThem(t *testing.T) {
	g := NewWithT(t)
	s := store.New(t)
	for _, role := range []naming.Role{naming.RoleMetrics, naming.RolePortal, naming.RoleCampaign, naming.RoleRoster, naming.RoleRetention} {
		_, err := s.Pool(role).Exec(t.Context(), "SELECT answers FROM alumni.survey_answer")
		g.Expect(err).To(MatchError(ContainSubstring("permission denied")), string(role))
	}
}
