// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
)

// approvalAnnotation holds the generation that somebody has approved. Who may set it is decided by config/admission.
const approvalAnnotation = "alumni-operator.io/approved-generation"

// checkApproval says whether runs may start. What waits for somebody is settled: Ready says so, and nothing is tried again.
func (r *Reconciler) checkApproval(_ context.Context, s *scope) error {
	c, kind := s.campaign, v1alpha1.ApprovedCondition
	if !c.NeedsApproval() {
		conditions.True(c, kind, v1alpha1.ReasonApprovalNotRequired, "spec.approval asks for none")
		return nil
	}
	wanted, err := approvalOf(s)
	if err != nil {
		return err
	}
	given := c.Annotations[approvalAnnotation]
	if given == wanted {
		conditions.True(c, kind, v1alpha1.ReasonApproved, "What is declared now is approved")
		return nil
	}
	s.awaits = "its approval"
	message := fmt.Sprintf("no run starts before somebody approves what is declared now: set annotation %s to %q", approvalAnnotation, wanted)
	if given != "" {
		message += fmt.Sprintf("; %.40q was for what was declared before", given)
	}
	if p := c.Status.Preview; p != nil && p.State == v1alpha1.PreviewCounted {
		message += fmt.Sprintf("; counted at %s, it would go to %d of %d people", p.CountedAt.UTC().Format(time.RFC3339), p.Recipients, p.Audience)
	}
	conditions.False(c, kind, v1alpha1.ReasonAwaitingApproval, message)
	return nil
}

// approvalOf is the value by which somebody approves the campaign as it is: its generation. Texts that are read from a ConfigMap
// can change without one, so a digest of them is part of the value then.
func approvalOf(s *scope) (string, error) {
	value := strconv.FormatInt(s.campaign.Generation, 10)
	if len(s.campaign.ConfigMapNames()) == 0 {
		return value, nil
	}
	declared := any(s.settings.Locales)
	if len(s.settings.Steps) > 0 {
		declared = []any{s.settings.Locales, s.settings.Steps}
	}
	texts, err := json.Marshal(declared)
	if err != nil {
		return "", fmt.Errorf("encode the texts: %w", err)
	}
	sum := sha256.Sum256(texts)
	return value + "-" + hex.EncodeToString(sum[:]), nil
}

// await says that a run is due and may not start. It is missed when what it waits for does not come before its starting deadline.
func (s *scope) await(due time.Time) {
	deadline := due.Add(time.Duration(s.campaign.EffectiveDelivery().StartingDeadlineSeconds) * time.Second)
	s.wake = max(time.Second, deadline.Sub(s.now)+time.Second)
	s.campaign.Status.NextRunAt = metaTime(due)
	conditions.True(s.campaign, v1alpha1.ScheduledCondition, v1alpha1.ReasonScheduled,
		"A run is due and waits for "+s.awaits+"; it is missed after "+deadline.UTC().Format(time.RFC3339))
}
