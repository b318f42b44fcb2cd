// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// prunable lists, once and for all, the kinds that may be pruned. Volume claims and Secrets are not among them
// and never will be.
func prunable() []client.ObjectList {
	return []client.ObjectList{
		&appsv1.DeploymentList{},
		&autoscalingv2.HorizontalPodAutoscalerList{},
		&corev1.ServiceList{},
		&corev1.ConfigMapList{},
		&networkingv1.IngressList{},
		&networkingv1.NetworkPolicyList{},
		&policyv1.PodDisruptionBudgetList{},
	}
}

// Prune deletes what carries the labels, is controlled by the owner, and is not among the wanted.
func (a *Applier) Prune(ctx context.Context, owner client.Object, selector map[string]string, wanted ...client.Object) error {
	keep := map[string]bool{}
	for _, obj := range wanted {
		keep[a.describe(obj)] = true
	}
	for _, list := range prunable() {
		in := client.InNamespace(owner.GetNamespace())
		if err := a.Client.List(ctx, list, in, client.MatchingLabels(selector)); err != nil {
			return fmt.Errorf("prune: list %T: %w", list, err)
		}
		for _, obj := range objects(list) {
			if keep[a.describe(obj)] || !metav1.IsControlledBy(obj, owner) || obj.GetDeletionTimestamp() != nil {
				continue
			}
			if err := a.Delete(ctx, obj); err != nil {
				return err
			}
		}
	}
	return nil
}

// Remove deletes the object of the same kind and name, if there is one and the owner controls it: for kinds that Prune does not
// list because not every cluster serves them.
func (a *Applier) Remove(ctx context.Context, owner, obj client.Object) error {
	existing, err := a.find(ctx, obj)
	if err != nil {
		return fmt.Errorf("remove %s: %w", a.describe(obj), err)
	}
	if existing == nil || !metav1.IsControlledBy(existing, owner) || existing.GetDeletionTimestamp() != nil {
		return nil
	}
	return a.Delete(ctx, existing)
}

// Delete removes the very object that was read: one of the same name made since is left alone. An object that is
// gone already is fine. Its own children go with it in the background.
func (a *Applier) Delete(ctx context.Context, obj client.Object) error {
	uid := obj.GetUID()
	err := a.Client.Delete(ctx, obj, client.Preconditions{UID: &uid}, client.PropagationPolicy(metav1.DeletePropagationBackground))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete %s: %w", a.describe(obj), err)
	}
	log.FromContext(ctx).Info("Deleted", "object", a.describe(obj))
	return nil
}

func objects(list client.ObjectList) []client.Object {
	var all []client.Object
	switch l := list.(type) {
	case *appsv1.DeploymentList:
		all = pointers(l.Items, func(o *appsv1.Deployment) client.Object { return o })
	case *autoscalingv2.HorizontalPodAutoscalerList:
		all = pointers(l.Items, func(o *autoscalingv2.HorizontalPodAutoscaler) client.Object { return o })
	case *networkingv1.IngressList:
		all = pointers(l.Items, func(o *networkingv1.Ingress) client.Object { return o })
	case *networkingv1.NetworkPolicyList:
		all = pointers(l.Items, func(o *networkingv1.NetworkPolicy) client.Object { return o })
	case *corev1.ServiceList:
		all = pointers(l.Items, func(o *corev1.Service) client.Object { return o })
	case *corev1.ConfigMapList:
		all = pointers(l.Items, func(o *corev1.ConfigMap) client.Object { return o })
	case *policyv1.PodDisruptionBudgetList:
		all = pointers(l.Items, func(o *policyv1.PodDisruptionBudget) client.Object { return o })
	}
	return all
}

func pointers[T any](items []T, object func(*T) client.Object) []client.Object {
	all := make([]client.Object, len(items))
	for i := range items {
		all[i] = object(&items[i])
	}
	return all
}
