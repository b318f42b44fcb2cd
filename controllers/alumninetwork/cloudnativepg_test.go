// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/resources/store"
	"github.com/alumni-operator/alumni-operator/test/rig"
)

// inCluster is a network in a Cluster of its own, or in the one that is named.
func inCluster(existing string) func(*v1alpha1.AlumniNetwork) {
	return func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Store = v1alpha1.Store{Type: v1alpha1.StoreCloudNativePG}
		if existing != "" {
			n.Spec.Store.CloudNativePG = &v1alpha1.CloudNativePGStore{
				ClusterRef:     &v1alpha1.ClusterReference{Name: existing},
				AdminSecretRef: &v1alpha1.SecretReference{Name: "pg-admin"},
			}
		}
	}
}

// TestAStoreInCloudNativePG runs against CloudNativePG's own definitions of its kinds. CloudNativePG itself is played by the
// test; the story under test/e2e runs the real one.
func TestAStoreInCloudNativePG(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	own, theirs := external(namespace, "main", inCluster("")), external(namespace, "guest", inCluster("shared"))
	s.secret(ctx, g, namespace, "pg-admin", map[string][]byte{"username": []byte("someone"), "password": []byte("canary-guest-password-7")})
	g.Expect(s.Client.Create(ctx, own)).To(Succeed())
	g.Expect(s.Client.Create(ctx, theirs)).To(Succeed())
	live, whole := named(store.Cluster, namespace, "main-db"), t

	t.Run("without its kinds it is told what is missing", func(t *testing.T) {
		g := NewWithT(t)
		for _, n := range []*v1alpha1.AlumniNetwork{own, theirs} {
			message := s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonCloudNativePGMissing)
			g.Expect(message).To(Equal("the cluster does not serve Cluster of postgresql.cnpg.io/v1; install CloudNativePG"))
			g.Expect(kstatusOf(g, n)).To(Equal(status.InProgressStatus))
		}
	})
	t.Run("it heals when they are installed, and declares a Cluster", func(t *testing.T) {
		g := NewWithT(t)
		s.installCloudNativePG(ctx, whole, g)
		message := s.condition(ctx, g, own, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonClusterNotReady)
		g.Expect(message).To(Equal(`Cluster "main-db" has no primary that serves: CloudNativePG has not answered for it yet`))
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(live), live)).To(Succeed())
		g.Expect(live.GetOwnerReferences()).To(BeEmpty())
		wanted, err := store.BuildCluster(store.Input{Network: own})
		g.Expect(err).NotTo(HaveOccurred())
		s.standsIn(g, live.Object["spec"], wanted.Object["spec"])
	})
	t.Run("its admin is no superuser, and its Secret is watched by CloudNativePG", func(t *testing.T) {
		g := NewWithT(t)
		secret := &corev1.Secret{}
		g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.AdminSecret("main")}, secret)).To(Succeed())
		g.Expect(secret.Labels).To(HaveKeyWithValue("cnpg.io/reload", "true"))
		g.Expect(string(secret.Data["username"])).To(Equal("alumni_admin"))
		g.Expect(secret.OwnerReferences).To(BeEmpty())
		s.holdsNoSecret(ctx, g, namespace, string(secret.Data["password"]))
	})
	t.Run("it waits for a primary, for the admin role, and for the certificate", func(t *testing.T) {
		g := NewWithT(t)
		s.play(ctx, g, live, map[string]any{"phase": "Setting up primary", "instances": int64(1)})
		s.saysOfStore(ctx, g, own, v1alpha1.ReasonClusterNotReady, `Cluster "main-db" has no primary that serves: Setting up primary`)
		s.play(ctx, g, live, serving(nil))
		s.saysOfStore(ctx, g, own, v1alpha1.ReasonClusterNotReady, `Cluster "main-db" has not made role "alumni_admin" yet`)
		s.play(ctx, g, live, serving(map[string]any{"cannotReconcile": map[string]any{"alumni_admin": []any{"canary words of PostgreSQL"}}}))
		s.saysOfStore(ctx, g, own, v1alpha1.ReasonClusterNotReady, `Cluster "main-db" cannot make role "alumni_admin"; see its status.managedRolesStatus`)
		s.play(ctx, g, live, serving(roleIsMade))
		s.saysOfStore(ctx, g, own, v1alpha1.ReasonCAMissing, `Secret "main-db-ca" of Cluster "main-db" is missing, or its key "ca.crt" holds no certificate`)
		s.secret(ctx, g, namespace, "main-db-ca", map[string][]byte{"ca.crt": someAuthority(g)})
		s.saysOfStore(ctx, g, own, v1alpha1.ReasonUnreachable, "the server does not answer") // no such host outside the cluster
		s.play(ctx, g, live, map[string]any{
			"phase": "Failing over", "instances": int64(3), "readyInstances": int64(2), "currentPrimary": "main-db-1", "targetPrimary": "main-db-2",
		})
		s.saysOfStore(ctx, g, own, v1alpha1.ReasonClusterNotReady, `Cluster "main-db" has no primary that serves: Failing over`)
	})
	t.Run("a backup by CloudNativePG comes and goes with its section", func(t *testing.T) {
		g := NewWithT(t)
		backup := named(store.ScheduledBackup, namespace, "main-db")
		s.change(ctx, g, own, func(n *v1alpha1.AlumniNetwork) {
			n.Spec.Store.CloudNativePG = &v1alpha1.CloudNativePGStore{ScheduledBackup: &v1alpha1.CloudNativePGScheduledBackup{
				Schedule: "30 2 * * *", Method: v1alpha1.CloudNativePGSnapshots,
			}}
		})
		g.Eventually(func() error { return s.Client.Get(ctx, client.ObjectKeyFromObject(backup), backup) }, settle, beat).Should(Succeed())
		g.Expect(metav1.IsControlledBy(backup, own)).To(BeTrue())
		g.Expect(backup.Object["spec"]).To(And(HaveKeyWithValue("schedule", "0 30 2 * * *"), HaveKeyWithValue("method", "volumeSnapshot"),
			HaveKeyWithValue("cluster", map[string]any{"name": "main-db"})))
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(live), live)).To(Succeed())
		g.Expect(live.Object["spec"]).To(HaveKey("backup"))

		s.change(ctx, g, own, func(n *v1alpha1.AlumniNetwork) {
			n.Spec.Store.CloudNativePG = &v1alpha1.CloudNativePGStore{Instances: ptr.To[int32](2)}
		})
		s.gone(ctx, g, backup)
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(live), live)).To(Succeed())
		g.Expect(live.Object["spec"]).To(And(Not(HaveKey("backup")), HaveKeyWithValue("instances", int64(2))))
	})
	t.Run("a change by another hand is put right, and at rest nothing is written", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(live), live)).To(Succeed())
		g.Expect(unstructured.SetNestedField(live.Object, true, "spec", "enableSuperuserAccess")).To(Succeed())
		g.Expect(s.Client.Update(ctx, live)).To(Succeed())
		s.poke(ctx, g, own)
		g.Eventually(func(g Gomega) {
			g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(live), live)).To(Succeed())
			g.Expect(live.Object["spec"]).To(HaveKeyWithValue("enableSuperuserAccess", false))
		}, settle, beat).Should(Succeed())
		version := live.GetResourceVersion()
		s.poke(ctx, g, own)
		g.Consistently(func() string {
			g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(live), live)).To(Succeed())
			return live.GetResourceVersion()
		}, "2s", beat).Should(Equal(version))
	})
	t.Run("the Cluster outlives the network and is taken up again", func(t *testing.T) {
		g := NewWithT(t)
		uid := live.GetUID()
		g.Expect(s.Client.Delete(ctx, own)).To(Succeed())
		s.gone(ctx, g, own)
		again := external(namespace, "main", inCluster(""))
		g.Expect(s.Client.Create(ctx, again)).To(Succeed())
		g.Eventually(func(g Gomega) {
			g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(live), live)).To(Succeed())
			g.Expect(live.GetUID()).To(Equal(uid))
			g.Expect(live.Object["spec"]).To(HaveKeyWithValue("instances", int64(3)), "as the new network declares it")
		}, settle, beat).Should(Succeed())
		own = again
	})
	t.Run("with reclaimPolicy Delete the Cluster is asked for its claim, and goes only after", func(t *testing.T) {
		g, today := NewWithT(t), time.Now().UTC()
		s.change(ctx, g, own, deletes)
		g.Eventually(func() []string {
			g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(own), own)).To(Succeed())
			return own.Finalizers
		}, settle, beat).Should(ContainElement(storeFinalizer))
		s.change(ctx, g, own, confirm("main", today))
		g.Expect(s.Client.Delete(ctx, own)).To(Succeed())
		s.condition(ctx, g, own, v1alpha1.StoreDeletedCondition, metav1.ConditionFalse, v1alpha1.ReasonClusterNotReady)
		s.play(ctx, g, live, serving(roleIsMade))
		s.poke(ctx, g, own)
		message := s.condition(ctx, g, own, v1alpha1.StoreDeletedCondition, metav1.ConditionFalse, v1alpha1.ReasonUnreachable)
		g.Expect(message).To(ContainSubstring(wayOut))
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(live), live)).To(Succeed())
		g.Expect(live.GetDeletionTimestamp()).To(BeNil())
		s.intend(ctx, g, own, today, map[string]any{"kind": "Cluster", "name": live.GetName(), "uid": live.GetUID()})
		s.gone(ctx, g, own)
		s.gone(ctx, g, live)
		s.gone(ctx, g, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: naming.AdminSecret("main")}})
	})
	t.Run("a Cluster of somebody else is left alone", func(t *testing.T) {
		g := NewWithT(t)
		foreign := named(store.Cluster, namespace, "other-db")
		foreign.Object["spec"] = map[string]any{"instances": int64(1), "storage": map[string]any{"size": "1Gi"}}
		g.Expect(s.Client.Create(ctx, foreign)).To(Succeed())
		version := foreign.GetResourceVersion()
		n := external(namespace, "other", inCluster(""))
		g.Expect(s.Client.Create(ctx, n)).To(Succeed())
		message := s.condition(ctx, g, n, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonNotOwned)
		g.Expect(message).To(ContainSubstring("Cluster " + namespace + "/other-db"))
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(foreign), foreign)).To(Succeed())
		g.Expect(foreign.GetResourceVersion()).To(Equal(version))
	})
	t.Run("a Cluster that others keep is looked for and never changed", func(t *testing.T) {
		g := NewWithT(t)
		s.saysOfStore(ctx, g, theirs, v1alpha1.ReasonClusterNotFound,
			`Cluster "shared" does not exist in this namespace; create it, or correct cloudNativePG.clusterRef`)
		shared := named(store.Cluster, namespace, "shared")
		shared.Object["spec"] = map[string]any{"instances": int64(1), "storage": map[string]any{"size": "1Gi"}}
		g.Expect(s.Client.Create(ctx, shared)).To(Succeed())
		s.condition(ctx, g, theirs, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonClusterNotReady)
		state := serving(nil) // no managed role of ours: its people made one
		state["certificates"] = map[string]any{"serverCASecret": "company-ca"}
		s.play(ctx, g, shared, state)
		s.saysOfStore(ctx, g, theirs, v1alpha1.ReasonCAMissing, `Secret "company-ca" of Cluster "shared" is missing, or its key "ca.crt" holds no certificate`)
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(shared), shared)).To(Succeed())
		g.Expect(shared.GetGeneration()).To(BeEquivalentTo(1))
		g.Expect(shared.GetLabels()).To(BeEmpty())
		s.holdsNoSecret(ctx, g, namespace, "canary-guest-password-7")
	})
}

