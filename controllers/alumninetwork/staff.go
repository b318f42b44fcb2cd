// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
	"github.com/alumni-operator/alumni-operator/internal/staff"
)

// staffFaultsTold is how many lines at fault a condition names.
const staffFaultsTold = 5

// checkStaff tells which lines of the list of staff cannot be used. The portal reads the list itself, so that nothing waits for this, and
// what is wrong with it is no trouble of the network: the watch on its Secret asks again.
func (r *Reconciler) checkStaff(ctx context.Context, s *scope) error {
	n := s.network
	from := n.StaffFrom()
	if from == nil {
		conditions.Remove(n, v1alpha1.StaffListedCondition)
		return nil
	}
	if r.unchanged(s, useStaff, from.Name) && conditions.IsCurrent(n, v1alpha1.StaffListedCondition) {
		return nil
	}
	secret, err := secretwatch.Read(ctx, r.Live, types.NamespacedName{Namespace: n.Namespace, Name: from.Name}, from.Key)
	if err != nil {
		reason, message := outcome.Describe(err, v1alpha1.ReasonFailed)
		conditions.False(n, v1alpha1.StaffListedCondition, reason, "spec.signIn.staffSecretRef: "+message)
		return nil
	}
	people, faults := staff.Parse(string(secret.Data[from.Key]))
	where := fmt.Sprintf("spec.signIn.staffSecretRef: key %q of Secret %q", from.Key, from.Name)
	switch {
	case len(faults) > 0:
		conditions.False(n, v1alpha1.StaffListedCondition, v1alpha1.ReasonStaffLinesInvalid,
			fmt.Sprintf("%s: %s. Everybody else on the list may enter: %d", where, faultsInWords(faults), len(people)))
	case len(people) == 0:
		conditions.False(n, v1alpha1.StaffListedCondition, v1alpha1.ReasonNobodyListed, where+" names nobody: write one person a line, an address and roles")
	default:
		s.found(useStaff, secret)
		conditions.True(n, v1alpha1.StaffListedCondition, v1alpha1.ReasonStaffListed, fmt.Sprintf("People who may enter the console: %d", len(people)))
	}
	return nil
}

func faultsInWords(faults []staff.Fault) string {
	var told []string
	for _, f := range faults[:min(len(faults), staffFaultsTold)] {
		told = append(told, f.String())
	}
	if more := len(faults) - staffFaultsTold; more > 0 {
		told = append(told, fmt.Sprintf("%d more lines are at fault", more))
	}
	return strings.Join(told, "; ")
}
