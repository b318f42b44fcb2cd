// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"context"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// withMail declares a sender with credentials.
func withMail(n *v1alpha1.AlumniNetwork) {
	n.Spec.Channels = &v1alpha1.Channels{Email: &v1alpha1.EmailChannel{
		Host: "smtp.hoshino.example", FromAddress: "alumni@hoshino.example",
		CredentialsSecretRef: &v1alpha1.SecretReference{Name: "smtp"},
	}}
}

func TestPodsRestartWhenTheyMustAndOnlyThen(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main", withMail)
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	message := s.condition(ctx, g, n, v1alpha1.ChannelsReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)
	g.Expect(message).To(ContainSubstring("smtp"))
	mail := s.secret(ctx, g, namespace, "smtp", map[string][]byte{"username": []byte("alumni"), "password": []byte("canary-mail-1")})
	s.ready(ctx, g, n)
	hash := s.configHash(ctx, g, namespace)

	t.Run("a note on the Secret restarts nothing", func(t *testing.T) {
		g := NewWithT(t)
		mail.Annotations = map[string]string{"example.com/rotated-by": "nobody"}
		g.Expect(s.Client.Update(ctx, mail)).To(Succeed())
		g.Consistently(func() string { return s.configHash(ctx, g, namespace) }, "3s", beat).Should(Equal(hash))
	})
	t.Run("a roster section restarts nothing", func(t *testing.T) {
		g := NewWithT(t)
		s.change(ctx, g, n, withRoster)
		s.condition(ctx, g, n, v1alpha1.RosterSyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonClaimNotFound)
		g.Expect(s.configHash(ctx, g, namespace)).To(Equal(hash))
	})
	t.Run("a new password restarts, and the digest does not tell it", func(t *testing.T) {
		g := NewWithT(t)
		mail.Data["password"] = []byte("canary-mail-2")
		g.Expect(s.Client.Update(ctx, mail)).To(Succeed())
		g.Eventually(func() string { return s.configHash(ctx, g, namespace) }, settle, beat).ShouldNot(Equal(hash))
		hash = s.configHash(ctx, g, namespace)
		s.holdsNoSecret(ctx, g, namespace, "canary-mail-2")
	})
	t.Run("a new name of the network restarts", func(t *testing.T) {
		g := NewWithT(t)
		s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.DisplayName = "Hoshino Family"; n.Spec.Roster = nil })
		g.Eventually(func() string { return s.configHash(ctx, g, namespace) }, settle, beat).ShouldNot(Equal(hash))
		s.ready(ctx, g, n)
	})
}

func TestAPodThatCannotStartIsExplained(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)

	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Description = brokenPods // the pods of this roll do not start
	})
	g.Eventually(func(g Gomega) {
		for _, p := range s.portalPods(ctx, g, namespace) {
			if p.Status.Phase != corev1.PodRunning {
				p.Status.ContainerStatuses = []corev1.ContainerStatus{{
					Name: "portal", Image: "alumni-operator:test",
					State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}},
				}}
				g.Expect(s.Client.Status().Update(ctx, &p)).To(Succeed())
				return
			}
		}
		g.Expect("a new pod").To(BeEmpty())
	}, settle, beat).Should(Succeed())

	message := s.condition(ctx, g, n, v1alpha1.PortalAvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonPodTrouble)
	g.Expect(message).To(Equal(`container "portal": its image "alumni-operator:test" cannot be pulled`))

	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.Description = "" })
	s.ready(ctx, g, n)
}

func TestEventsTellTransitionsOnly(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)
	for range 5 {
		s.poke(ctx, g, n)
	}
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	s.ready(ctx, g, n)

	reasons := func() []string {
		events := &eventsv1.EventList{}
		g.Expect(s.Client.List(ctx, events, client.InNamespace(namespace))).To(Succeed())
		var all []string
		for i := range events.Items {
			if events.Items[i].Regarding.Kind == "AlumniNetwork" {
				all = append(all, events.Items[i].Reason)
			}
		}
		return all
	}
	g.Eventually(reasons, settle, beat).Should(ContainElement(v1alpha1.ReasonReady))
	g.Expect(reasons()).To(ConsistOf(v1alpha1.ReasonSecretNotFound, v1alpha1.ReasonReady))
}

func (s suite) configHash(ctx context.Context, g Gomega, namespace string) string {
	d := &appsv1.Deployment{}
	g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.Portal("main")}, d)).To(Succeed())
	return d.Spec.Template.Annotations[labels.ConfigHash]
}

func (s suite) portalPods(ctx context.Context, g Gomega, namespace string) []corev1.Pod {
	pods := &corev1.PodList{}
	g.Expect(s.Client.List(ctx, pods, client.InNamespace(namespace), client.MatchingLabels(labels.Selector("main", labels.Portal)))).To(Succeed())
	return pods.Items
}
