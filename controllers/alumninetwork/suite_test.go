// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/go-logr/logr"
	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/controllers"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

const (
	operatorNamespace = "alumni-operator-system"
	operatorUser      = "system:serviceaccount:" + operatorNamespace + ":alumni-operator-manager"
	settle            = 60 * time.Second
	beat              = 100 * time.Millisecond
)

func TestMain(m *testing.M) {
	code := kube.RunThen(m, func() {
		if shared.stop != nil {
			shared.stop()
		}
		if workerDir != "" {
			_ = os.RemoveAll(workerDir)
		}
	})
	os.Exit(code)
}

// suite is the operator under test, in a cluster with every controller but no node, run as its own account under the
// very roles that config/rbac ships.
type suite struct {
	*kube.Env
	log *logBuffer
}

var shared struct {
	sync.Once
	suite suite
	stop  func() // ends the operator and waits for it
}

// operator starts the operator once for all tests of the package.
func operator(t *testing.T) suite {
	t.Helper()
	env := kube.StartWithControllers(t)
	shared.Do(func() {
		g := NewWithT(t)
		ctx, cancel := context.WithCancel(context.Background())
		installRoles(ctx, g, env.Client)
		logs := &logBuffer{}
		ctrl.SetLogger(logs.logger())
		cfg := env.ConfigFor(t, operatorUser)
		cfg.QPS, cfg.Burst = controllers.APIRate, controllers.APIBurst
		mgr, err := ctrl.NewManager(cfg, ctrl.Options{
			Scheme: controllers.NewScheme(), Cache: controllers.CacheOptions(), Metrics: server.Options{BindAddress: "0"},
			Logger: logs.logger(),
		})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(controllers.Setup(ctx, mgr, controllers.Options{
			WorkloadImage: "alumni-operator:test", PostgresImage: "postgres:test", ClusterID: "test-cluster", MaxConcurrent: 4,
			Namespace: operatorNamespace, EgressAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		})).To(Succeed())
		var running sync.WaitGroup
		running.Go(func() {
			if err := mgr.Start(ctx); err != nil {
				panic(err)
			}
		})
		running.Go(func() { playKubelet(ctx, env.Client) })
		shared.stop = func() { cancel(); running.Wait() }
		shared.suite = suite{Env: env, log: logs}
	})
	return shared.suite
}

// installRoles installs what config/rbac ships, for the account that the manager runs as.
func installRoles(ctx context.Context, g Gomega, c client.Client) {
	for file, name := range map[string]string{"role.yaml": "alumni-operator-manager", "secrets_role.yaml": "alumni-operator-secrets"} {
		content, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", file))
		g.Expect(err).NotTo(HaveOccurred())
		role := &rbacv1.ClusterRole{}
		g.Expect(yaml.UnmarshalStrict(content, role)).To(Succeed())
		role.Name = name
		g.Expect(c.Create(ctx, role)).To(Succeed())
	}
	g.Expect(c.Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "alumni-operator-manager"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "alumni-operator-manager"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: operatorUser}},
	})).To(Succeed())
}

// bindSecrets is what config/tenant does, for one namespace.
func (s suite) bindSecrets(ctx context.Context, g Gomega, namespace string) {
	g.Expect(s.Client.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "alumni-operator-secrets"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "alumni-operator-secrets"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: operatorUser}},
	})).To(Succeed())
}

// tenant makes a namespace in which the operator may use Secrets.
func (s suite) tenant(ctx context.Context, t *testing.T, g Gomega) string {
	namespace := s.NewNamespace(t)
	s.bindSecrets(ctx, g, namespace)
	return namespace
}

// playKubelet makes pods of portals ready, as a node would. Pods of jobs are left to the tests.
func playKubelet(ctx context.Context, c client.Client) {
	for ; ctx.Err() == nil; time.Sleep(beat) {
		pods := &corev1.PodList{}
		if err := c.List(ctx, pods, client.MatchingLabels{"app.kubernetes.io/component": "portal"}); err != nil {
			continue
		}
		for i := range pods.Items {
			p := &pods.Items[i]
			if p.Status.Phase == corev1.PodRunning || p.DeletionTimestamp != nil || isBroken(ctx, c, p) {
				continue
			}
			p.Status.Phase = corev1.PodRunning
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
			_ = c.Status().Update(ctx, p) // a lost race is tried again
		}
	}
}

