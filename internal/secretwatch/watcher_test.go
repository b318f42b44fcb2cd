// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package secretwatch_test

import (
	"context"
	"os"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

const (
	settle = 60 * time.Second
	beat   = 50 * time.Millisecond
	user   = "watcher"
)

// finish ends the watchers of all tests before the control plane.
var (
	background, finish = context.WithCancel(context.Background())
	admitted           atomic.Bool
)

func TestMain(m *testing.M) { os.Exit(kube.RunThen(m, finish)) }

// watching starts a watcher of its own with nothing but the rights that allow grants.
func watching(t *testing.T, g Gomega, env *kube.Env) (*secretwatch.Watcher, workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	names, err := metadata.NewForConfig(env.ConfigFor(t, user))
	g.Expect(err).NotTo(HaveOccurred())
	w := secretwatch.New(names, func(context.Context, string) (bool, error) { return true, nil })
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	source := w.Source(func(_ context.Context, secret types.NamespacedName) []reconcile.Request {
		return []reconcile.Request{{NamespacedName: secret}}
	})
	g.Expect(source.Start(background, queue)).To(Succeed())
	go func() { _ = w.Start(background) }()
	return w, queue
}

// allow lets the watcher see the Secrets of one namespace, as config/tenant does.
func allow(ctx context.Context, g Gomega, env *kube.Env, namespace string) {
	if admitted.CompareAndSwap(false, true) {
		g.Expect(env.Client.Create(ctx, &rbacv1.ClusterRole{
			ObjectMeta: metav1.ObjectMeta{Name: "watch-secrets"},
			Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get", "list", "watch"}}},
		})).To(Succeed())
	}
	g.Expect(env.Client.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "watch-secrets"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "watch-secrets"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	})).To(Succeed())
}

func secret(namespace, name string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string][]byte{"password": []byte("x")}}
}

func TestEveryChangeOfASecretIsToldAndOtherNamespacesAreNotWatched(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	env := kube.Start(t)
	mine, other := env.NewNamespace(t), env.NewNamespace(t)
	allow(ctx, g, env, mine)
	allow(ctx, g, env, other)
	w, queue := watching(t, g, env)
	w.Watch(mine)
	w.Watch(mine)
	g.Expect(w.Namespaces()).To(Equal(1))

	s := secret(mine, "smtp")
	next := func() types.NamespacedName {
		request, _ := queue.Get()
		queue.Done(request)
		return request.NamespacedName
	}
	g.Expect(env.Client.Create(ctx, secret(other, "unseen"))).To(Succeed())
	g.Expect(env.Client.Create(ctx, s)).To(Succeed())
	g.Eventually(next, settle, beat).Should(Equal(client.ObjectKeyFromObject(s)))
	s.Data["password"] = []byte("y")
	g.Expect(env.Client.Update(ctx, s)).To(Succeed())
	g.Eventually(next, settle, beat).Should(Equal(client.ObjectKeyFromObject(s)))
	g.Expect(env.Client.Delete(ctx, s)).To(Succeed())
	g.Eventually(next, settle, beat).Should(Equal(client.ObjectKeyFromObject(s)))
	g.Expect(queue.Len()).To(BeZero())
}

func TestTheVersionOfASecretIsKnownWhileItsNamespaceIsWatched(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	env := kube.Start(t)
	bound, closed := env.NewNamespace(t), env.NewNamespace(t)
	allow(ctx, g, env, bound)
	w, _ := watching(t, g, env)
	w.Watch(bound)
	w.Watch(closed)
	s, unseen := secret(bound, "smtp"), secret(closed, "smtp")
	g.Expect(env.Client.Create(ctx, s)).To(Succeed())
	g.Expect(env.Client.Create(ctx, unseen)).To(Succeed())
	version := func() string {
		version, known := w.Version(client.ObjectKeyFromObject(s))
		if !known {
			return "unknown"
		}
		return version
	}

	g.Eventually(version, settle, beat).Should(Equal(s.ResourceVersion))
	s.Data["password"] = []byte("y")
	g.Expect(env.Client.Update(ctx, s)).To(Succeed())
	g.Eventually(version, settle, beat).Should(Equal(s.ResourceVersion))
	for _, other := range []types.NamespacedName{client.ObjectKeyFromObject(unseen), {Namespace: bound, Name: "other"}, {Namespace: "other", Name: "smtp"}} {
		_, known := w.Version(other)
		g.Expect(known).To(BeFalse(), other.String())
	}
	g.Expect(env.Client.Delete(ctx, s)).To(Succeed())
	g.Eventually(version, settle, beat).Should(Equal("unknown"))
}

func TestANamespaceThatIsBoundLaterIsFoundWithoutARestart(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	env := kube.Start(t)
	namespace := env.NewNamespace(t)
	w, queue := watching(t, g, env)
	w.Watch(namespace)
	g.Expect(env.Client.Create(ctx, secret(namespace, "smtp"))).To(Succeed())
	g.Consistently(queue.Len, time.Second, beat).Should(BeZero())

	allow(ctx, g, env, namespace)

	g.Eventually(queue.Len, settle, beat).Should(Equal(1))
}

func TestReadingTellsWhatIsWrongAndNeverWhatASecretHolds(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	env := kube.Start(t)
	open, closed := env.NewNamespace(t), env.NewNamespace(t)
	allow(ctx, g, env, open)
	live, err := client.New(env.ConfigFor(t, user), client.Options{Scheme: env.Scheme})
	g.Expect(err).NotTo(HaveOccurred())
	for _, namespace := range []string{open, closed} {
		made := secret(namespace, "smtp")
		made.Data = map[string][]byte{"password": []byte("canary-password"), "username": nil}
		g.Expect(env.Client.Create(ctx, made)).To(Succeed())
	}
	cases := map[string]struct {
		namespace, name string
		keys            []string
		reason          string
		message         string
	}{
		"all there":           {open, "smtp", []string{"password"}, "", ""},
		"no such Secret":      {open, "nothing", nil, v1alpha1.ReasonSecretNotFound, `Secret "nothing" does not exist`},
		"an empty key":        {open, "smtp", []string{"username"}, v1alpha1.ReasonSecretInvalid, `key "username" is missing or empty`},
		"a missing key":       {open, "smtp", []string{"ca.crt"}, v1alpha1.ReasonSecretInvalid, `key "ca.crt" is missing or empty`},
		"no right":            {closed, "smtp", nil, v1alpha1.ReasonSecretsForbidden, "-k config/tenant"},
		"no right, no Secret": {closed, "nothing", nil, v1alpha1.ReasonSecretsForbidden, "-k config/tenant"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := secretwatch.Read(ctx, live, types.NamespacedName{Namespace: c.namespace, Name: c.name}, c.keys...)
			if c.reason == "" {
				g.Expect(err).NotTo(HaveOccurred())
				return
			}
			reason, message := outcome.Describe(err, "")
			g.Expect(reason).To(Equal(c.reason))
			g.Expect(message).To(ContainSubstring(c.message))
			g.Expect(err.Error()).NotTo(ContainSubstring("canary-password"))
		})
	}
}
