// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"net/netip"
	"reflect"
	"unique"

	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/controllers/alumninetwork"
	"github.com/alumni-operator/alumni-operator/controllers/campaign"
	"github.com/alumni-operator/alumni-operator/controllers/retentionpolicy"
	"github.com/alumni-operator/alumni-operator/internal/broadcast"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/echo"
	"github.com/alumni-operator/alumni-operator/internal/kinds"
	ourlabels "github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/rollout"
	"github.com/alumni-operator/alumni-operator/internal/runs"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
	"github.com/alumni-operator/alumni-operator/internal/storeread"
)

const (
	// APIRate is the number of requests a second that the reconcilers may send to the API server, when no flag says it. It
	// stops a loop gone wrong; how many the server can bear it says itself, by API Priority and Fairness.
	APIRate = 300
	// APIBurst is how many of them may come at once.
	APIBurst = 2 * APIRate
	// DefaultConcurrency is the number of objects of each kind that are worked on at once, when no flag says it.
	DefaultConcurrency = 4
	// DefaultStoreConnections is how many sessions the operator has at most on one database server.
	DefaultStoreConnections = 10
)

// Options are what all reconcilers share.
type Options struct {
	// WorkloadImage is the image of portal, workers and boot program.
	WorkloadImage string
	// PostgresImage runs Standalone stores that name no image.
	PostgresImage string
	// ClusterID is part of the claim in each database; it must stay the same as long as the cluster lives.
	ClusterID string
	// Namespace is where the operator runs; empty when it runs outside the cluster.
	Namespace string
	// StoreConnections bounds the operator's sessions on one database server, all networks on it together; 0 means
	// DefaultStoreConnections.
	StoreConnections int
	// EgressAllow lists what posts may be sent to although it is not public.
	EgressAllow []netip.Prefix
	// MaxConcurrent is the number of objects of each kind that are worked on at once.
	MaxConcurrent int
	// Rollout bounds how many networks an upgrade of the operator reaches at once; nil means rollout.Default.
	Rollout rollout.Stages
	// Clock tells the time of schedules; nil means the machine's own.
	Clock clock.PassiveClock
}

// NewScheme knows the kinds of Kubernetes and ours.
func NewScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(s); err != nil {
			panic(err) // two kinds of one name: a mistake in the program itself
		}
	}
	return s
}

// CacheOptions keep only our own children in memory, and no Secret at all.
func CacheOptions() cache.Options {
	ours := cache.ByObject{Label: labels.SelectorFromSet(ourlabels.Managed())}
	return cache.Options{
		DefaultTransform: slim,
		ByObject: map[client.Object]cache.ByObject{
			&appsv1.Deployment{}:                     ours,
			&appsv1.StatefulSet{}:                    ours,
			&autoscalingv2.HorizontalPodAutoscaler{}: ours,
			&batchv1.Job{}:                           ours,
			&corev1.ConfigMap{}:                      {Transform: onlyOurData},
			&corev1.PersistentVolumeClaim{}:          ours,
			&corev1.Pod{}:                            {Label: ours.Label, Transform: onlyPodState},
			&corev1.Service{}:                        ours,
			&networkingv1.Ingress{}:                  ours,
			&networkingv1.NetworkPolicy{}:            ours,
			&policyv1.PodDisruptionBudget{}:          ours,
		},
	}
}

// onlyPodState drops what a pod is made of: of pods the cache needs to know only whose they are and how they fare.
func onlyPodState(obj any) (any, error) {
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return obj, nil
	}
	return &corev1.Pod{
		TypeMeta: pod.TypeMeta,
		ObjectMeta: metav1.ObjectMeta{
			Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion,
			Labels: sharedMap(pod.Labels), DeletionTimestamp: pod.DeletionTimestamp,
		},
		Status: corev1.PodStatus{
			Phase: pod.Status.Phase, Reason: pod.Status.Reason, Conditions: pod.Status.Conditions,
			InitContainerStatuses: pod.Status.InitContainerStatuses, ContainerStatuses: pod.Status.ContainerStatuses,
		},
	}, nil
}

// onlyOurData drops what the ConfigMaps of other people hold: of these the cache needs to know only that they changed.
func onlyOurData(obj any) (any, error) {
	config, ok := obj.(*corev1.ConfigMap)
	if ok && config.Labels[ourlabels.ManagedBy] != ourlabels.Manager {
		config.Data, config.BinaryData = nil, nil
	}
	return slim(obj)
}

// slim drops who wrote which field, and keeps one copy of the texts that all our children share: labels and owners are a
// third of what a cached child weighs.
func slim(obj any) (any, error) {
	o, ok := obj.(client.Object)
	if !ok {
		return obj, nil
	}
	o.SetManagedFields(nil)
	o.SetNamespace(shared(o.GetNamespace()))
	o.SetLabels(sharedMap(o.GetLabels()))
	owners := o.GetOwnerReferences()
	for i := range owners {
		ref := &owners[i]
		ref.APIVersion, ref.Kind, ref.Name, ref.UID = shared(ref.APIVersion), shared(ref.Kind), shared(ref.Name), types.UID(shared(string(ref.UID)))
	}
	o.SetOwnerReferences(owners)
	switch child := obj.(type) {
	case *appsv1.Deployment:
		child.Spec.Template.Labels = sharedMap(child.Spec.Template.Labels)
		shareSelector(child.Spec.Selector)
		shareTexts(reflect.ValueOf(&child.Spec.Template.Spec))
	case *v1alpha1.AlumniNetwork:
		shareTexts(reflect.ValueOf(child.Status.Conditions))
	case *corev1.Service:
		child.Spec.Selector = sharedMap(child.Spec.Selector)
	case *policyv1.PodDisruptionBudget:
		shareSelector(child.Spec.Selector)
	case *networkingv1.NetworkPolicy:
		shareSelector(&child.Spec.PodSelector)
	}
	return obj, nil
}

