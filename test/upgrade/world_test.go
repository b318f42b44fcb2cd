// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package upgrade

import (
	"context"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/controllers"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/rollout"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

const (
	settle = 90 * time.Second
	beat   = 100 * time.Millisecond
)

func TestMain(m *testing.M) { os.Exit(kube.Run(m)) }

// world is a cluster with some networks on one database server.
type world struct {
	*testing.T
	env       *kube.Env
	server    *pg.Server
	namespace string
	kubelet   *kubelet
	stop      func() // ends the operator
}

func newWorld(t *testing.T) *world {
	ctrllog.SetLogger(logr.Discard())
	g, env, server := NewWithT(t), kube.StartWithControllers(t), pg.New(t)
	w := &world{T: t, env: env, server: server, namespace: env.NewNamespace(t), kubelet: &kubelet{client: env.Client}}
	w.exec("postgres", "CREATE ROLE platform LOGIN CREATEDB CREATEROLE PASSWORD 'correct-horse-battery'")
	g.Expect(env.Client.Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "pg-admin"},
		Data: map[string][]byte{"host": []byte(server.Host), "port": []byte(strconv.Itoa(server.Port)), "username": []byte("platform"),
			"password": []byte("correct-horse-battery"), "sslmode": []byte("disable")},
	})).To(Succeed())
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.kubelet.run(ctx) })
	t.Cleanup(func() {
		if w.stop != nil {
			w.stop()
		}
		cancel()
		running.Wait()
	})
	return w
}

// install replaces the operator by one of a version.
func (w *world) install(version, stages string) {
	g := NewWithT(w)
	if w.stop != nil {
		w.stop()
	}
	cfg := rest.CopyConfig(w.env.Config)
	cfg.QPS, cfg.Burst = controllers.APIRate, controllers.APIBurst
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: controllers.NewScheme(), Cache: controllers.CacheOptions(), Metrics: metricsserver.Options{BindAddress: "0"},
		Logger: logr.Discard(), Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	})
	g.Expect(err).NotTo(HaveOccurred())
	parsed, err := rollout.Parse(stages)
	g.Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(context.Background())
	g.Expect(controllers.Setup(ctx, mgr, controllers.Options{
		WorkloadImage: version, PostgresImage: "postgres:test", ClusterID: "upgraded", MaxConcurrent: 4, Rollout: parsed,
	})).To(Succeed())
	var running sync.WaitGroup
	running.Go(func() {
		if err := mgr.Start(ctx); err != nil {
			w.Error(err)
		}
	})
	w.stop = func() { cancel(); running.Wait() }
}

// declare makes a network.
func (w *world) declare(name string) {
	NewWithT(w).Expect(w.env.Client.Create(w.Context(), &v1alpha1.AlumniNetwork{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec: v1alpha1.AlumniNetworkSpec{
			DisplayName: "Upgraded", Portal: v1alpha1.Portal{PublicURL: "https://upgraded.example"},
			Operator: v1alpha1.Organisation{Name: "Upgraded K.K.", Address: "1-2-3 Mihon-cho", Contact: "desk@upgraded.example"},
			Store: v1alpha1.Store{Type: v1alpha1.StoreExternal,
				External: &v1alpha1.ExternalStore{AdminSecretRef: v1alpha1.SecretReference{Name: "pg-admin"}}},
		},
	})).To(Succeed())
}

// change edits a network.
func (w *world) change(name string, edit func(*v1alpha1.AlumniNetwork)) {
	NewWithT(w).Eventually(func() error {
		n := w.network(name)
		edit(n)
		return w.env.Client.Update(w.Context(), n)
	}, settle, beat).Should(Succeed())
}

func (w *world) network(name string) *v1alpha1.AlumniNetwork {
	n := &v1alpha1.AlumniNetwork{}
	NewWithT(w).Expect(w.env.Client.Get(w.Context(), client.ObjectKey{Namespace: w.namespace, Name: name}, n)).To(Succeed())
	return n
}

// standing is what UpToDate says of a network, and the image of its portal.
func (w *world) standing(g Gomega, name string) (reason, image string) {
	d := &appsv1.Deployment{}
	g.Expect(w.env.Client.Get(w.Context(), client.ObjectKey{Namespace: w.namespace, Name: naming.Portal(name)}, d)).To(Succeed())
	if c := conditions.Get(w.network(name), v1alpha1.UpToDateCondition); c != nil {
		reason = c.Reason
	}
	return reason, d.Spec.Template.Spec.Containers[0].Image
}

// becomes waits until networks stand as told, with a portal of an image.
func (w *world) becomes(reason, image string, names ...string) {
	w.Helper()
	NewWithT(w).Eventually(func(g Gomega) {
		for _, name := range names {
			gotReason, gotImage := w.standing(g, name)
			g.Expect(name + " " + gotReason + " " + gotImage).To(Equal(name + " " + reason + " " + image))
		}
	}, settle, beat).Should(Succeed())
}

// exec runs statements as the server's superuser.
func (w *world) exec(database string, statements ...string) {
	g := NewWithT(w)
	conn, err := pgx.Connect(w.Context(), w.server.DSN("postgres", w.server.Password, database))
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(context.Background()) }()
	for _, s := range statements {
		_, err := conn.Exec(w.Context(), s)
		g.Expect(err).NotTo(HaveOccurred(), s)
	}
}

// kubelet makes pods of portals ready, but for those of one network and image.
type kubelet struct {
	client client.Client

	mu             sync.Mutex
	network, image string
}

// withhold keeps the pods of a network with an image from starting; with empty names it lets all start.
func (k *kubelet) withhold(network, image string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.network, k.image = network, image
}

func (k *kubelet) starts(p *corev1.Pod) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return p.Labels[labels.Network] != k.network || p.Spec.Containers[0].Image != k.image
}

func (k *kubelet) run(ctx context.Context) {
	for ; ctx.Err() == nil; time.Sleep(beat) {
		pods := &corev1.PodList{}
		if err := k.client.List(ctx, pods, client.MatchingLabels{"app.kubernetes.io/component": "portal"}); err != nil {
			continue
		}
		for i := range pods.Items {
			p := &pods.Items[i]
			if p.Status.Phase == corev1.PodRunning || p.DeletionTimestamp != nil || !k.starts(p) {
				continue
			}
			p.Status.Phase = corev1.PodRunning
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
			_ = k.client.Status().Update(ctx, p) // a lost race is tried again
		}
	}
}