// someAuthority is a certificate in PEM.
func someAuthority(g Gomega) []byte {
	public, private, err := ed25519.GenerateKey(nil)
	g.Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	g.Expect(err).NotTo(HaveOccurred())
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// roleIsMade is what CloudNativePG says when the admin role has its password.
var roleIsMade = map[string]any{"byStatus": map[string]any{"reconciled": []any{"alumni_admin"}}}

// serving is the status of a Cluster with a primary.
func serving(roles map[string]any) map[string]any {
	st := map[string]any{
		"phase": "Creating a new replica", "instances": int64(3), "readyInstances": int64(1),
		"currentPrimary": "main-db-1", "targetPrimary": "main-db-1", "writeService": "main-db-rw",
	}
	if roles != nil {
		st["managedRolesStatus"] = roles
	}
	return st
}

// play writes the status that CloudNativePG would.
func (s suite) play(ctx context.Context, g Gomega, cluster *unstructured.Unstructured, state map[string]any) {
	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(cluster), cluster)).To(Succeed())
	cluster.Object["status"] = state
	g.Expect(s.Client.Status().Update(ctx, cluster)).To(Succeed())
}

// saysOfStore waits until StoreReady is False with a reason and a message.
func (s suite) saysOfStore(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork, reason, message string) {
	g.Eventually(func(g Gomega) {
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
		g.Expect(n.Status.Conditions).To(ContainElement(And(HaveField("Type", v1alpha1.StoreReadyCondition),
			HaveField("Status", metav1.ConditionFalse), HaveField("Reason", reason), HaveField("Message", message))))
	}, settle, beat).Should(Succeed())
}

