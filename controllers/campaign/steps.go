// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// countSteps shows in status how far members are in the steps of the campaign.
func (r *Reconciler) countSteps(ctx context.Context, s *scope) error {
	status, steps := &s.campaign.Status, s.campaign.Spec.Steps
	if len(steps) == 0 {
		status.Steps = nil
		return nil
	}
	counts, err := r.Ledger.Steps(ctx, s.network, string(s.campaign.UID))
	if err != nil {
		return err
	}
	status.Steps = stepsStatus(steps, counts)
	return nil
}

// stepsStatus sums up what the store counts. Who waits for a step that is not declared any more is past the last one at the next run.
func stepsStatus(steps []v1alpha1.CampaignStep, counts []stats.StepCount) *v1alpha1.StepsStatus {
	out := &v1alpha1.StepsStatus{}
	for _, step := range steps {
		out.Steps = append(out.Steps, v1alpha1.StepStatus{Name: step.Name})
	}
	for _, c := range counts {
		switch {
		case c.Ended == "Exited":
			out.Exited += c.Members
		case c.Ended == "Refused":
			out.Refused += c.Members
		case c.Ended == "Completed", c.Step-2 >= len(steps):
			out.Completed += c.Members
		default:
			out.Steps[c.Step-2].Waiting += c.Members
		}
	}
	return out
}
