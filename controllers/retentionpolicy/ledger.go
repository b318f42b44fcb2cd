// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retentionpolicy

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
)

// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=get

// checkLedger looks whether what opens the erasure ledger is there, for a pod without it would hang. Nothing is erased
// that could not be written down.
func (r *Reconciler) checkLedger(ctx context.Context, n *v1alpha1.AlumniNetwork) error {
	claim, secret := placeOfLedger(n)
	if claim != "" {
		err := r.Live.Get(ctx, types.NamespacedName{Namespace: n.Namespace, Name: claim}, &corev1.PersistentVolumeClaim{})
		if apierrors.IsNotFound(err) {
			return outcome.Retry(outcome.Poll, v1alpha1.ReasonLedgerUnavailable,
				"PersistentVolumeClaim %q with the erasure ledger of AlumniNetwork %s does not exist; nothing is erased without it", claim, n.Name)
		}
		if err != nil {
			return fmt.Errorf("read the claim of the erasure ledger: %w", err)
		}
	}
	if secret == "" {
		return nil
	}
	_, err := secretwatch.Read(ctx, r.Live, types.NamespacedName{Namespace: n.Namespace, Name: secret}, "accessKeyID", "secretAccessKey")
	return err
}

// placeOfLedger names the claim or the Secret of a bucket that a run which erases needs for the erasure ledger.
func placeOfLedger(n *v1alpha1.AlumniNetwork) (claim, secret string) {
	b := n.Spec.Store.Backup
	if b == nil {
		return "", ""
	}
	if c := b.Destination.PersistentVolumeClaim; c != nil {
		claim = c.ClaimName
	}
	if s3 := b.Destination.S3; s3 != nil {
		secret = s3.SecretRef.Name
	}
	return claim, secret
}