// brokenPods is the description of a network whose new pods do not start.
const brokenPods = "broken pods"

func isBroken(ctx context.Context, c client.Client, p *corev1.Pod) bool {
	n := &v1alpha1.AlumniNetwork{}
	err := c.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: p.Labels[labels.Network]}, n)
	return err == nil && n.Spec.Description == brokenPods
}

// quantity is a literal amount.
func quantity(text string) resource.Quantity { return resource.MustParse(text) }

// admins counts the roles made, so that a test can run twice on one server.
var admins atomic.Int64

// adminRole makes a role on the shared server that may create databases and roles and nothing else, and returns the data
// of the Secret that names it.
func adminRole(ctx context.Context, t *testing.T, g Gomega, attributes string) map[string][]byte {
	server := pg.Start(t)
	name, password := "admin_"+strings.ToLower(t.Name()[4:min(len(t.Name()), 30)]), "correct-horse-battery"
	name = strings.NewReplacer("/", "_", " ", "_").Replace(name) + "_" + strconv.FormatInt(admins.Add(1), 10)
	conn, err := pgx.Connect(ctx, server.AdminDSN())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, "CREATE ROLE "+pgx.Identifier{name}.Sanitize()+" LOGIN "+attributes+" PASSWORD '"+password+"'")
	g.Expect(err).NotTo(HaveOccurred())
	return map[string][]byte{
		"host": []byte(server.Host), "port": []byte(strconv.Itoa(server.Port)), "username": []byte(name),
		"password": []byte(password), "sslmode": []byte("disable"),
	}
}

// secret makes a Secret.
func (s suite) secret(ctx context.Context, g Gomega, namespace, name string, data map[string][]byte) *corev1.Secret {
	made := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: data}
	g.Expect(s.Client.Create(ctx, made)).To(Succeed())
	return made
}

// external is a network on an existing server.
func external(namespace, name string, change ...func(*v1alpha1.AlumniNetwork)) *v1alpha1.AlumniNetwork {
	n := &v1alpha1.AlumniNetwork{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.AlumniNetworkSpec{
			DisplayName: "Hoshino Foods Alumni",
			Operator:    v1alpha1.Organisation{Name: "Hoshino Foods", Address: "1-2-3 Ginza, Tokyo", Contact: "privacy@hoshino.example"},
			Portal:      v1alpha1.Portal{PublicURL: "https://alumni.hoshino.example"},
			Store: v1alpha1.Store{
				Type: v1alpha1.StoreExternal, External: &v1alpha1.ExternalStore{AdminSecretRef: v1alpha1.SecretReference{Name: "pg-admin"}},
			},
		},
	}
	for _, c := range change {
		c(n)
	}
	return n
}

// condition waits until a condition of the spec's generation has a status and a reason, and returns its message.
func (s suite) condition(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork, kind string, status metav1.ConditionStatus, reason string) string {
	var message string
	g.Eventually(func(g Gomega) {
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
		for _, c := range n.Status.Conditions {
			if c.Type == kind {
				message = c.Message
				g.Expect(c.ObservedGeneration).To(Equal(n.Generation))
				g.Expect(n.Status.ObservedGeneration).To(Equal(n.Generation))
				g.Expect(string(c.Status)+" "+c.Reason).To(Equal(string(status)+" "+reason), "%s: %s", kind, c.Message)
				return
			}
		}
		g.Expect(n.Status.Conditions).To(ContainElement(HaveField("Type", kind)))
	}, settle, beat).Should(Succeed())
	return message
}

// ready waits until a network is Ready.
func (s suite) ready(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork) {
	s.condition(ctx, g, n, v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	g.Expect(kstatusOf(g, n)).To(Equal(status.CurrentStatus))
}

// gone waits until an object does not exist.
func (s suite) gone(ctx context.Context, g Gomega, obj client.Object) {
	g.Eventually(func() bool {
		return apierrors.IsNotFound(s.Client.Get(ctx, client.ObjectKeyFromObject(obj), obj))
	}, settle, beat).Should(BeTrue())
}

// logBuffer keeps what the operator logs, to be searched for secrets.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logBuffer) logger() logr.Logger {
	return logr.FromSlogHandler(newHandler(l))
}
