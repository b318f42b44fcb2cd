// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
)

func TestNetworksOfAGroupListEachOtherAcrossNamespaces(t *testing.T) {
	g, ctx, s := NewWithT(t), t.Context(), operator(t)
	grouped := func(namespace, name string) *v1alpha1.AlumniNetwork {
		n := external(namespace, name, func(n *v1alpha1.AlumniNetwork) { n.Spec.Group = "hoshino" })
		g.Expect(s.Client.Create(ctx, n)).To(Succeed())
		return n
	}
	label := func(namespace string) {
		ns := &corev1.Namespace{}
		g.Expect(s.Client.Get(ctx, client.ObjectKey{Name: namespace}, ns)).To(Succeed())
		ns.Labels["alumni-operator.io/group"] = "hoshino"
		g.Expect(s.Client.Update(ctx, ns)).To(Succeed())
	}
	foods, trade, stranger := s.NewNamespace(t), s.NewNamespace(t), s.NewNamespace(t)
	label(foods)
	label(trade)
	a, b, outsider := grouped(foods, "alumni"), grouped(trade, "alumni"), grouped(stranger, "alumni")

	lists := func(n *v1alpha1.AlumniNetwork, namespaces ...string) {
		t.Helper()
		g.Eventually(func(g Gomega) {
			g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
			g.Expect(n.Status.Group).NotTo(BeNil())
			found := []string{}
			for _, m := range n.Status.Group.Networks {
				g.Expect(m).To(Equal(v1alpha1.GroupMember{Namespace: m.Namespace, Name: "alumni",
					DisplayName: "Hoshino Foods Alumni", URL: "https://alumni.hoshino.example"}))
				found = append(found, m.Namespace)
			}
			g.Expect(found).To(ConsistOf(namespaces))
		}, settle, beat).Should(Succeed())
	}
	lists(a, trade)
	lists(b, foods)
	message := s.condition(ctx, g, outsider, v1alpha1.GroupJoinedCondition, metav1.ConditionFalse, v1alpha1.ReasonNamespaceNotInGroup)
	g.Expect(message).To(ContainSubstring("alumni-operator.io/group=hoshino"))
	g.Expect(outsider.Status.Group).To(BeNil(), "whoever only says so learns nothing")

	g.Expect(s.Client.Delete(ctx, b)).To(Succeed())
	lists(a)

	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(a), a)).To(Succeed())
	a.Spec.Group = ""
	g.Expect(s.Client.Update(ctx, a)).To(Succeed())
	g.Eventually(func(g Gomega) {
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(a), a)).To(Succeed())
		g.Expect(a.Status.Group).To(BeNil())
		g.Expect(a.Status.Conditions).NotTo(ContainElement(HaveField("Type", v1alpha1.GroupJoinedCondition)))
	}, settle, beat).Should(Succeed())
}
