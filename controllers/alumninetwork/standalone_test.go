// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/apply"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/resources/store"
)

// standalone is a network with a server of its own.
func standalone(n *v1alpha1.AlumniNetwork) { n.Spec.Store = v1alpha1.Store{} }

func TestAStandaloneServerIsMadeUnderTheRestrictedLevelAndItsVolumeOutlivesIt(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	n := external(namespace, "main", standalone)
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonServerNotReady)

	pod := &corev1.Pod{} // the namespace enforces Pod Security level restricted: this pod was admitted
	g.Eventually(func() error {
		return s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.StoreServer("main") + "-0"}, pod)
	}, settle, beat).Should(Succeed())
	pod.Status.InitContainerStatuses = []corev1.ContainerStatus{{
		Name: "boot", Image: "alumni-operator:test", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull"}},
	}}
	g.Expect(s.Client.Status().Update(ctx, pod)).To(Succeed())
	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonPodTrouble)

	g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
	s.gone(ctx, g, n)
	s.gone(ctx, g, &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: naming.StoreServer("main")}})
	s.gone(ctx, g, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: naming.DatabaseSecret("main", naming.RoleOwner)}})
	for _, kept := range []client.Object{
		&corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: naming.StoreClaim("main")}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: naming.AdminSecret("main")}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: naming.PepperSecret("main")}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: naming.TokenKeySecret("main")}},
	} {
		kept.SetNamespace(namespace)
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(kept), kept)).To(Succeed())
		g.Expect(kept.GetOwnerReferences()).To(BeEmpty())
		g.Expect(kept.GetDeletionTimestamp()).To(BeNil())
	}
}

func TestANewOperatorAloneDoesNotRestartADatabase(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	n := external(namespace, "main", standalone)
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonServerNotReady)

	// What the version before this one would have applied.
	older, _ := store.Desired(store.Input{Network: n, Image: "alumni-operator:older", PostgresImage: "postgres:test"})
	g.Expect((&apply.Applier{Client: s.Client, Live: s.Client}).Apply(ctx, n, older)).To(Succeed())
	bootImage := func() string {
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(older), older)).To(Succeed())
		return store.BootImage(older)
	}
	s.poke(ctx, g, n)
	g.Consistently(bootImage, "3s", beat).Should(Equal("alumni-operator:older"))

	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Store.Standalone = &v1alpha1.StandaloneStore{Image: "postgres:newer"}
	})
	g.Eventually(bootImage, settle, beat).Should(Equal("alumni-operator:test"))
}

func TestAVolumeOfSomebodyElseIsNotTaken(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.claim(ctx, g, namespace, naming.StoreClaim("main"))
	n := external(namespace, "main", standalone)
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	message := s.condition(ctx, g, n, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonNotOwned)
	g.Expect(message).To(ContainSubstring("PersistentVolumeClaim " + namespace + "/main-db-data"))
}

func TestResourcesThatTheServerRefusesAreToldByField(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main", func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Portal.Resources = &corev1.ResourceRequirements{
			Requests: corev1.ResourceList{"memory": quantity("2Gi")}, Limits: corev1.ResourceList{"memory": quantity("1Gi")},
		}
	})
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	message := s.condition(ctx, g, n, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonInvalidSpec)
	g.Expect(message).To(And(ContainSubstring("Deployment"), ContainSubstring("resources.requests")))

	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.Portal.Resources = nil })
	s.ready(ctx, g, n)
}
