// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retentionpolicy

import (
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/storeread"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

func TestTheChainOfARestoredStoreIsFollowedAnew(t *testing.T) {
	restored := func(at string) *v1alpha1.AlumniNetwork {
		n := &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Name: "alumni"}}
		if at != "" {
			n.Status.Restore = &v1alpha1.RestoreStatus{RestoredAt: metaTime(moment(at))}
		}
		return n
	}
	const noon, later = "2026-11-21T12:00:00Z", "2026-11-21T18:00:00Z"
	for name, c := range map[string]struct {
		network *v1alpha1.AlumniNetwork
		known   string // restoredAt in the policy's status
		link    string // what the store has at the place of the head that is known
		broken  bool
	}{
		"a chain that goes on":                       {restored(""), "", "head", false},
		"a chain that was cut":                       {restored(""), "", "", true},
		"a store that was restored since":            {restored(noon), "", "", false},
		"and was seen to be":                         {restored(noon), noon, "head", false},
		"a chain that was cut after the restore":     {restored(noon), noon, "other", true},
		"a store that was restored once more":        {restored(later), noon, "", false},
		"a network that lost its status is no proof": {restored(""), "", "other", true},
	} {
		t.Run(name, func(t *testing.T) {
			n := &networkScope{network: c.network, status: v1alpha1.RetentionNetworkStatus{ChainHead: "head", ChainLength: 9}}
			if c.known != "" {
				n.status.RestoredAt = metaTime(moment(c.known))
			}
			err := checkChain(n, storeread.Retention{SeenLink: c.link})
			NewWithT(t).Expect(outcome.IsTerminal(err)).To(Equal(c.broken))
			showNetwork(&scope{policy: &v1alpha1.RetentionPolicy{}}, n, storeread.Retention{})
			NewWithT(t).Expect(n.status.RestoredAt.Equal(restoredAt(c.network))).To(BeTrue(), "the next look compares again")
		})
	}
}

func TestNoRunErasesWithoutTheLedgerOfItsNetwork(t *testing.T) {
	g, env := NewWithT(t), kube.Start(t)
	namespace := env.NewNamespace(t)
	r := &Reconciler{Client: env.Client, Live: env.Client}
	network := func(d v1alpha1.BackupDestination) *v1alpha1.AlumniNetwork {
		n := &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "alumni"}}
		n.Spec.Store.Backup = &v1alpha1.StoreBackup{Destination: d}
		return n
	}
	reason := func(n *v1alpha1.AlumniNetwork) string {
		err := r.checkLedger(t.Context(), n)
		var failure *outcome.Failure
		var waiting *outcome.Waiting
		switch {
		case err == nil:
			return ""
		case errors.As(err, &failure):
			return failure.Reason
		case errors.As(err, &waiting):
			return waiting.Reason
		default:
			return err.Error()
		}
	}
	claim := network(v1alpha1.BackupDestination{PersistentVolumeClaim: &v1alpha1.BackupClaim{ClaimName: "backups"}})
	bucket := network(v1alpha1.BackupDestination{S3: &v1alpha1.BackupBucket{SecretRef: v1alpha1.SecretReference{Name: "keys"}}})
	g.Expect(reason(&v1alpha1.AlumniNetwork{})).To(BeEmpty(), "there is no ledger without a place for it")
	g.Expect(reason(claim)).To(Equal(v1alpha1.ReasonLedgerUnavailable))
	g.Expect(reason(bucket)).To(Equal(v1alpha1.ReasonSecretNotFound))

	g.Expect(env.Client.Create(t.Context(), &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "backups"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{"storage": resource.MustParse("1Gi")}},
		},
	})).To(Succeed())
	g.Expect(env.Client.Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "keys"},
		Data:       map[string][]byte{"accessKeyID": []byte("a"), "secretAccessKey": []byte("b")},
	})).To(Succeed())
	g.Eventually(func() string { return reason(claim) + reason(bucket) }, 10*time.Second).Should(BeEmpty())
}
