// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"encoding/json"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

func TestHolidaysAreFollowedFromTheirListToTheWorkers(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "alumni", func(n *v1alpha1.AlumniNetwork) {
		n.Spec.QuietHours = &v1alpha1.QuietHours{From: "21:00", Until: "08:00", HolidaysFrom: &v1alpha1.ConfigMapKeyReference{Name: "holidays", Key: "jp"}}
	})
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	published := func(dates ...any) {
		t.Helper()
		g.Eventually(func(g Gomega) {
			config := &corev1.ConfigMap{}
			g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.NetworkConfig("alumni")}, config)).To(Succeed())
			var known settings.Network
			g.Expect(json.Unmarshal([]byte(config.Data[settings.NetworkFile]), &known)).To(Succeed())
			g.Expect(known.QuietHours.Holidays).To(HaveExactElements(dates))
		}, settle, beat).Should(Succeed())
	}
	is := func(status metav1.ConditionStatus, reason string) string {
		t.Helper()
		return s.condition(ctx, g, n, v1alpha1.HolidaysReadyCondition, status, reason)
	}

	g.Expect(is(metav1.ConditionFalse, v1alpha1.ReasonConfigMapNotFound)).To(ContainSubstring("ConfigMap holidays does not exist"))
	s.condition(ctx, g, n, v1alpha1.SchemaReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonMigrated)

	far := time.Now().AddDate(1, 0, 0).Format(time.DateOnly)
	list := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "holidays"}, Data: map[string]string{"jp": "2026-11-23 # 勤労感謝の日\n" + far}}
	g.Expect(s.Client.Create(ctx, list)).To(Succeed())
	g.Expect(is(metav1.ConditionTrue, v1alpha1.ReasonHolidaysRead)).To(Equal("2 holidays until " + far))
	published("2026-11-23", far)

	list.Data["jp"] = "2026-11-23\n23.12.2026 canary\n"
	g.Expect(s.Client.Update(ctx, list)).To(Succeed())
	message := is(metav1.ConditionFalse, v1alpha1.ReasonConfigMapInvalid)
	g.Expect(message).To(And(ContainSubstring("spec.quietHours.holidaysFrom: key jp of ConfigMap holidays: line 2 is no date"), Not(ContainSubstring("canary"))))
	published("2026-11-23", far)

	list.Data["jp"] = "2026-11-23"
	g.Expect(s.Client.Update(ctx, list)).To(Succeed())
	g.Expect(is(metav1.ConditionTrue, v1alpha1.ReasonHolidaysEnding)).To(ContainSubstring("ends on 2026-11-23"))
	published("2026-11-23")

	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
	n.Spec.QuietHours.HolidaysFrom = nil
	g.Expect(s.Client.Update(ctx, n)).To(Succeed())
	g.Eventually(func(g Gomega) {
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
		g.Expect(n.Status.ObservedGeneration).To(Equal(n.Generation))
		g.Expect(n.Status.Conditions).NotTo(ContainElement(HaveField("Type", v1alpha1.HolidaysReadyCondition)))
	}, settle, beat).Should(Succeed())
	published()
	s.ready(ctx, g, n)
}
