// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/resources/network"
	"github.com/alumni-operator/alumni-operator/internal/resources/portal"
	"github.com/alumni-operator/alumni-operator/internal/trouble"
)

// runPortal keeps the portal's objects and waits until every replica of the declared version serves and can be reached as
// declared.
func (r *Reconciler) runPortal(ctx context.Context, s *scope) error {
	n := s.network
	if s.channels != nil {
		// A pod without its Secret would hang, and the pods that run still have the old one.
		return outcome.Wait(outcome.Poll, v1alpha1.ReasonNotReachedYet, "waits for %s", v1alpha1.ChannelsReadyCondition)
	}
	hash, err := r.portalHash(ctx, s)
	if err != nil {
		return err
	}
	in := portal.Input{Network: n, Image: r.image(s), ConfigHash: hash}
	if in.StoreLogin, err = r.portalLogin(ctx, s); err != nil {
		return err
	}
	deployment, way, err := r.keepPortal(ctx, in)
	switch {
	case err != nil:
		return err
	case n.Spec.State.Suspended():
		r.arrive(s, in.Image)
		conditions.False(n, v1alpha1.PortalAvailableCondition, v1alpha1.ReasonSuspended, "The network is suspended: no portal runs, and all data is kept")
		if outcome.IsTerminal(way.blocked) {
			return way.blocked
		}
		return nil // that nothing leads to a portal at rest can wait
	case outcome.IsTerminal(way.blocked):
		return way.blocked
	}
	if err := r.awaitPortal(ctx, n, deployment); err != nil {
		return err
	}
	r.arrive(s, in.Image)
	if way.blocked != nil {
		return way.blocked
	}
	conditions.True(n, v1alpha1.PortalAvailableCondition, v1alpha1.ReasonAvailable, "Every replica of the portal serves"+way.note)
	return nil
}

// portalHash is the hash of what the portal reads at its start. Where nothing of that has changed it is the one that was made last,
// so that neither key nor credentials are needed.
func (r *Reconciler) portalHash(ctx context.Context, s *scope) (string, error) {
	n := s.network
	open, err := network.PortalHash(n, s.promise, *s.endpoint, nil, nil)
	if err != nil {
		return "", err
	}
	if k := s.note; k.portalHash != "" && k.portalAsked == s.askedOfPortal(open) {
		return k.portalHash, nil
	}
	if s.tokenKey == nil {
		if err := r.readTokenKey(ctx, s); err != nil {
			return "", err
		}
	}
	if e := n.Email(); e != nil && e.CredentialsSecretRef != nil && s.emailCredentials == nil {
		if err := r.readSender(ctx, s, e.CredentialsSecretRef.Name); err != nil {
			return "", err
		}
	}
	hash, err := network.PortalHash(n, s.promise, *s.endpoint, s.tokenKey, s.emailCredentials)
	if err == nil && s.note.found[useTokenKey] != (mark{}) {
		s.note.portalAsked, s.note.portalHash = s.askedOfPortal(open), hash
	}
	return hash, err
}

// portalLogin tells the login that the portal's pods are to use from the one before it. Where the Secrets were not reached it is
// what the pods were last made for.
func (r *Reconciler) portalLogin(ctx context.Context, s *scope) (string, error) {
	if c, known := s.credentials[naming.RolePortal]; known {
		return c.stamp(), nil
	}
	live := &appsv1.Deployment{}
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: s.network.Namespace, Name: naming.Portal(s.network.Name)}, live)
	return live.Spec.Template.Labels[labels.StoreLogin], client.IgnoreNotFound(err)
}

// keepPortal applies all that belongs to the portal and removes what no longer does.
func (r *Reconciler) keepPortal(ctx context.Context, in portal.Input) (*appsv1.Deployment, way, error) {
	n := in.Network
	if err := r.leaveReplicas(ctx, n); err != nil {
		return nil, way{}, err
	}
	d, others := portal.Desired(in)
	wanted := append(others, d)
	if err := r.applier().Apply(ctx, n, wanted...); err != nil {
		return nil, way{}, err
	}
	w := r.expose(ctx, in)
	if err := r.applier().Prune(ctx, n, labels.Selector(n.Name, labels.Portal), append(wanted, w.spare...)...); err != nil {
		return nil, way{}, err
	}
	return d, w, nil
}

// leaveReplicas gives the number of replicas to the autoscaler when there is to be one for the first time. Otherwise the
// Deployment would fall back to one replica in the moment in which it no longer declares their number.
func (r *Reconciler) leaveReplicas(ctx context.Context, n *v1alpha1.AlumniNetwork) error {
	if n.PortalAutoscaling() == nil {
		return nil
	}
	key := types.NamespacedName{Namespace: n.Namespace, Name: naming.Portal(n.Name)}
	if err := r.Client.Get(ctx, key, &autoscalingv2.HorizontalPodAutoscaler{}); !apierrors.IsNotFound(err) {
		return err
	}
	live := &appsv1.Deployment{}
	err := r.Live.Get(ctx, key, live)
	if err != nil || !metav1.IsControlledBy(live, n) || live.Spec.Replicas == nil || *live.Spec.Replicas == 0 {
		return client.IgnoreNotFound(err) // at none, an autoscaler would rest for ever: the default of one wakes it
	}
	return r.applier().HandOver(ctx, live, int64(*live.Spec.Replicas), "spec", "replicas")
}

// awaitPortal tells how far the rollout is. The Deployment is as the API server answered, for a cache that is behind
// would still show the one before as rolled out.
func (r *Reconciler) awaitPortal(ctx context.Context, n *v1alpha1.AlumniNetwork, d *appsv1.Deployment) error {
	if rolledOut(n, d) {
		r.Looks.serves(n, true)
		return nil
	}
	words := trouble.OfDeployment(d)
	r.Looks.serves(n, words == "" && rolling(d))
	if words != "" {
		return outcome.Retry(outcome.Poll, v1alpha1.ReasonPodTrouble, "%s", words)
	}
	return r.podsNotReady(ctx, n, labels.Portal, v1alpha1.ReasonRollingOut, "replicas of the declared version are being started")
}

// rolling says whether replicas are still being started or stopped, and not all there and only not available.
func rolling(d *appsv1.Deployment) bool {
	wanted, st := replicasOf(d), d.Status
	return st.ObservedGeneration < d.Generation || st.UpdatedReplicas != wanted || st.Replicas != wanted
}

func replicasOf(d *appsv1.Deployment) int32 { return ptr.Deref(d.Spec.Replicas, 1) }

// rolledOut says whether every replica is of the declared version and available, and none of an older one is left. Where an
// autoscaler chooses their number, those that it adds are not waited for.
func rolledOut(n *v1alpha1.AlumniNetwork, d *appsv1.Deployment) bool {
	wanted, st := replicasOf(d), d.Status
	if st.ObservedGeneration < d.Generation {
		return false
	}
	if n.PortalAutoscaling() != nil {
		return st.UpdatedReplicas == st.Replicas && st.AvailableReplicas >= n.LeastPortalReplicas()
	}
	return st.UpdatedReplicas == wanted && st.AvailableReplicas == wanted && st.Replicas == wanted
}
