// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package patch_test

import (
	"os"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/patch"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

func TestMain(m *testing.M) { os.Exit(kube.Run(m)) }

func network(t *testing.T, g Gomega, env *kube.Env) *v1alpha1.AlumniNetwork {
	n := &v1alpha1.AlumniNetwork{
		ObjectMeta: metav1.ObjectMeta{Namespace: env.NewNamespace(t), Name: "main"},
		Spec: v1alpha1.AlumniNetworkSpec{
			DisplayName: "x", Operator: v1alpha1.Organisation{Name: "x", Address: "x", Contact: "a@x.example"},
			Portal: v1alpha1.Portal{PublicURL: "https://x.example"},
		},
	}
	g.Expect(env.Client.Create(t.Context(), n)).To(Succeed())
	return n
}

func TestStatusIsWrittenOnlyWhenItsMeaningChanged(t *testing.T) {
	g := NewWithT(t)
	env := kube.Start(t)
	n := network(t, g, env)

	before := n.DeepCopy()
	conditions.True(n, "Ready", "Ready", "all well")
	now := metav1.NewTime(time.Now().Truncate(time.Second).UTC())
	n.Status.Roster = &v1alpha1.RosterStatus{LastImportAt: &now}
	wrote, err := patch.Status(t.Context(), env.Client, before, n)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(wrote).To(BeTrue())

	read := &v1alpha1.AlumniNetwork{}
	g.Expect(env.Client.Get(t.Context(), client.ObjectKeyFromObject(n), read)).To(Succeed())
	g.Expect(read.ResourceVersion).To(Equal(n.ResourceVersion))
	again := read.DeepCopy()
	conditions.True(again, "Ready", "Ready", "all well")
	again.Status.Roster.LastImportAt = &metav1.Time{Time: now.In(time.FixedZone("JST", 9*3600))} // the same instant
	wrote, err = patch.Status(t.Context(), env.Client, read, again)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(wrote).To(BeFalse())
}

func TestAWriteOverSomethingNewerIsRefused(t *testing.T) {
	g := NewWithT(t)
	env := kube.Start(t)
	n := network(t, g, env)
	before := n.DeepCopy()
	newer := n.DeepCopy()
	newer.Labels = map[string]string{"a": "b"}
	g.Expect(env.Client.Update(t.Context(), newer)).To(Succeed())

	conditions.True(n, "Ready", "Ready", "all well")
	_, err := patch.Status(t.Context(), env.Client, before, n)

	g.Expect(apierrors.IsConflict(err)).To(BeTrue(), "%v", err)
}

func TestAnObjectThatIsGoneNeedsNoStatus(t *testing.T) {
	g := NewWithT(t)
	env := kube.Start(t)
	n := network(t, g, env)
	before := n.DeepCopy()
	g.Expect(env.Client.Delete(t.Context(), n.DeepCopy())).To(Succeed())

	conditions.True(n, "Ready", "Ready", "all well")
	wrote, err := patch.Status(t.Context(), env.Client, before, n)

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(wrote).To(BeFalse())
}
