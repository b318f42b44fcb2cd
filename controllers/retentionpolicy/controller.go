// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retentionpolicy

import (
	"context"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/patch"
	"github.com/alumni-operator/alumni-operator/internal/phases"
	"github.com/alumni-operator/alumni-operator/internal/runs"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
	"github.com/alumni-operator/alumni-operator/internal/storeread"
)

// +kubebuilder:rbac:groups=alumni-operator.io,resources=alumninetworks,verbs=get;list;watch
// +kubebuilder:rbac:groups=alumni-operator.io,resources=retentionpolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups=alumni-operator.io,resources=retentionpolicies/status,verbs=get;patch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=create;get;list;patch;watch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Evidence reads what became of a policy's runs over one network, the newest certificate, and the link of the
// audit chain that was its head when it was last seen.
type Evidence interface {
	Retention(ctx context.Context, network *v1alpha1.AlumniNetwork, policyUID string, limit int, seen int64) (storeread.Retention, error)
}

// Reconciler brings RetentionPolicies to their declared state.
type Reconciler struct {
	Client client.Client
	// Live reads from the API server itself.
	Live client.Reader
	// Secrets tells when a signing key appears or changes.
	Secrets *secretwatch.Watcher
	// Recorder tells transitions.
	Recorder events.EventRecorder
	// Evidence reads what became of runs.
	Evidence Evidence
	// Clock decides what is due.
	Clock clock.PassiveClock
	// Pace spreads the runs of many networks that are due at the same moment.
	Pace *runs.Pace
	// ClusterID is part of the name of each network's erasure ledger.
	ClusterID string
	// WorkloadImage runs the workers.
	WorkloadImage string
	// MaxConcurrent is the number of policies worked on at once.
	MaxConcurrent int
}

// SetupWithManager registers the controller with its watches: its own Jobs and ConfigMaps, the networks of its
// namespace, and the other policies, which may take rules over.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("retentionpolicy").
		For(&v1alpha1.RetentionPolicy{}).
		Owns(&batchv1.Job{}).
		Owns(&corev1.ConfigMap{}).
		Watches(&v1alpha1.AlumniNetwork{}, handler.EnqueueRequestsFromMapFunc(r.policiesOf)).
		WatchesRawSource(r.Secrets.Source(r.policiesOfSecret)).
		WithOptions(controller.Options{MaxConcurrentReconciles: max(r.MaxConcurrent, 1)}).
		Complete(r)
}

// Reconcile brings one RetentionPolicy a step further.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	policy := &v1alpha1.RetentionPolicy{}
	if err := r.Client.Get(ctx, req.NamespacedName, policy); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !policy.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil // its Jobs and ConfigMaps go by garbage collection; nothing is erased by a deletion
	}
	r.Secrets.Watch(policy.Namespace)
	before := policy.DeepCopy()
	s := &scope{policy: policy, now: r.Clock.Now(), wake: outcome.Resync}
	errs := phases.Run(ctx, policy, s, []phases.Phase[*scope]{
		{Name: "rest what is suspended", Run: r.restRuns},
		{Name: "choose the networks", Condition: v1alpha1.RulesValidCondition, Run: r.chooseNetworks},
		{Name: "rest what is not chosen", Run: r.restOthers},
		{Name: "check the rules", Condition: v1alpha1.RulesValidCondition, Run: r.checkRules},
		{Name: "read the holds", Condition: v1alpha1.HoldsPlacedCondition, Run: r.readHolds},
		{Name: "keep a signing key", Condition: v1alpha1.PlannedCondition, Run: r.keepSigningKey},
		{Name: "run over the networks", Condition: v1alpha1.PlannedCondition, Run: r.runOverNetworks},
	})
	showStatus(s, errs)
	conditions.Summarise(policy, v1alpha1.RetentionConditions(), errs...)
	wrote, err := patch.Status(ctx, r.Client, before, policy)
	if event := conditions.Transition(before.Status.Conditions, policy, errs...); wrote && event != nil {
		r.Recorder.Eventf(policy, nil, event.Type, event.Reason, "Reconcile", "%s", event.Message)
	}
	result, err := outcome.Fold(append(errs, err)...)
	if err == nil {
		result = outcome.Earlier(result, s.wake)
	}
	return result, err
}

// policiesOf maps a network to all policies of its namespace.
func (r *Reconciler) policiesOf(ctx context.Context, network client.Object) []ctrl.Request {
	return r.policies(ctx, network.GetNamespace(), func(*v1alpha1.RetentionPolicy) bool { return true })
}

// policiesOfSecret maps a Secret to the policies that sign with it, or keep whom it lists.
func (r *Reconciler) policiesOfSecret(ctx context.Context, secret types.NamespacedName) []ctrl.Request {
	return r.policies(ctx, secret.Namespace, func(p *v1alpha1.RetentionPolicy) bool {
		return secret.Name == p.SigningSecretName() || secret.Name == naming.SigningSecret(p.Name) || holdsBy(p, secret.Name)
	})
}

func (r *Reconciler) policies(ctx context.Context, namespace string, match func(*v1alpha1.RetentionPolicy) bool) []ctrl.Request {
	list := &v1alpha1.RetentionPolicyList{}
	if err := r.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Listing retention policies")
		return nil
	}
	var requests []ctrl.Request
	for i := range list.Items {
		if !match(&list.Items[i]) {
			continue
		}
		requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return requests
}

// metaTime turns a zero time into nil, as status wants it.
func metaTime(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	m := metav1.NewTime(t.Truncate(time.Second))
	return &m
}
