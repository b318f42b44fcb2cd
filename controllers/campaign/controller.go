// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/patch"
	"github.com/alumni-operator/alumni-operator/internal/phases"
	"github.com/alumni-operator/alumni-operator/internal/runs"
)

// +kubebuilder:rbac:groups=alumni-operator.io,resources=alumninetworks,verbs=get;list;watch
// +kubebuilder:rbac:groups=alumni-operator.io,resources=campaigns,verbs=get;list;watch
// +kubebuilder:rbac:groups=alumni-operator.io,resources=campaigns/status,verbs=get;patch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=create;delete;get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconciler brings Campaigns to their declared state.
type Reconciler struct {
	Client client.Client
	// Live reads from the API server itself.
	Live client.Reader
	// Recorder tells transitions.
	Recorder events.EventRecorder
	// Ledger reads what became of runs.
	Ledger Ledger
	// Figures shows Prometheus what campaigns did; nil shows nothing.
	Figures *Figures
	// Clock decides what is due.
	Clock clock.PassiveClock
	// Pace spreads the runs of many networks that are due at the same moment.
	Pace *runs.Pace
	// WorkloadImage runs the workers.
	WorkloadImage string
	// EgressAllow lists, with commas between them, what workers may post to although it is not public.
	EgressAllow string
	// MaxConcurrent is the number of campaigns worked on at once.
	MaxConcurrent int
}

// SetupWithManager registers the controller with its watches: its own Jobs and ConfigMaps, the network it
// names, and the ConfigMaps that its texts are read from.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("campaign").
		For(&v1alpha1.Campaign{}).
		Owns(&batchv1.Job{}).
		Owns(&corev1.ConfigMap{}).
		Watches(&v1alpha1.AlumniNetwork{}, handler.EnqueueRequestsFromMapFunc(r.campaignsOfNetwork)).
		Watches(&v1alpha1.Campaign{}, handler.EnqueueRequestsFromMapFunc(r.campaignsThatExclude), builder.WithPredicates(comesOrGoes())).
		Watches(&corev1.ConfigMap{}, handler.EnqueueRequestsFromMapFunc(r.campaignsOfConfigMap)).
		WithOptions(controller.Options{MaxConcurrentReconciles: max(r.MaxConcurrent, 1)}).
		Complete(r)
}

// Reconcile brings one Campaign a step further.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	campaign := &v1alpha1.Campaign{}
	if err := r.Client.Get(ctx, req.NamespacedName, campaign); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !campaign.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil // its Jobs and ConfigMap go by garbage collection; the ledger stays in the store
	}
	before := campaign.DeepCopy()
	s := &scope{campaign: campaign, now: r.Clock.Now()}
	errs := phases.Run(ctx, campaign, s, []phases.Phase[*scope]{
		{Name: "rest what is suspended", Run: r.restRuns},
		{Name: "read the texts", Condition: v1alpha1.ContentValidCondition, Run: r.readTexts},
		{Name: "find the network", Condition: v1alpha1.AudienceResolvedCondition, Run: r.findNetwork},
		{Name: "check the texts", Condition: v1alpha1.ContentValidCondition, Run: r.checkTexts},
		{Name: "check the audience", Condition: v1alpha1.AudienceResolvedCondition, Run: r.checkAudience},
		{Name: "find whom it leaves out", Condition: v1alpha1.AudienceResolvedCondition, Run: r.checkExcluded, GoOn: true},
		{Name: "ask for the holidays", Condition: v1alpha1.AudienceResolvedCondition, Run: r.checkHolidays, GoOn: true},
		{Name: "check the approval", Condition: v1alpha1.ApprovedCondition, Run: r.checkApproval},
		{Name: "read the runs", Condition: v1alpha1.LastRunSucceededCondition, Run: r.readRuns},
		{Name: "keep the schedule", Condition: v1alpha1.ScheduledCondition, Run: r.keepSchedule},
		{Name: "send a run again", Condition: v1alpha1.ScheduledCondition, Run: r.resend},
		{Name: "show a preview", Condition: v1alpha1.ApprovedCondition, Run: r.showPreview},
		{Name: "send a test", Condition: v1alpha1.LastRunSucceededCondition, Run: r.testSend},
	})
	conditions.Summarise(campaign, v1alpha1.CampaignConditions(), errs...)
	wrote, err := patch.Status(ctx, r.Client, before, campaign)
	if event := conditions.Transition(before.Status.Conditions, campaign, errs...); wrote && event != nil {
		r.Recorder.Eventf(campaign, nil, event.Type, event.Reason, "Reconcile", "%s", event.Message)
	}
	result, err := outcome.Fold(append(errs, err)...)
	if err == nil && s.wake > 0 {
		result = outcome.Earlier(result, s.wake)
	}
	return result, err
}

// campaignsOfNetwork maps a network to the campaigns that name it.
func (r *Reconciler) campaignsOfNetwork(ctx context.Context, network client.Object) []ctrl.Request {
	return r.campaigns(ctx, network.GetNamespace(), func(c *v1alpha1.Campaign) bool {
		return c.Spec.NetworkRef.Name == network.GetName()
	})
}

// campaignsThatExclude maps a campaign to those that leave out its recipients.
func (r *Reconciler) campaignsThatExclude(ctx context.Context, other client.Object) []ctrl.Request {
	return r.campaigns(ctx, other.GetNamespace(), func(c *v1alpha1.Campaign) bool {
		return c.Spec.Audience != nil && slices.ContainsFunc(c.Spec.Audience.Exclude, func(x v1alpha1.AudienceExclusion) bool {
			return x.CampaignRef.Name == other.GetName()
		})
	})
}

// comesOrGoes lets only the events pass by which a name begins or ceases to mean something.
func comesOrGoes() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(event.UpdateEvent) bool { return false }}
}

// campaignsOfConfigMap maps a ConfigMap to the campaigns whose texts it holds.
func (r *Reconciler) campaignsOfConfigMap(ctx context.Context, object client.Object) []ctrl.Request {
	return r.campaigns(ctx, object.GetNamespace(), func(c *v1alpha1.Campaign) bool {
		for _, name := range c.ConfigMapNames() {
			if name == object.GetName() {
				return true
			}
		}
		return false
	})
}

func (r *Reconciler) campaigns(ctx context.Context, namespace string, match func(*v1alpha1.Campaign) bool) []ctrl.Request {
	list := &v1alpha1.CampaignList{}
	if err := r.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Listing campaigns")
		return nil
	}
	var requests []ctrl.Request
	for i := range list.Items {
		if match(&list.Items[i]) {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
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

// metaTimePointer is metaTime for a time that may be missing.
func metaTimePointer(t *time.Time) *metav1.Time {
	if t == nil {
		return nil
	}
	return metaTime(*t)
}
