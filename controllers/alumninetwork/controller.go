// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/apply"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/echo"
	"github.com/alumni-operator/alumni-operator/internal/kinds"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/patch"
	"github.com/alumni-operator/alumni-operator/internal/phases"
	"github.com/alumni-operator/alumni-operator/internal/runs"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
)

// Pauses after errors that have none of their own grow from the first to the second.
const (
	firstBackoff = time.Second
	lastBackoff  = time.Minute
)

// Reconciler brings AlumniNetworks to their declared state.
type Reconciler struct {
	// Client reads from the cache and writes.
	Client client.Client
	// Live reads from the API server: Secrets, and objects that are not ours.
	Live client.Reader
	// Secrets tells when a Secret changes.
	Secrets *secretwatch.Watcher
	// Recorder sends events.
	Recorder events.EventRecorder
	// Clock tells the time of schedules.
	Clock clock.PassiveClock
	// ClusterID is part of the claim in each database.
	ClusterID string
	// WorkloadImage is the image of portal, workers and boot program: the operator's own.
	WorkloadImage string
	// PostgresImage runs Standalone stores that name no image.
	PostgresImage string
	// Namespace is where the operator runs; empty when it runs outside the cluster.
	Namespace string
	// Kinds tells which of the kinds that not every cluster has this one serves.
	Kinds *kinds.Served
	// Budget bounds the operator's sessions on each database server.
	Budget *dbconn.Budget
	// Looks remembers which stores were found in order a moment ago.
	Looks *Looks
	// Notes remembers in which version Secrets were found in order.
	Notes *Notes
	// Own tells the events of what this controller has written itself; nil when each is to be looked at.
	Own *echo.Own
	// Pace spreads imports and backups of many networks that are due at the same moment.
	Pace *runs.Pace
	// Rollout tells which networks may move to this version of the operator.
	Rollout *Rollout
	// MaxConcurrent is the number of networks that are worked on at once.
	MaxConcurrent int
	// EgressAllow lists what posts may be sent to although it is not public.
	EgressAllow []netip.Prefix
}

// +kubebuilder:rbac:groups=alumni-operator.io,resources=alumninetworks,verbs=get;list;patch;watch
// +kubebuilder:rbac:groups=alumni-operator.io,resources=alumninetworks/status,verbs=get;patch
// +kubebuilder:rbac:groups=alumni-operator.io,resources=retentionpolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=create;get;list;patch;watch
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=httproutes,verbs=create;delete;get;patch
// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=prometheusrules,verbs=create;delete;get;patch
// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=servicemonitors,verbs=create;delete;get;patch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=ingresses,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=postgresql.cnpg.io,resources=clusters,verbs=create;get;patch
// +kubebuilder:rbac:groups=postgresql.cnpg.io,resources=scheduledbackups,verbs=create;delete;get;patch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=create;get;list;patch;watch
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=services,verbs=create;delete;get;list;patch;watch

// SetupWithManager registers the controller and its watches.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager) error {
	if err := indexSecrets(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	if err := indexGroups(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	if err := indexHolidays(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	others := builder.WithPredicates(r.Own.Predicate())
	return ctrl.NewControllerManagedBy(mgr).
		Named("alumninetwork").
		For(&v1alpha1.AlumniNetwork{}, others).
		Watches(&v1alpha1.AlumniNetwork{}, handler.EnqueueRequestsFromMapFunc(r.networksOfGroup),
			builder.WithPredicates(predicate.Funcs{UpdateFunc: regrouped})).
		Owns(&appsv1.Deployment{}, others).
		Owns(&appsv1.StatefulSet{}, others).
		Watches(&batchv1.Job{}, handler.EnqueueRequestsFromMapFunc(r.networkOfJob)).
		Owns(&corev1.ConfigMap{}, others).
		Watches(&corev1.ConfigMap{}, handler.EnqueueRequestsFromMapFunc(r.networksOfHolidays)).
		Owns(&corev1.Service{}, others).
		Owns(&policyv1.PodDisruptionBudget{}, others).
		Watches(&corev1.PersistentVolumeClaim{}, handler.EnqueueRequestsFromMapFunc(networkOfClaim)).
		Owns(&networkingv1.Ingress{}, others).
		Owns(&networkingv1.NetworkPolicy{}, others).
		Owns(&autoscalingv2.HorizontalPodAutoscaler{}, builder.WithPredicates(predicate.Funcs{UpdateFunc: redeclared})).
		Watches(&v1alpha1.RetentionPolicy{}, handler.EnqueueRequestsFromMapFunc(r.networksOfPolicy)).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(networkOfPod)).
		WatchesRawSource(r.Secrets.Source(r.networksOfSecret)).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: r.MaxConcurrent,
			RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstBackoff, lastBackoff),
		}).
		Complete(r)
}

