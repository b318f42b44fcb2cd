// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"

	"github.com/alumni-operator/alumni-operator/controllers"
	"github.com/alumni-operator/alumni-operator/internal/broadcast"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/rollout"
)

// defaultPostgresImage runs Standalone stores where neither network nor flag names an image.
const defaultPostgresImage = "postgres:17.7"

// MaxLogLevel is the finest level that may be asked for. Beyond it, client-go logs the bodies of requests, and with them
// what Secrets hold.
const MaxLogLevel = 5

// Options are the flags of the manager.
type Options struct {
	WorkloadImage  string
	PostgresImage  string
	ClusterID      string
	MaxConcurrent  int
	StoreSessions  int
	APIRate        int
	Rollout        rollout.Stages
	EgressAllow    []netip.Prefix
	LeaderElection bool
	LeaseNamespace string
	MetricsAddress string
	MetricsSecure  bool
	MetricsCertDir string
	HealthAddress  string
	LogLevel       int
	Kubeconfig     string

	// Pod is the manager's own, as its Deployment tells it; it says which image is the operator's own.
	PodNamespace, PodName string
}

// Parse reads flags; the environment gives the image that the Deployment runs.
func Parse(args []string, env func(string) string) (Options, error) {
	o := Options{PodNamespace: env("POD_NAMESPACE"), PodName: env("POD_NAME")}
	f := flag.NewFlagSet("manager", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.WorkloadImage, "workload-image", env("ALUMNI_IMAGE"), "`image` of portal, workers and boot program (environment ALUMNI_IMAGE); the manager's own when empty")
	f.StringVar(&o.PostgresImage, "postgres-image", defaultPostgresImage, "`image` of Standalone stores that name none")
	f.StringVar(&o.ClusterID, "cluster-id", "", "`name` of this cluster in the claims of databases; the UID of namespace kube-system when empty")
	f.IntVar(&o.MaxConcurrent, "max-concurrent-reconciles", controllers.DefaultConcurrency, "`number` of objects of each kind that are worked on at once")
	f.IntVar(&o.StoreSessions, "store-connections", controllers.DefaultStoreConnections, "`number` of sessions on one database server at most, all its networks together")
	f.IntVar(&o.APIRate, "kube-api-qps", controllers.APIRate, "`number` of requests to the API server a second at most; twice as many may come at once")
	stages := f.String("rollout", rollout.Default, "`stages` in which an upgrade of the operator reaches the networks: numbers or shares of all; 100% for all at once")
	egress := f.String("egress-allow", "", "`prefixes` and addresses, with commas between, that posts to webhooks may reach although they are not public; none when empty")
	f.BoolVar(&o.LeaderElection, "leader-elect", false, "let one of several replicas work at a time")
	f.StringVar(&o.LeaseNamespace, "leader-election-namespace", "", "`namespace` of the lease; the manager's own when empty")
	f.StringVar(&o.MetricsAddress, "metrics-bind-address", ":8080", "`address` of the metrics; 0 for none")
	f.BoolVar(&o.MetricsSecure, "metrics-secure", false, "serve metrics over TLS")
	f.StringVar(&o.MetricsCertDir, "metrics-cert-dir", "", "`folder` with tls.crt and tls.key for the metrics; self-signed when empty")
	f.StringVar(&o.HealthAddress, "health-probe-bind-address", ":8081", "`address` of /healthz and /readyz")
	f.IntVar(&o.LogLevel, "v", 0, "`level` of the log: 0 changes, 1 decisions, 4 detail")
	f.StringVar(&o.Kubeconfig, "kubeconfig", "", "`file` to reach the cluster with; the pod's own account when empty")
	if err := f.Parse(args); err != nil {
		return o, usage(f, err)
	}
	var err error
	if o.Rollout, err = rollout.Parse(*stages); err != nil {
		return o, usage(f, fmt.Errorf("--rollout: %w", err))
	}
	if o.EgressAllow, err = broadcast.ParseAllow(*egress); err != nil {
		return o, usage(f, fmt.Errorf("--egress-allow: %w", err))
	}
	switch {
	case f.NArg() > 0:
		return o, usage(f, errors.New("the manager takes flags only"))
	case o.WorkloadImage == "" && o.PodName == "":
		return o, usage(f, errors.New("--workload-image is needed outside a cluster"))
	case o.LogLevel < 0 || o.LogLevel > MaxLogLevel:
		return o, usage(f, fmt.Errorf("--v must be from 0 to %d: finer levels would log what Secrets hold", MaxLogLevel))
	case o.MaxConcurrent < 1 || o.MaxConcurrent > 100:
		return o, usage(f, errors.New("--max-concurrent-reconciles must be from 1 to 100"))
	case o.StoreSessions < dbconn.LeastBudget || o.StoreSessions > 1000:
		return o, usage(f, fmt.Errorf("--store-connections must be from %d to 1000", dbconn.LeastBudget))
	case o.APIRate < 10 || o.APIRate > 10000:
		return o, usage(f, errors.New("--kube-api-qps must be from 10 to 10000"))
	}
	return o, nil
}

// usage says what is wrong and lists the flags.
func usage(f *flag.FlagSet, err error) error {
	var text usageText
	f.SetOutput(&text)
	f.PrintDefaults()
	if errors.Is(err, flag.ErrHelp) {
		return fmt.Errorf("usage of manager:\n%s", text)
	}
	return fmt.Errorf("%w\nusage of manager:\n%s", err, text)
}

type usageText string

func (u *usageText) Write(p []byte) (int, error) {
	*u += usageText(p)
	return len(p), nil
}
