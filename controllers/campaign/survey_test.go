// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/stats"
	"github.com/alumni-operator/alumni-operator/internal/survey"
)

func TestResultsOfASurveyAreInTheOrderAsked(t *testing.T) {
	g := NewWithT(t)
	found := &stats.Survey{ClosesAt: now, Definition: survey.Definition{Questions: []survey.Question{
		{Name: "mood", Kind: survey.Scale},
		{Name: "back", Kind: survey.SingleChoice, Options: []survey.Option{{Name: "yes"}, {Name: "no"}}},
		{Name: "words", Kind: survey.Text}}}}
	closes := &metav1.Time{Time: now}
	g.Expect(surveyStatus(nil)).To(BeNil())
	g.Expect(surveyStatus(found)).To(Equal(&v1alpha1.SurveyStatus{ClosesAt: closes}), "too few have answered to show anything")

	found.Answered = 6
	found.Counts = map[string]map[string]int64{"mood": {"": 6, "5": 4, "1": 2}, "back": {"": 5, "no": 5}}
	g.Expect(surveyStatus(found)).To(Equal(&v1alpha1.SurveyStatus{ClosesAt: closes, Answered: 6, Questions: []v1alpha1.SurveyQuestionStatus{
		{Name: "mood", Answered: 6, Options: []v1alpha1.SurveyOptionCount{{Name: "1", Count: 2}, {Name: "2"}, {Name: "3"}, {Name: "4"}, {Name: "5", Count: 4}}},
		{Name: "back", Answered: 5, Options: []v1alpha1.SurveyOptionCount{{Name: "yes"}, {Name: "no", Count: 5}}},
		{Name: "words"}}}))
}
