// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"encoding/json"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
)

func TestTheListOfStaffIsToldLineByLineAndReachesThePortalAlone(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "office", func(n *v1alpha1.AlumniNetwork) {
		n.Spec.SignIn = &v1alpha1.SignIn{StaffSecretRef: &v1alpha1.StaffSecretReference{Name: "staff"}}
	})
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	is := func(status metav1.ConditionStatus, reason string, words ...string) {
		t.Helper()
		g.Eventually(func(g Gomega) {
			message := s.condition(ctx, g, n, v1alpha1.StaffListedCondition, status, reason)
			for _, word := range words {
				g.Expect(message).To(ContainSubstring(word))
			}
			canary.Scan(t, "the condition", message)
		}, settle, beat).Should(Succeed())
	}

	is(metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, `spec.signIn.staffSecretRef: Secret "staff" does not exist`)
	s.ready(ctx, g, n) // nobody else waits for it

	deployment := &appsv1.Deployment{}
	g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.Portal("office")}, deployment)).To(Succeed())
	g.Expect(deployment.Spec.Template.Spec.Volumes).To(ContainElement(And(HaveField("Name", "staff"), HaveField("Secret.SecretName", "staff"),
		HaveField("Secret.Items", ConsistOf(corev1.KeyToPath{Key: "staff", Path: settings.StaffFile})))))
	config := &corev1.ConfigMap{}
	g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.NetworkConfig("office")}, config)).To(Succeed())
	var known settings.Network
	g.Expect(json.Unmarshal([]byte(config.Data[settings.NetworkFile]), &known)).To(Succeed())
	g.Expect(known.Console).To(BeTrue())
	canary.Scan(t, "the settings", config)

	secret := s.secret(ctx, g, namespace, "staff", map[string][]byte{"others": []byte(canary.Email)})
	is(metav1.ConditionFalse, v1alpha1.ReasonSecretInvalid, `key "staff" is missing or empty`)
	list := func(text string) {
		t.Helper()
		secret.Data = map[string][]byte{"staff": []byte(text)}
		g.Expect(s.Client.Update(ctx, secret)).To(Succeed())
	}
	list("# the office\n")
	is(metav1.ConditionFalse, v1alpha1.ReasonNobodyListed, "names nobody")
	list(canary.Email + " ProgrammeOwner\n" + canary.NameEn + "\n\n" + canary.Email + "\n")
	is(metav1.ConditionFalse, v1alpha1.ReasonStaffLinesInvalid, `key "staff" of Secret "staff": line 2 begins with no mail address`,
		"; line 4 has no role", "Everybody else on the list may enter: 1")
	list(canary.Email + " ProgrammeOwner\nken@hoshino.example PrivacyOfficer # new\n")
	is(metav1.ConditionTrue, v1alpha1.ReasonStaffListed, "People who may enter the console: 2")
	template := deployment.Spec.Template.DeepCopy()
	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(deployment), deployment)).To(Succeed())
	g.Expect(deployment.Spec.Template).To(Equal(*template), "a changed list restarts nothing")

	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
	n.Spec.SignIn = nil
	g.Expect(s.Client.Update(ctx, n)).To(Succeed())
	g.Eventually(func(g Gomega) {
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
		g.Expect(n.Status.ObservedGeneration).To(Equal(n.Generation))
		g.Expect(n.Status.Conditions).NotTo(ContainElement(HaveField("Type", v1alpha1.StaffListedCondition)))
	}, settle, beat).Should(Succeed())
}
