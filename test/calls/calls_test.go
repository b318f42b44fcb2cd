// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package calls

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/controllers"
	"github.com/alumni-operator/alumni-operator/controllers/alumninetwork"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/kinds"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

var update = flag.Bool("update", false, "write the table anew")

// page holds the table between two marks.
var page = filepath.Join("..", "..", "docs", "calls.md")

func TestMain(m *testing.M) { os.Exit(kube.Run(m)) }

// TestTheOperatorAsksNoMoreThanTheTableSays takes one network through its life, a look at a time.
func TestTheOperatorAsksNoMoreThanTheTableSays(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	w := newWorld(t, g)
	warm := w.declare(ctx, g, "warm") // the caches fill, and the template is made
	w.look(ctx, g, warm)
	w.roll(ctx, g, warm)
	w.look(ctx, g, warm)
	g.Expect(conditions.IsTrue(warm, v1alpha1.ReadyCondition)).To(BeTrue(), "%v", warm.Status.Conditions)

	n := w.declare(ctx, g, "main")
	var rows []row
	count := func(name string) { rows = append(rows, w.count(g, name, func() { w.look(ctx, g, n) })) }
	count("create: first look")
	w.roll(ctx, g, n)
	count("create: the portal has started")
	g.Expect(conditions.IsTrue(n, v1alpha1.ReadyCondition)).To(BeTrue(), "%v", n.Status.Conditions)
	count("no-op: a child has changed")
	w.clock.SetTime(w.clock.Now().Add(5 * time.Minute))
	count("no-op: resync")
	w.clock.SetTime(w.clock.Now().Add(time.Hour))
	count("no-op: resync, once an hour")
	w.edit(ctx, g, n, func(spec *v1alpha1.AlumniNetworkSpec) { spec.DisplayName = "Another name" })
	count("edit of what the portal shows: first look")
	w.roll(ctx, g, n)
	count("edit of what the portal shows: the portal has started")
	w.clock.SetTime(w.clock.Now().Add(4 * time.Minute))
	w.edit(ctx, g, n, func(spec *v1alpha1.AlumniNetworkSpec) { spec.Portal.Replicas = new(int32(3)) })
	count("edit of the replicas: first look")
	w.roll(ctx, g, n)
	count("edit of the replicas: the portal has started")
	g.Expect(w.env.Client.Delete(ctx, n)).To(Succeed())
	g.Eventually(func() error { return w.reconciler.Client.Get(ctx, client.ObjectKeyFromObject(n), n.DeepCopy()) }).ShouldNot(Succeed())
	rows = append(rows, w.count(g, "delete", func() {
		_, err := w.reconciler.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(n)})
		g.Expect(err).NotTo(HaveOccurred())
	}))

	compare(t, g, table(rows))
}

// world is a reconciler that looks when it is told to, between counted sides.
type world struct {
	env        *kube.Env
	server     *pg.Server
	namespace  string
	clock      *clocktesting.FakePassiveClock
	reconciler *alumninetwork.Reconciler
	calls      *calls
}

func newWorld(t *testing.T, g Gomega) *world {
	ctrllog.SetLogger(logr.Discard())
	env, server := kube.Start(t), pg.New(t)
	w := &world{env: env, server: server, namespace: env.NewNamespace(t), clock: clocktesting.NewFakePassiveClock(time.Now()), calls: &calls{}}
	w.exec(t.Context(), g, "CREATE ROLE platform LOGIN CREATEDB CREATEROLE PASSWORD 'correct-horse-battery'",
		"ALTER SYSTEM SET log_statement TO 'all'", "ALTER SYSTEM SET log_connections TO on", "SELECT pg_reload_conf()")
	g.Expect(env.Client.Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "pg-admin"},
		Data: map[string][]byte{"host": []byte(server.Host), "port": []byte(strconv.Itoa(server.Port)), "username": []byte("platform"),
			"password": []byte("correct-horse-battery"), "sslmode": []byte("disable")},
	})).To(Succeed())
	cfg := rest.CopyConfig(env.Config)
	cfg.QPS, cfg.Burst = controllers.APIRate, controllers.APIBurst
	cfg.Wrap(w.calls.around)
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: controllers.NewScheme(), Cache: controllers.CacheOptions(), Metrics: metricsserver.Options{BindAddress: "0"}, Logger: logr.Discard(),
	})
	g.Expect(err).NotTo(HaveOccurred())
	names, err := metadata.NewForConfig(cfg)
	g.Expect(err).NotTo(HaveOccurred())
	api, err := discovery.NewDiscoveryClientForConfig(cfg)
	g.Expect(err).NotTo(HaveOccurred())
	secrets := secretwatch.New(names, func(context.Context, string) (bool, error) { return true, nil })
	g.Expect(mgr.Add(secrets)).To(Succeed())
	w.reconciler = &alumninetwork.Reconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Recorder: events.NewFakeRecorder(100), Clock: w.clock, ClusterID: "calls",
		Secrets: secrets, Notes: alumninetwork.NewNotes(secrets),
		WorkloadImage: "alumni-operator:test", PostgresImage: "postgres:test", Kinds: kinds.New(api, w.clock),
		Budget: dbconn.NewBudget(controllers.DefaultStoreConnections), Looks: alumninetwork.NewLooks(w.clock), MaxConcurrent: 1,
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := mgr.Start(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	return w
}

