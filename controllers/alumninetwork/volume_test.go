// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"context"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

func TestAVolumeGrowsWhenALargerSizeIsDeclared(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	n, claim := s.standaloneOn(ctx, t, g, "growing", true)
	s.condition(ctx, g, n, v1alpha1.VolumeSizedCondition, metav1.ConditionTrue, v1alpha1.ReasonLargeEnough)

	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.Store.Standalone.StorageSize = ptr.To(quantity("8Gi")) })
	message := s.condition(ctx, g, n, v1alpha1.VolumeSizedCondition, metav1.ConditionFalse, v1alpha1.ReasonGrowing)
	g.Expect(message).To(ContainSubstring("from 5Gi to 8Gi"))
	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(claim), claim)).To(Succeed())
	g.Expect(claim.Spec.Resources.Requests).To(HaveKeyWithValue(corev1.ResourceStorage, quantity("8Gi")))

	s.grown(ctx, g, claim, "8Gi")
	s.condition(ctx, g, n, v1alpha1.VolumeSizedCondition, metav1.ConditionTrue, v1alpha1.ReasonLargeEnough)
}

func TestAVolumeThatCannotGrowIsToldAndLeftAlone(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	n, claim := s.standaloneOn(ctx, t, g, "fixed", false)

	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.Store.Standalone.StorageSize = ptr.To(quantity("8Gi")) })
	message := s.condition(ctx, g, n, v1alpha1.VolumeSizedCondition, metav1.ConditionFalse, v1alpha1.ReasonNotExpandable)
	g.Expect(message).To(ContainSubstring("from 5Gi to 8Gi"))
	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonServerNotReady)
	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(claim), claim)).To(Succeed())
	g.Expect(claim.Spec.Resources.Requests).To(HaveKeyWithValue(corev1.ResourceStorage, quantity("5Gi")))
}

// standaloneOn declares a network on a storage class and plays the driver that gives it its volume.
func (s suite) standaloneOn(ctx context.Context, t *testing.T, g Gomega, class string, expands bool) (*v1alpha1.AlumniNetwork, *corev1.PersistentVolumeClaim) {
	t.Helper()
	err := s.Client.Create(ctx, &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: "test.example/none", AllowVolumeExpansion: &expands,
	})
	g.Expect(client.IgnoreAlreadyExists(err)).To(Succeed())
	namespace := s.tenant(ctx, t, g)
	n := external(namespace, "main", standalone, func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Store.Standalone = &v1alpha1.StandaloneStore{StorageClassName: &class}
	})
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	claim := &corev1.PersistentVolumeClaim{}
	g.Eventually(func() error {
		return s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.StoreClaim("main")}, claim)
	}, settle, beat).Should(Succeed())
	g.Expect(s.Client.Create(ctx, &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		Spec: corev1.PersistentVolumeSpec{
			StorageClassName: class, Capacity: corev1.ResourceList{corev1.ResourceStorage: quantity("5Gi")},
			AccessModes:            []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/nowhere"}},
			ClaimRef:               &corev1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: namespace, Name: claim.Name, UID: claim.UID},
		},
	})).To(Succeed())
	g.Eventually(func() (corev1.PersistentVolumeClaimPhase, error) {
		err := s.Client.Get(ctx, client.ObjectKeyFromObject(claim), claim)
		return claim.Status.Phase, err
	}, settle, beat).Should(Equal(corev1.ClaimBound))
	return n, claim
}

// grown plays the driver that has grown a volume.
func (s suite) grown(ctx context.Context, g Gomega, claim *corev1.PersistentVolumeClaim, size string) {
	g.Eventually(func() error {
		if err := s.Client.Get(ctx, client.ObjectKeyFromObject(claim), claim); err != nil {
			return err
		}
		claim.Status.Capacity = corev1.ResourceList{corev1.ResourceStorage: quantity(size)}
		err := s.Client.Status().Update(ctx, claim)
		if apierrors.IsConflict(err) {
			return err
		}
		g.Expect(err).NotTo(HaveOccurred())
		return nil
	}, settle, beat).Should(Succeed())
}
