// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"encoding/json"
	"fmt"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
)

// trialReady is what Ready says of a trial, so that nobody takes it for the real thing.
const trialReady = "Every part is as declared. This is a trial: everybody in it is invented, and no mail leaves it"

// hasRoster says whether people come into the network by imports: of HR's file, or in a trial of one that is invented.
func hasRoster(n *v1alpha1.AlumniNetwork) bool { return n.Spec.Roster != nil || n.IsTrial() }

// importsOnce says that the roster is read once for each change of what declares it, and not by a schedule.
func importsOnce(n *v1alpha1.AlumniNetwork) bool {
	return n.IsTrial() || n.Spec.Roster.Schedule == nil
}

// declaredRoster is what an import that is not scheduled is named after.
func declaredRoster(n *v1alpha1.AlumniNetwork) ([]byte, error) {
	var declared any = struct {
		Section *v1alpha1.Roster
		Again   string
	}{n.Spec.Roster, n.Annotations[importAnnotation]}
	if n.IsTrial() {
		declared = struct {
			Members int32
			Again   string
		}{n.TrialMembers(), n.Annotations[importAnnotation]}
	}
	encoded, err := json.Marshal(declared)
	if err != nil {
		return nil, fmt.Errorf("digest what declares the roster: %w", err)
	}
	return encoded, nil
}

// tellTrial adds to Ready that the network is a rehearsal.
func tellTrial(n *v1alpha1.AlumniNetwork) {
	if c := conditions.Get(n, v1alpha1.ReadyCondition); n.IsTrial() && c != nil && c.Reason == v1alpha1.ReasonReady {
		conditions.True(n, v1alpha1.ReadyCondition, v1alpha1.ReasonReady, trialReady)
	}
}