func (w *world) exec(ctx context.Context, g Gomega, statements ...string) {
	conn, err := pgx.Connect(ctx, w.server.AdminDSN())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(ctx) }()
	for _, s := range statements {
		_, err := conn.Exec(ctx, s)
		g.Expect(err).NotTo(HaveOccurred(), s)
	}
}

func (w *world) declare(ctx context.Context, g Gomega, name string) *v1alpha1.AlumniNetwork {
	n := &v1alpha1.AlumniNetwork{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec: v1alpha1.AlumniNetworkSpec{
			DisplayName: "Counted", Portal: v1alpha1.Portal{PublicURL: "https://counted.example"},
			Operator: v1alpha1.Organisation{Name: "Counted K.K.", Address: "1-2-3 Mihon-cho", Contact: "desk@counted.example"},
			Store: v1alpha1.Store{Type: v1alpha1.StoreExternal,
				External: &v1alpha1.ExternalStore{AdminSecretRef: v1alpha1.SecretReference{Name: "pg-admin"}}},
		},
	}
	g.Expect(w.env.Client.Create(ctx, n)).To(Succeed())
	w.settle(ctx, g, n)
	return n
}

func (w *world) edit(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork, change func(*v1alpha1.AlumniNetworkSpec)) {
	g.Expect(w.env.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
	change(&n.Spec)
	g.Expect(w.env.Client.Update(ctx, n)).To(Succeed())
	w.settle(ctx, g, n)
}

// look reconciles once. An error is an outcome that the next look mends, as when a portal is not there yet.
func (w *world) look(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork) {
	_, err := w.reconciler.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(n)})
	g.Expect(err).NotTo(HaveOccurred())
	w.settle(ctx, g, n)
	g.Expect(w.env.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
}

// settle waits until the cache, and the watch of Secrets after the first look, know what was written.
func (w *world) settle(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork) {
	same := func(g Gomega, live, cached client.Object, key client.ObjectKey) {
		if err := w.env.Client.Get(ctx, key, live); err != nil {
			return
		}
		g.Expect(w.reconciler.Client.Get(ctx, key, cached)).To(Succeed())
		g.Expect(cached.GetResourceVersion()).To(Equal(live.GetResourceVersion()))
	}
	key := client.ObjectKeyFromObject(n)
	portal := client.ObjectKey{Namespace: n.Namespace, Name: naming.Portal(n.Name)}
	g.Eventually(func(g Gomega) {
		same(g, &v1alpha1.AlumniNetwork{}, &v1alpha1.AlumniNetwork{}, key)
		same(g, &appsv1.Deployment{}, &appsv1.Deployment{}, portal)
		same(g, &corev1.Service{}, &corev1.Service{}, portal)
		for _, name := range []string{naming.NetworkConfig(n.Name), naming.StoreEndpoint(n.Name)} {
			same(g, &corev1.ConfigMap{}, &corev1.ConfigMap{}, client.ObjectKey{Namespace: n.Namespace, Name: name})
		}
		if w.reconciler.Secrets.Namespaces() == 0 {
			return
		}
		secrets := &corev1.SecretList{}
		g.Expect(w.env.Client.List(ctx, secrets, client.InNamespace(w.namespace))).To(Succeed())
		for i := range secrets.Items {
			version, _ := w.reconciler.Secrets.Version(client.ObjectKeyFromObject(&secrets.Items[i]))
			g.Expect(version).To(Equal(secrets.Items[i].ResourceVersion))
		}
	}, 30*time.Second, 20*time.Millisecond).Should(Succeed())
}

// roll says that every replica of the portal serves, as Kubernetes would.
func (w *world) roll(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork) {
	d := &appsv1.Deployment{}
	g.Expect(w.env.Client.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: naming.Portal(n.Name)}, d)).To(Succeed())
	replicas := *d.Spec.Replicas
	d.Status = appsv1.DeploymentStatus{
		ObservedGeneration: d.Generation, Replicas: replicas, UpdatedReplicas: replicas, ReadyReplicas: replicas, AvailableReplicas: replicas,
	}
	g.Expect(w.env.Client.Status().Update(ctx, d)).To(Succeed())
	w.settle(ctx, g, n)
}

// row is one line of the table.
type row struct {
	name                       string
	reads, writes              map[string]int // by verb and resource
	sessions, messages, writer int
}

