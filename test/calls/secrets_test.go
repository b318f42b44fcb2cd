// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package calls

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/controllers/alumninetwork"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// TestASecretIsReadWhenItHasChangedAndOnlyThen changes the Secrets of a network one after the other, and looks what comes of it.
func TestASecretIsReadWhenItHasChangedAndOnlyThen(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	w := newWorld(t, g)
	smtp := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "smtp"},
		Data:       map[string][]byte{"username": []byte("desk"), "password": []byte("first")},
	}
	g.Expect(w.env.Client.Create(ctx, smtp)).To(Succeed())
	n := w.declare(ctx, g, "main")
	w.edit(ctx, g, n, func(spec *v1alpha1.AlumniNetworkSpec) {
		spec.Channels = &v1alpha1.Channels{Email: &v1alpha1.EmailChannel{
			Host: "mail.example", FromAddress: "desk@counted.example", CredentialsSecretRef: &v1alpha1.SecretReference{Name: "smtp"}}}
	})
	w.look(ctx, g, n)
	w.roll(ctx, g, n)
	w.look(ctx, g, n)
	g.Expect(conditions.IsTrue(n, v1alpha1.ReadyCondition)).To(BeTrue(), "%v", n.Status.Conditions)
	g.Expect(w.secretsRead(ctx, g, n)).To(BeZero())
	first := w.pods(ctx, g, n)

	smtp.Data["password"] = []byte("second")
	g.Expect(w.env.Client.Update(ctx, smtp)).To(Succeed())
	w.settle(ctx, g, n)
	g.Expect(w.secretsRead(ctx, g, n)).To(Equal(2), "the sender, and the key under which the portal's hash is made")
	second := w.pods(ctx, g, n)
	g.Expect(second).NotTo(Equal(first), "the portal must restart")
	w.roll(ctx, g, n)
	g.Expect(w.secretsRead(ctx, g, n)).To(BeZero())

	lost := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: naming.DatabaseSecret("main", naming.RoleCampaign)}}
	g.Expect(w.env.Client.Delete(ctx, lost)).To(Succeed())
	w.settle(ctx, g, n)
	g.Expect(w.secretsRead(ctx, g, n)).To(Equal(8), "the one that is gone; then the other logins, for the store is looked at, and the admin")
	g.Expect(w.env.Client.Get(ctx, client.ObjectKeyFromObject(lost), lost)).To(Succeed())
	g.Expect(conditions.IsTrue(n, v1alpha1.StoreReadyCondition)).To(BeTrue(), "%v", n.Status.Conditions)

	w.reconciler.Notes = alumninetwork.NewNotes(w.reconciler.Secrets) // as after a restart
	third := w.pods(ctx, g, n)
	g.Expect(w.secretsRead(ctx, g, n)).To(Equal(11), "each once")
	g.Expect(w.pods(ctx, g, n)).To(Equal(third))
	g.Expect(w.secretsRead(ctx, g, n)).To(BeZero())
	w.clock.SetTime(w.clock.Now().Add(5 * time.Minute))
	g.Expect(w.secretsRead(ctx, g, n)).To(Equal(7), "the former login need not be valid any more: another store is asked for")
	w.clock.SetTime(w.clock.Now().Add(5 * time.Minute))
	g.Expect(w.secretsRead(ctx, g, n)).To(Equal(1), "the login that looks at the store")
	w.clock.SetTime(w.clock.Now().Add(time.Hour))
	g.Expect(w.secretsRead(ctx, g, n)).To(Equal(7), "each login is tried at the server")
}

// secretsRead is how many Secrets one look reads.
func (w *world) secretsRead(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork) int {
	w.calls.take()
	_, err := w.reconciler.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(n)})
	g.Expect(err).NotTo(HaveOccurred())
	reads, _ := w.calls.take()
	w.settle(ctx, g, n)
	g.Expect(w.env.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
	return reads["GET secrets"]
}

// pods is what the pods of the portal are made of.
func (w *world) pods(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork) corev1.PodTemplateSpec {
	d := &appsv1.Deployment{}
	g.Expect(w.env.Client.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: naming.Portal(n.Name)}, d)).To(Succeed())
	return d.Spec.Template
}
