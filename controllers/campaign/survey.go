// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// countSurvey shows in status what members answered.
func (r *Reconciler) countSurvey(ctx context.Context, s *scope) error {
	status := &s.campaign.Status
	if s.campaign.Spec.Survey == nil {
		status.Survey = nil
		return nil
	}
	found, err := r.Ledger.Survey(ctx, s.network, string(s.campaign.UID))
	if err != nil {
		return err
	}
	status.Survey = surveyStatus(found)
	return nil
}

// surveyClosed says that what the campaign asks cannot be answered any more.
func (s *scope) surveyClosed() bool {
	shown := s.campaign.Status.Survey
	return s.campaign.Spec.Survey != nil && shown != nil && shown.ClosesAt != nil && !s.now.Before(shown.ClosesAt.Time)
}

// surveyStatus writes in the words of the API what the store counts, in the order in which it was asked.
func surveyStatus(found *stats.Survey) *v1alpha1.SurveyStatus {
	if found == nil {
		return nil
	}
	out := &v1alpha1.SurveyStatus{ClosesAt: &metav1.Time{Time: found.ClosesAt}, Answered: found.Answered}
	if found.Answered == 0 {
		return out
	}
	for _, q := range found.Questions {
		shown := v1alpha1.SurveyQuestionStatus{Name: q.Name, Answered: found.Counts[q.Name][""]}
		for _, value := range q.Values() {
			shown.Options = append(shown.Options, v1alpha1.SurveyOptionCount{Name: value, Count: found.Counts[q.Name][value]})
		}
		out.Questions = append(out.Questions, shown)
	}
	return out
}