// Reconcile looks at one network and takes it the next steps towards its declared state.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	network := &v1alpha1.AlumniNetwork{}
	if err := r.Client.Get(ctx, req.NamespacedName, network); err != nil {
		r.Looks.forgetAll(req.NamespacedName)
		r.Notes.forget(req.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if r.Own.Behind(network) {
		return ctrl.Result{RequeueAfter: outcome.Resync}, nil // the event of what was written last asks again, at once
	}
	if !network.DeletionTimestamp.IsZero() {
		return r.finalize(ctx, network) // no child is made any more
	}
	if err := r.keepFinalizer(ctx, network); err != nil {
		return outcome.Fold(err)
	}
	r.Secrets.Watch(network.Namespace)
	first := network.Status.ObservedGeneration <= 0
	if err := r.begin(ctx, network); err != nil {
		return outcome.Fold(err)
	}
	before := network.DeepCopy()
	s := &scope{network: network, now: r.Clock.Now(), first: first, note: r.Notes.about(network)}
	errs := r.run(ctx, s)
	r.judgeUpgrade(s)
	if awaitsTurn(before, errs) {
		return ctrl.Result{RequeueAfter: outcome.Jitter(outcome.Soon)}, nil
	}
	conditions.Summarise(network, network.Components(), errs...)
	tellTrial(network)
	r.keepFacts(s)
	wrote, err := patch.Status(ctx, r.Client, before, network)
	if wrote {
		r.Own.Wrote(network)
		r.tell(network, conditions.Transition(before.Status.Conditions, network, errs...))
	}
	result, err := outcome.Fold(append(errs, err)...)
	for _, next := range []time.Duration{s.nextImport, s.nextBackup, s.nextTurn, s.nextRotation, s.nextFacts, s.nextLook} {
		if err == nil && next > 0 {
			result = outcome.Earlier(result, next)
		}
	}
	return result, err
}

// awaitsTurn says that a network whose store was found in order could not be looked at, for the server is busy with others.
// Nothing is known against the network, so its status stays as it is.
func awaitsTurn(n *v1alpha1.AlumniNetwork, errs []error) bool {
	return conditions.IsTrue(n, v1alpha1.StoreReadyCondition) && slices.ContainsFunc(errs, func(err error) bool {
		var waiting *outcome.Waiting
		return errors.As(err, &waiting) && waiting.Reason == v1alpha1.ReasonAwaitingTurn
	})
}

// begin tells at once that a new network was seen: its first provisioning takes seconds.
func (r *Reconciler) begin(ctx context.Context, network *v1alpha1.AlumniNetwork) error {
	if network.Status.ObservedGeneration > 0 {
		return nil
	}
	before := network.DeepCopy()
	conditions.Begin(network, network.Components())
	wrote, err := patch.Status(ctx, r.Client, before, network)
	if wrote {
		r.Own.Wrote(network)
	}
	return err
}

// run takes the steps to a usable store, and then those of what lives on it.
func (r *Reconciler) run(ctx context.Context, s *scope) []error {
	errs := phases.Run(ctx, s.network, s, r.storePhases())
	if len(errs) > 0 && (s.restoring || !r.served(ctx, s)) {
		phases.Skip(s.network, v1alpha1.StoreReadyCondition, r.servicePhases())
		return errs
	}
	s.storeUsable = len(errs) == 0
	return append(errs, phases.Run(ctx, s.network, s, r.servicePhases())...)
}

func (r *Reconciler) storePhases() []phases.Phase[*scope] {
	return []phases.Phase[*scope]{
		{Name: "find who erases", Condition: v1alpha1.ErasureCoveredCondition, Run: r.findErasers, GoOn: true},
		{Name: "join the company group", Condition: v1alpha1.GroupJoinedCondition, Run: r.joinGroup, GoOn: true},
		{Name: "follow the operator's version", Condition: v1alpha1.UpToDateCondition, Run: r.followRelease},
		{Name: "keep the credentials", Condition: v1alpha1.StoreReadyCondition, Run: r.keepCredentials},
		{Name: "run the store's server", Condition: v1alpha1.StoreReadyCondition, Run: r.runServer},
		{Name: "provision the store", Condition: v1alpha1.StoreReadyCondition, Run: r.provision},
		{Name: "restore the backup", Condition: v1alpha1.RestoredCondition, Run: r.restoreStore},
		{Name: "migrate the schema", Condition: v1alpha1.SchemaReadyCondition, Run: r.migrate},
		{Name: "read the store's aggregates", Condition: v1alpha1.StoreReadyCondition, Run: r.readFacts},
	}
}

func (r *Reconciler) servicePhases() []phases.Phase[*scope] {
	return []phases.Phase[*scope]{
		{Name: "read the holidays", Run: r.readHolidays, GoOn: true},
		{Name: "check the list of staff", Run: r.checkStaff, GoOn: true},
		{Name: "publish the settings", Condition: v1alpha1.PortalAvailableCondition, Run: r.publishSettings},
		{Name: "check the senders", Condition: v1alpha1.ChannelsReadyCondition, Run: r.checkChannels, GoOn: true},
		{Name: "rotate the logins", Run: r.rotateLogins, GoOn: true},
		{Name: "run the portal", Condition: v1alpha1.PortalAvailableCondition, Run: r.runPortal, GoOn: true},
		{Name: "describe the portal to Prometheus", Run: r.describeToPrometheus, GoOn: true},
		{Name: "import the roster", Condition: v1alpha1.RosterSyncedCondition, Run: r.importRoster, GoOn: true},
		{Name: "back up the store", Condition: v1alpha1.BackupHealthyCondition, Run: r.backUp, GoOn: true},
	}
}

// tell sends the event of a transition, if there is one.
func (r *Reconciler) tell(network *v1alpha1.AlumniNetwork, event *conditions.Event) {
	if event != nil {
		r.Recorder.Eventf(network, nil, event.Type, event.Reason, "Reconcile", "%s", event.Message)
	}
}

// applier applies children of networks.
func (r *Reconciler) applier() *apply.Applier {
	return &apply.Applier{Client: r.Client, Live: r.Live, Wrote: r.Own.Wrote}
}
