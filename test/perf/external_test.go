// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package perf_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/jackc/pgx/v5"
	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/controllers"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

const (
	// perNamespace is how many networks share a namespace, as the companies of one group would.
	perNamespace = 10
	// The goals with a thousand networks on one server.
	scriptRatioGoal  = 1.5
	networkMemGoal   = 32 << 10
	afterRestartGoal = 5 * time.Second
)

// fromEnvironment is a number of at least perNamespace.
func fromEnvironment(b *testing.B, key string, usual int) int {
	text := os.Getenv(key)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < perNamespace {
		b.Fatalf("%s must be a number of at least %d", key, perNamespace)
	}
	return n
}

// BenchmarkExternal is many networks on one External server: a real API server, a real PostgreSQL that writes through to
// its disk, and the operator; pods only say that they run. Beside it a script makes the same databases, roles and grants
// with psql, from a template, on a server of its own.
func BenchmarkExternal(b *testing.B) {
	ctrllog.SetLogger(logr.Discard())
	n, m := fromEnvironment(b, "ALUMNI_BENCH_NETWORKS", 1000), fromEnvironment(b, "ALUMNI_BENCH_DATABASES", 1000)
	env := kube.Start(b)
	for range b.N {
		reference := newScript(b)
		reference.make(m / 2) // half before and half after, for other work on a shared machine comes and goes
		f := newFleet(b, env, n)
		first := f.operate()
		f.warmUp()
		atRest := settledHeap()
		first.requests.take()
		begun := time.Now()
		f.declare()
		f.awaitReady(n+1, 40*time.Minute)
		took := time.Since(begun)
		made := first.requests.take()
		first.stop()
		reference.make(m - m/2)
		each, eachByScript := took.Seconds()*1000/float64(n), reference.took.Seconds()*1000/float64(m)
		ratio := each / eachByScript
		b.Logf("%d networks Ready after %.1f s, %.0f ms each; %d databases by the script %.1f s, %.0f ms each; ratio of each %.2f (goal %.1f)",
			n, took.Seconds(), each, m, reference.took.Seconds(), eachByScript, ratio, scriptRatioGoal)
		b.Logf("requests to the API: %.1f reads and %.1f writes for each network", float64(made.reads)/float64(n), float64(made.writes)/float64(n))

		f.measureRestart(atRest)
		b.ReportMetric(took.Seconds(), "s/all-ready")
		b.ReportMetric(reference.took.Seconds(), "s/script")
		b.ReportMetric(ratio, "ratio")
	}
}

// measureRestart starts the operator anew over all networks, declares one more, and watches what is written while every
// network is looked at once.
func (f *fleet) measureRestart(atRest uint64) {
	b := f.b
	time.Sleep(2 * time.Second) // the last writes of the operator that was stopped have reached the log
	mark := f.logged()
	looked := reconciles(b)
	again := f.operate()
	begun := time.Now()
	one := f.network(f.namespaces[0], "one-more")
	if err := f.env.Client.Create(b.Context(), one); err != nil {
		b.Fatal(err)
	}
	await(b, f.env.Client, one, func() bool { return isReady(one) })
	newOne := time.Since(begun)
	withNew, sqlNew := again.requests.take(), f.writesSince(mark)
	for reconciles(b)-looked < f.n && time.Since(begun) < 20*time.Minute {
		time.Sleep(200 * time.Millisecond)
	}
	all := time.Since(begun)
	time.Sleep(2 * time.Second)
	b.Logf("after a restart over %d networks a new one is Ready after %.2f s (goal %s), with %d API writes and %d SQL writes in that time",
		f.n, newOne.Seconds(), afterRestartGoal, withNew.writes, sqlNew)
	settled := f.logged()
	rest := again.requests.take()
	b.Logf("all %d networks looked at after %.1f s, %.0f ms each: %.1f API reads each, %d API writes, %d SQL writes",
		f.n, all.Seconds(), all.Seconds()*1000/float64(f.n), float64(rest.reads)/float64(f.n), rest.writes, f.writesBetween(settled, mark)-sqlNew)
	per := (float64(settledHeap()) - float64(atRest)) / float64(f.n)
	b.Logf("memory of the manager: %.1f KiB for each network with its children (goal %d)", per/1024, networkMemGoal>>10)
	if profile := os.Getenv("ALUMNI_BENCH_HEAP"); profile != "" {
		writeHeap(b, profile)
	}
	again.stop()
	b.ReportMetric(per/1024, "KiB/network")
	b.ReportMetric(newOne.Seconds(), "s/new-after-restart")
	b.ReportMetric(float64(rest.writes), "API-writes-at-rest")
}

// fleet is many networks on one server.
type fleet struct {
	b          *testing.B
	env        *kube.Env
	server     *pg.Server
	n          int
	namespaces []string
	ready      *readiness
}

func newFleet(b *testing.B, env *kube.Env, n int) *fleet {
	f := &fleet{b: b, env: env, server: durable(b), n: n}
	execOn(b, f.server, "ALTER SYSTEM SET log_statement TO 'mod'", "SELECT pg_reload_conf()",
		"CREATE ROLE platform LOGIN CREATEDB CREATEROLE PASSWORD 'correct-horse-battery'")
	for range (n + perNamespace - 1) / perNamespace {
		namespace := env.NewNamespace(b)
		f.namespaces = append(f.namespaces, namespace)
		admin := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "pg-admin"}, Data: map[string][]byte{
			"host": []byte(f.server.Host), "port": []byte(strconv.Itoa(f.server.Port)), "username": []byte("platform"),
			"password": []byte("correct-horse-battery"), "sslmode": []byte("disable"),
		}}
		if err := env.Client.Create(b.Context(), admin); err != nil {
			b.Fatal(err)
		}
	}
	f.ready = watchNetworks(b, env)
	fakePods(b, env)
	return f
}