func shareSelector(s *metav1.LabelSelector) {
	if s != nil {
		s.MatchLabels = sharedMap(s.MatchLabels)
	}
}

// shareTexts keeps one copy of each text in a pod's spec or in conditions: those of all networks say nearly the same.
func shareTexts(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			shareTexts(v.Elem())
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			if field.CanSet() {
				shareTexts(field)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			shareTexts(v.Index(i))
		}
	case reflect.String:
		v.SetString(shared(v.String()))
	default: // a map of them is small
	}
}

func shared(s string) string { return unique.Make(s).Value() }

func sharedMap(m map[string]string) map[string]string {
	if len(m) == 0 {
		return m
	}
	own := make(map[string]string, len(m))
	for k, v := range m {
		own[shared(k)] = shared(v)
	}
	return own
}

// Setup registers every reconciler with the manager.
func Setup(ctx context.Context, mgr ctrl.Manager, opts Options) error {
	if opts.Clock == nil {
		opts.Clock = clock.RealClock{}
	}
	names, err := metadata.NewForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return fmt.Errorf("set up the watch of Secrets: %w", err)
	}
	if opts.StoreConnections == 0 {
		opts.StoreConnections = DefaultStoreConnections
	}
	if opts.Rollout == nil {
		if opts.Rollout, err = rollout.Parse(rollout.Default); err != nil {
			return fmt.Errorf("set up the rollout: %w", err)
		}
	}
	budget := dbconn.NewBudget(opts.StoreConnections)
	secrets := secretwatch.New(names, inUse(mgr.GetClient()))
	if err := mgr.Add(secrets); err != nil {
		return fmt.Errorf("set up the watch of Secrets: %w", err)
	}
	api, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return fmt.Errorf("set up the look-up of kinds: %w", err)
	}
	pace := runs.NewPace()
	fleet := &alumninetwork.Rollout{Client: mgr.GetClient(), Clock: opts.Clock, Image: opts.WorkloadImage, Stages: opts.Rollout}
	figures := campaign.NewFigures(opts.Clock)
	if err := show(fleet, figures); err != nil {
		return err
	}
	networks := &alumninetwork.Reconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Secrets: secrets, Recorder: mgr.GetEventRecorder("alumninetwork"),
		Clock: opts.Clock, ClusterID: opts.ClusterID, WorkloadImage: opts.WorkloadImage, PostgresImage: opts.PostgresImage,
		Namespace: opts.Namespace, Kinds: kinds.New(api, opts.Clock), Budget: budget, Looks: alumninetwork.NewLooks(opts.Clock),
		Notes: alumninetwork.NewNotes(secrets), Own: echo.New(), Pace: pace,
		MaxConcurrent: opts.MaxConcurrent, Rollout: fleet, EgressAllow: opts.EgressAllow,
	}
	if err := networks.SetupWithManager(ctx, mgr); err != nil {
		return fmt.Errorf("set up alumninetwork: %w", err)
	}
	stores := storeread.Store{Live: mgr.GetAPIReader(), Budget: budget}
	campaigns := &campaign.Reconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Recorder: mgr.GetEventRecorder("campaign"), Ledger: stores, Figures: figures, Pace: pace,
		Clock: opts.Clock, WorkloadImage: opts.WorkloadImage, MaxConcurrent: opts.MaxConcurrent,
		EgressAllow: broadcast.FormatAllow(opts.EgressAllow),
	}
	if err := campaigns.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up campaign: %w", err)
	}
	policies := &retentionpolicy.Reconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Recorder: mgr.GetEventRecorder("retentionpolicy"), Evidence: stores, Pace: pace,
		Secrets: secrets, Clock: opts.Clock, ClusterID: opts.ClusterID, WorkloadImage: opts.WorkloadImage, MaxConcurrent: opts.MaxConcurrent,
	}
	if err := policies.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up retentionpolicy: %w", err)
	}
	return nil
}

// show lets Prometheus read collectors.
func show(collectors ...prometheus.Collector) error {
	for _, c := range collectors {
		metrics.Registry.Unregister(c) // that of a manager that ran in this process before
		if err := metrics.Registry.Register(c); err != nil {
			return fmt.Errorf("set up the metrics of the operator: %w", err)
		}
	}
	return nil
}

// inUse says whether a namespace holds an object of a kind that refers to Secrets.
func inUse(c client.Reader) secretwatch.InUse {
	return func(ctx context.Context, namespace string) (bool, error) {
		networks := &v1alpha1.AlumniNetworkList{}
		if err := c.List(ctx, networks, client.InNamespace(namespace), client.Limit(1)); err != nil || len(networks.Items) > 0 {
			return len(networks.Items) > 0, err
		}
		policies := &v1alpha1.RetentionPolicyList{}
		err := c.List(ctx, policies, client.InNamespace(namespace), client.Limit(1))
		return len(policies.Items) > 0, err
	}
}
