// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/alumni-operator/alumni-operator/controllers"
	"github.com/alumni-operator/alumni-operator/internal/version"
)

const (
	// leaseName is the lease that replicas compete for.
	leaseName = "manager.alumni-operator.io"
	// reconcileLimit ends a loop that hangs. A first provisioning with its migrations fits.
	reconcileLimit = 6 * time.Minute
	// stopLimit is the time that loops have to end after SIGTERM, below the pod's grace period.
	stopLimit = 20 * time.Second
)

// Run starts the manager and returns when the context has ended.
func Run(ctx context.Context, o Options) error {
	logger := logr.FromSlogHandler(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.Level(-o.LogLevel)}))
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
	cfg, err := restConfig(o)
	if err != nil {
		return fmt.Errorf("start the manager: %w", err)
	}
	mgr, err := ctrl.NewManager(cfg, managerOptions(o))
	if err != nil {
		return fmt.Errorf("start the manager: %w", err)
	}
	if err := complete(ctx, mgr.GetAPIReader(), &o); err != nil {
		return fmt.Errorf("start the manager: %w", err)
	}
	if err := controllers.Setup(ctx, mgr, controllers.Options{
		WorkloadImage: o.WorkloadImage, PostgresImage: o.PostgresImage, ClusterID: o.ClusterID, MaxConcurrent: o.MaxConcurrent,
		StoreConnections: o.StoreSessions, Namespace: o.PodNamespace, Rollout: o.Rollout, EgressAllow: o.EgressAllow,
	}); err != nil {
		return fmt.Errorf("start the manager: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("start the manager: %w", err)
	}
	if err := mgr.AddReadyzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("start the manager: %w", err)
	}
	logger.Info("Starting the manager", "version", version.String(), "workloadImage", o.WorkloadImage, "postgresImage", o.PostgresImage)
	return mgr.Start(ctx)
}

func managerOptions(o Options) ctrl.Options {
	return ctrl.Options{
		Scheme:                        controllers.NewScheme(),
		Cache:                         controllers.CacheOptions(),
		LeaderElection:                o.LeaderElection,
		LeaderElectionID:              leaseName,
		LeaderElectionNamespace:       o.LeaseNamespace,
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       ptr.To(stopLimit),
		HealthProbeBindAddress:        o.HealthAddress,
		Metrics: metricsserver.Options{
			BindAddress: o.MetricsAddress, SecureServing: o.MetricsSecure, CertDir: o.MetricsCertDir,
		},
		Controller: config.Controller{
			MaxConcurrentReconciles: o.MaxConcurrent,
			ReconciliationTimeout:   reconcileLimit,
			RecoverPanic:            ptr.To(true),
		},
	}
}

// restConfig reaches the cluster with a given file, or as the pod's own account, or as kubectl would.
func restConfig(o Options) (*rest.Config, error) {
	cfg, err := ctrl.GetConfig()
	if o.Kubeconfig != "" {
		cfg, err = clientcmd.BuildConfigFromFlags("", o.Kubeconfig)
	}
	if err != nil {
		return nil, fmt.Errorf("read the cluster's address: %w", err)
	}
	cfg.UserAgent, cfg.QPS, cfg.Burst = version.UserAgent(), float32(o.APIRate), 2*o.APIRate
	cfg.DisableCompression = true // each of many watches would keep a buffer to unpack with
	return cfg, nil
}

// complete asks the cluster for what no flag says: its identity, and the image of this very pod.
func complete(ctx context.Context, live client.Reader, o *Options) error {
	if o.ClusterID == "" {
		ns := &corev1.Namespace{}
		// The UID of the namespace that every cluster has and none can lose.
		if err := live.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, ns); err != nil {
			return fmt.Errorf("read the cluster's identity: %w; or give --cluster-id", err)
		}
		o.ClusterID = string(ns.UID)
	}
	if o.WorkloadImage == "" {
		pod := &corev1.Pod{}
		if err := live.Get(ctx, client.ObjectKey{Namespace: o.PodNamespace, Name: o.PodName}, pod); err != nil {
			return fmt.Errorf("read the image of this pod: %w; or give --workload-image", err)
		}
		o.WorkloadImage = imageOf(pod)
	}
	return nil
}

// imageOf is the image of the manager's container: the one of that name, or else the first.
func imageOf(pod *corev1.Pod) string {
	for i := range pod.Spec.Containers {
		if pod.Spec.Containers[i].Name == "manager" {
			return pod.Spec.Containers[i].Image
		}
	}
	if len(pod.Spec.Containers) > 0 {
		return pod.Spec.Containers[0].Image
	}
	return ""
}