// standsIn compares what was declared with what the API server kept: it drops what CloudNativePG does not know.
func (s suite) standsIn(g Gomega, have, want any) {
	wanted, isMap := want.(map[string]any)
	if !isMap {
		if list, isList := want.([]any); isList {
			g.Expect(have).To(HaveLen(len(list)))
			for i := range list {
				s.standsIn(g, have.([]any)[i], list[i])
			}
			return
		}
		g.Expect(have).To(Equal(want))
		return
	}
	for key, value := range wanted {
		g.Expect(have).To(HaveKey(key))
		s.standsIn(g, have.(map[string]any)[key], value)
	}
}

// named is an object of one of CloudNativePG's kinds with nothing but its name.
func named(kind schema.GroupVersionKind, namespace, name string) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetGroupVersionKind(kind)
	u.SetNamespace(namespace)
	u.SetName(name)
	return u
}

// installCloudNativePG adds CloudNativePG's own definitions of its kinds and takes them away when the test ends.
func (s suite) installCloudNativePG(ctx context.Context, t *testing.T, g Gomega) {
	found, err := rig.FindCloudNativePG(ctx)
	g.Expect(err).NotTo(HaveOccurred())
	for _, file := range []string{"postgresql.cnpg.io_clusters.yaml", "postgresql.cnpg.io_scheduledbackups.yaml"} {
		content, err := os.ReadFile(filepath.Join(found.CRDs(), file))
		g.Expect(err).NotTo(HaveOccurred())
		crd := &apiextensionsv1.CustomResourceDefinition{}
		g.Expect(yaml.Unmarshal(content, crd)).To(Succeed())
		g.Expect(s.Client.Create(ctx, crd)).To(Succeed())
		t.Cleanup(func() {
			NewWithT(t).Expect(client.IgnoreNotFound(s.Client.Delete(context.Background(), crd))).To(Succeed())
		})
	}
}
