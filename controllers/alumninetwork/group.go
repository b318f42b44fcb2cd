// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
)

const (
	// groupLabel on a namespace says whose networks may call themselves part of a company group. Tenants cannot set it.
	groupLabel = "alumni-operator.io/group"
	// groupIndex finds the networks that call themselves part of a group.
	groupIndex = "alumninetwork.group"
	// maxGroup bounds how many networks of a group status lists.
	maxGroup = 100
)

func indexGroups(ctx context.Context, indexer client.FieldIndexer) error {
	err := indexer.IndexField(ctx, &v1alpha1.AlumniNetwork{}, groupIndex, func(obj client.Object) []string {
		if n, ok := obj.(*v1alpha1.AlumniNetwork); ok && n.Spec.Group != "" {
			return []string{n.Spec.Group}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("index networks by group: %w", err)
	}
	return nil
}

// joinGroup lists the other networks of the company group. Whoever may declare a network could name any group, so the
// namespace must say that it belongs there too; the others are believed by the condition that their own namespace gave them.
func (r *Reconciler) joinGroup(ctx context.Context, s *scope) error {
	n := s.network
	if n.Spec.Group == "" {
		n.Status.Group = nil
		conditions.Remove(n, v1alpha1.GroupJoinedCondition)
		return nil
	}
	namespace := &corev1.Namespace{}
	if err := r.Live.Get(ctx, client.ObjectKey{Name: n.Namespace}, namespace); err != nil {
		return fmt.Errorf("read the namespace: %w", err)
	}
	if namespace.Labels[groupLabel] != n.Spec.Group {
		n.Status.Group = nil
		conditions.False(n, v1alpha1.GroupJoinedCondition, v1alpha1.ReasonNamespaceNotInGroup,
			fmt.Sprintf("spec.group is %q, and the namespace lacks the label %s=%s: who owns namespaces must set it", n.Spec.Group, groupLabel, n.Spec.Group))
		return nil
	}
	list := &v1alpha1.AlumniNetworkList{}
	if err := r.Client.List(ctx, list, client.MatchingFields{groupIndex: n.Spec.Group}, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("list the networks of the group: %w", err)
	}
	n.Status.Group = &v1alpha1.GroupStatus{Networks: membersOf(list.Items, n)}
	conditions.True(n, v1alpha1.GroupJoinedCondition, v1alpha1.ReasonJoined, fmt.Sprintf("The network is part of the group %q", n.Spec.Group))
	return nil
}

// membersOf lists the networks that have joined, but for one, in a fixed order.
func membersOf(networks []v1alpha1.AlumniNetwork, but *v1alpha1.AlumniNetwork) []v1alpha1.GroupMember {
	var members []v1alpha1.GroupMember
	for i := range networks {
		n := &networks[i]
		if n.UID != but.UID && n.DeletionTimestamp.IsZero() && conditions.IsTrue(n, v1alpha1.GroupJoinedCondition) {
			members = append(members, v1alpha1.GroupMember{
				Namespace: n.Namespace, Name: n.Name, DisplayName: n.Spec.DisplayName, URL: n.URL(),
			})
		}
	}
	slices.SortFunc(members, func(a, b v1alpha1.GroupMember) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return members[:min(len(members), maxGroup)]
}

// networksOfGroup finds the networks whose list another one stands in.
func (r *Reconciler) networksOfGroup(ctx context.Context, obj client.Object) []ctrl.Request {
	n, ok := obj.(*v1alpha1.AlumniNetwork)
	if !ok || n.Spec.Group == "" {
		return nil
	}
	list := &v1alpha1.AlumniNetworkList{}
	if err := r.Client.List(ctx, list, client.MatchingFields{groupIndex: n.Spec.Group}, client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "Finding the networks of a group failed")
		return nil
	}
	var requests []ctrl.Request
	for i := range list.Items {
		if other := &list.Items[i]; other.UID != n.UID {
			requests = append(requests, ctrl.Request{NamespacedName: nameOf(other)})
		}
	}
	return requests
}

// regrouped says whether what other networks show of a network has changed.
func regrouped(e event.UpdateEvent) bool {
	before, isOld := e.ObjectOld.(*v1alpha1.AlumniNetwork)
	after, isNew := e.ObjectNew.(*v1alpha1.AlumniNetwork)
	return isOld && isNew && (before.Spec.Group != after.Spec.Group || before.Spec.DisplayName != after.Spec.DisplayName ||
		before.URL() != after.URL() || before.DeletionTimestamp.IsZero() != after.DeletionTimestamp.IsZero() ||
		conditions.IsTrue(before, v1alpha1.GroupJoinedCondition) != conditions.IsTrue(after, v1alpha1.GroupJoinedCondition))
}
