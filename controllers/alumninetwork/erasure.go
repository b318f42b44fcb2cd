// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
)

// findErasers finds the policies that carry out what people ask for in this network, and the shortest promise among
// them. A network that no policy covers says so in a condition of its own, which Ready leaves out: a pipeline that
// applies policies only when networks are Ready must not wait for itself.
func (r *Reconciler) findErasers(ctx context.Context, s *scope) error {
	n := s.network
	s.promise = (&v1alpha1.RetentionPolicy{}).ErasurePromise()
	policies := &v1alpha1.RetentionPolicyList{}
	if err := r.Client.List(ctx, policies, client.InNamespace(n.Namespace)); err != nil {
		return fmt.Errorf("list retention policies: %w", err)
	}
	var names []string
	for i := range policies.Items {
		p := &policies.Items[i]
		selector, err := metav1.LabelSelectorAsSelector(&p.Spec.NetworkSelector)
		if err != nil || !selector.Matches(labels.Set(n.Labels)) || p.Spec.State.Suspended() || !p.DeletionTimestamp.IsZero() {
			continue // a selector that cannot be read is told on the policy
		}
		if len(names) == 0 || p.ErasurePromise() < s.promise {
			s.promise = p.ErasurePromise()
		}
		names = append(names, p.Name)
	}
	if len(names) == 0 {
		conditions.False(n, v1alpha1.ErasureCoveredCondition, v1alpha1.ReasonNoRetentionPolicy,
			"no active RetentionPolicy selects this network: people who leave are hidden at once and erased by nobody; declare one, mode DryRun will do")
		return nil
	}
	conditions.True(n, v1alpha1.ErasureCoveredCondition, v1alpha1.ReasonPolicyActive,
		"People who leave are erased by RetentionPolicy "+strings.Join(names, ", "))
	return nil
}

// networksOfPolicy finds the networks that a policy may have begun or ceased to select: all of its namespace.
func (r *Reconciler) networksOfPolicy(ctx context.Context, policy client.Object) []ctrl.Request {
	list := &v1alpha1.AlumniNetworkList{}
	if err := r.Client.List(ctx, list, client.InNamespace(policy.GetNamespace())); err != nil {
		log.FromContext(ctx).Error(err, "Finding the networks of a policy failed", "namespace", policy.GetNamespace())
		return nil
	}
	requests := make([]ctrl.Request, len(list.Items))
	for i := range list.Items {
		requests[i].NamespacedName = client.ObjectKeyFromObject(&list.Items[i])
		r.Looks.stir(requests[i].NamespacedName) // what it has done or found can be read
	}
	return requests
}