// count counts both sides while work is done.
func (w *world) count(g Gomega, name string, work func()) row {
	w.mark(g, "the count begins: "+name)
	w.calls.take()
	work()
	r := row{name: name}
	r.reads, r.writes = w.calls.take()
	w.mark(g, "the count ends: "+name)
	content, err := os.ReadFile(w.server.LogFile())
	g.Expect(err).NotTo(HaveOccurred())
	_, text, _ := strings.Cut(string(content), "LOG:  the count begins: "+name)
	text, _, _ = strings.Cut(text, "LOG:  the count ends: "+name)
	for line := range strings.SplitSeq(text, "\n") {
		if strings.Contains(line, "postgres@postgres") {
			continue // the marks themselves
		}
		if strings.Contains(line, "connection authorized") {
			r.sessions++
		}
	}
	for _, match := range message.FindAllStringSubmatch(text, -1) {
		if match[1] == "postgres@postgres" {
			continue
		}
		r.messages++
		if verb := strings.ToUpper(match[2]); verb != "SELECT" && verb != "WITH" {
			r.writer++
		}
	}
	return r
}

// message is one message with SQL in the server's log: by whom, and its first word.
var message = regexp.MustCompile(`(?m)^[^\n]*\] (\S+@\S+) LOG:  (?:statement|execute [^:]*):\s(?:\s*--[^\n]*\n)*\s*(\w+)`)

// mark writes a line into the server's log, and waits until it stands there.
func (w *world) mark(g Gomega, text string) {
	w.exec(context.Background(), g, "DO $$ BEGIN RAISE LOG '"+text+"'; END $$")
	g.Eventually(func() (string, error) {
		content, err := os.ReadFile(w.server.LogFile())
		return string(content), err
	}, 10*time.Second, 20*time.Millisecond).Should(ContainSubstring("LOG:  " + text))
}

// calls counts requests by verb and resource, without watches and what fills the caches.
type calls struct {
	mu            sync.Mutex
	reads, writes map[string]int
}

func (c *calls) take() (reads, writes map[string]int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	reads, writes = c.reads, c.writes
	c.reads, c.writes = map[string]int{}, map[string]int{}
	return reads, writes
}

func (c *calls) around(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		if !req.URL.Query().Has("watch") {
			c.mu.Lock()
			where := c.writes
			if req.Method == http.MethodGet {
				where = c.reads
			}
			if where != nil {
				where[req.Method+" "+resource(req.URL.Path)]++
			}
			c.mu.Unlock()
		}
		return next.RoundTrip(req)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// resource is what a path is about: the kind's plural, with its subresource.
func resource(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if at := slices.Index(parts, "namespaces"); at >= 0 && len(parts) > at+2 {
		text := parts[at+2]
		if len(parts) > at+4 {
			text += "/" + parts[at+4]
		}
		return text
	}
	return "kinds of " + strings.TrimPrefix(strings.Join(parts, "/"), "apis/")
}

func table(rows []row) string {
	var text strings.Builder
	text.WriteString("| what | API reads | API writes | SQL sessions | SQL messages | of them not reads |\n|---|---|---|---|---|---|\n")
	for _, r := range rows {
		_, _ = fmt.Fprintf(&text, "| %s | %d | %d | %d | %d | %d |\n", r.name, sum(r.reads), sum(r.writes), r.sessions, r.messages, r.writer)
	}
	text.WriteString("\nThe requests to the API server:\n\n")
	for _, r := range rows {
		if len(r.reads)+len(r.writes) > 0 {
			_, _ = fmt.Fprintf(&text, "- %s: %s\n", r.name, strings.Join(append(list(r.writes), list(r.reads)...), ", "))
		}
	}
	return text.String()
}

func sum(counts map[string]int) int {
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}

func list(counts map[string]int) []string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%d %s", counts[key], key))
	}
	return all
}

const (
	begins = "<!-- table: go test ./test/calls -update -->\n"
	ends   = "<!-- end of table -->\n"
)

// compare holds the table against the page, or writes it there.
func compare(t *testing.T, g Gomega, found string) {
	content, err := os.ReadFile(page)
	g.Expect(err).NotTo(HaveOccurred())
	before, rest, ok := strings.Cut(string(content), begins)
	g.Expect(ok).To(BeTrue(), "%s has lost the mark before its table", page)
	kept, after, ok := strings.Cut(rest, ends)
	g.Expect(ok).To(BeTrue(), "%s has lost the mark after its table", page)
	if *update {
		g.Expect(os.WriteFile(page, []byte(before+begins+"\n"+found+"\n"+ends+after), 0o644)).To(Succeed())
		return
	}
	if strings.TrimSpace(kept) != strings.TrimSpace(found) {
		t.Errorf("the calls differ from %s; if that is meant, run go test ./test/calls -update and say why\nwanted:\n%s\nfound:\n%s", page, kept, found)
	}
}