// durable is a server that loses nothing when it crashes, unlike those of other tests.
func durable(b *testing.B) *pg.Server {
	server := pg.New(b)
	execOn(b, server, "ALTER SYSTEM SET fsync TO on", "ALTER SYSTEM SET synchronous_commit TO on", "ALTER SYSTEM SET full_page_writes TO on",
		"ALTER SYSTEM SET log_statement TO 'none'", "SELECT pg_reload_conf()")
	return server
}

func execOn(b *testing.B, server *pg.Server, statements ...string) {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), server.AdminDSN())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close(b.Context()) }()
	for _, s := range statements {
		if _, err := conn.Exec(b.Context(), s); err != nil {
			b.Fatalf("%s: %v", s, err)
		}
	}
}

func (f *fleet) network(namespace, name string) *v1alpha1.AlumniNetwork {
	return &v1alpha1.AlumniNetwork{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.AlumniNetworkSpec{
			DisplayName: "Measured " + name, Portal: v1alpha1.Portal{PublicURL: "https://" + name + ".measured.example"},
			Operator: v1alpha1.Organisation{Name: "Measured K.K.", Address: "1-2-3 Mihon-cho", Contact: "desk@measured.example"},
			Store: v1alpha1.Store{
				Type: v1alpha1.StoreExternal, External: &v1alpha1.ExternalStore{AdminSecretRef: v1alpha1.SecretReference{Name: "pg-admin"}},
			},
		},
	}
}

// warmUp declares one network, whose template the others copy, as those of the script copy one that is there.
func (f *fleet) warmUp() {
	one := f.network(f.namespaces[0], "the-first")
	if err := f.env.Client.Create(f.b.Context(), one); err != nil {
		f.b.Fatal(err)
	}
	await(f.b, f.env.Client, one, func() bool { return isReady(one) })
}

// declare applies all networks as a pipeline would: at once.
func (f *fleet) declare() {
	for i := range f.n {
		if err := f.env.Client.Create(f.b.Context(), f.network(f.namespaces[i/perNamespace], fmt.Sprintf("company-%04d", i))); err != nil {
			f.b.Fatal(err)
		}
	}
}

func (f *fleet) awaitReady(n int, within time.Duration) {
	for deadline := time.Now().Add(within); f.ready.count() < n; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.b.Fatalf("%d of %d networks are Ready after %s", f.ready.count(), n, within)
		}
	}
}

// logged is how much the server has logged.
func (f *fleet) logged() int64 {
	info, err := os.Stat(f.server.LogFile())
	if err != nil {
		f.b.Fatal(err)
	}
	return info.Size()
}

// writesSince counts statements that change anything: the server logs no others.
func (f *fleet) writesSince(mark int64) int { return f.writesBetween(f.logged(), mark) }

func (f *fleet) writesBetween(end, begin int64) int {
	content, err := os.ReadFile(f.server.LogFile())
	if err != nil {
		f.b.Fatal(err)
	}
	text := string(content[begin:end])
	return strings.Count(text, "LOG:  statement:") + strings.Count(text, "LOG:  execute ")
}

// operated is one life of the operator.
type operated struct {
	requests *requests
	stop     func()
}

func (f *fleet) operate() operated {
	cfg := rest.CopyConfig(f.env.Config)
	counted := &requests{}
	cfg.QPS, cfg.Burst = controllers.APIRate, controllers.APIBurst
	cfg.DisableCompression = true
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return counted.around(next) })
	ctx, cancel := context.WithCancel(context.Background())
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: controllers.NewScheme(), Cache: controllers.CacheOptions(), Metrics: metricsserver.Options{BindAddress: "0"},
		Logger: logr.Discard(), Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	})
	if err != nil {
		f.b.Fatal(err)
	}
	if err := controllers.Setup(ctx, mgr, controllers.Options{
		WorkloadImage: "alumni-operator:perf", PostgresImage: "postgres:perf", ClusterID: "perf", MaxConcurrent: controllers.DefaultConcurrency,
	}); err != nil {
		f.b.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		if err := mgr.Start(ctx); err != nil {
			f.b.Error(err)
		}
	})
	if !mgr.GetCache().WaitForCacheSync(ctx) {
		f.b.Fatal("the caches did not fill")
	}
	return operated{requests: counted, stop: func() { cancel(); running.Wait() }}
}

// requests counts what a client asks of the API server, without its watches.
type requests struct{ reads, writes atomic.Int64 }

type requestCounts struct{ reads, writes int64 }

func (r *requests) take() requestCounts { return requestCounts{r.reads.Swap(0), r.writes.Swap(0)} }

func (r *requests) around(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		switch {
		case req.Method != http.MethodGet:
			r.writes.Add(1)
		case !req.URL.Query().Has("watch"):
			r.reads.Add(1)
		}
		return next.RoundTrip(req)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func isReady(n *v1alpha1.AlumniNetwork) bool {
	return apimeta.IsStatusConditionTrue(n.Status.Conditions, v1alpha1.ReadyCondition)
}

// settledHeap is what the process holds when nothing is left to collect.
func settledHeap() uint64 {
	var stats runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc + stats.StackInuse
}
