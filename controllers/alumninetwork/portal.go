// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/resources/network"
	"github.com/alumni-operator/alumni-operator/internal/resources/portal"
	"github.com/alumni-operator/alumni-operator/internal/trouble"
)

// runPortal keeps the portal's objects and waits until every replica of the declared version serves.
func (r *Reconciler) runPortal(ctx context.Context, s *scope) error {
	n := s.network
	if s.channels != nil {
		// A pod without its Secret would hang, and the pods that run still have the old one.
		return outcome.Wait(outcome.Poll, v1alpha1.ReasonNotReachedYet, "waits for %s", v1alpha1.ChannelsReadyCondition)
	}
	hash, err := network.PortalHash(n, s.promise, *s.endpoint, s.tokenKey, s.emailCredentials)
	if err != nil {
		return err
	}
	deployment, others := portal.Desired(portal.Input{Network: n, Image: r.WorkloadImage, ConfigHash: hash})
	wanted := append(others, deployment)
	if err := r.applier().Apply(ctx, n, wanted...); err != nil {
		return err
	}
	if err := r.applier().Prune(ctx, n, labels.Selector(n.Name, labels.Portal), wanted...); err != nil {
		return err
	}
	if n.Spec.State.Suspended() {
		conditions.False(n, v1alpha1.PortalAvailableCondition, v1alpha1.ReasonSuspended, "The network is suspended: no portal runs, and all data is kept")
		return nil
	}
	return r.awaitPortal(ctx, n, deployment)
}

// awaitPortal tells how far the rollout is. The Deployment is as the API server answered, for a cache that is behind
// would still show the one before as rolled out.
func (r *Reconciler) awaitPortal(ctx context.Context, n *v1alpha1.AlumniNetwork, d *appsv1.Deployment) error {
	if rolledOut(d) {
		conditions.True(n, v1alpha1.PortalAvailableCondition, v1alpha1.ReasonAvailable, "Every replica of the portal serves")
		return nil
	}
	if words := trouble.OfDeployment(d); words != "" {
		return outcome.Retry(outcome.Poll, v1alpha1.ReasonPodTrouble, "%s", words)
	}
	return r.podsNotReady(ctx, n, labels.Portal, v1alpha1.ReasonRollingOut, "replicas of the declared version are being started")
}

// rolledOut says whether every replica is of the declared version and available, and none of an older one is left.
func rolledOut(d *appsv1.Deployment) bool {
	wanted := int32(1)
	if d.Spec.Replicas != nil {
		wanted = *d.Spec.Replicas
	}
	st := d.Status
	return st.ObservedGeneration >= d.Generation && st.UpdatedReplicas == wanted && st.AvailableReplicas == wanted && st.Replicas == wanted
}
