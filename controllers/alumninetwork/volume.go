// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/resources/store"
)

// keepVolume makes the volume claim once and grows it when a larger size is declared. An existing claim of this network,
// left by an earlier object of this name, is taken up again, with what it has.
func (r *Reconciler) keepVolume(ctx context.Context, in store.Input) error {
	wanted, claim := store.BuildClaim(in), &corev1.PersistentVolumeClaim{}
	err := r.Client.Get(ctx, client.ObjectKeyFromObject(wanted), claim)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("read the volume claim: %w", err)
	}
	if err != nil || claim.DeletionTimestamp != nil { // only claims with our labels are in the cache
		_, err := r.applier().Create(ctx, nil, wanted)
		return err
	}
	return r.growVolume(ctx, in.Network, claim)
}

// growVolume asks for more room, and tells how far that has come. A class that cannot grow a volume says so in a
// condition of its own: the store goes on with what it has.
func (r *Reconciler) growVolume(ctx context.Context, n *v1alpha1.AlumniNetwork, claim *corev1.PersistentVolumeClaim) error {
	size, asked := n.StorageSize(), claim.Spec.Resources.Requests[corev1.ResourceStorage]
	if size.Cmp(asked) > 0 {
		before := claim.DeepCopy()
		claim.Spec.Resources.Requests[corev1.ResourceStorage] = size
		err := r.Client.Patch(ctx, claim, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
		if apierrors.IsForbidden(err) || apierrors.IsInvalid(err) {
			conditions.False(n, v1alpha1.VolumeSizedCondition, v1alpha1.ReasonNotExpandable, fmt.Sprintf(
				"the storage class does not allow PersistentVolumeClaim %q to grow from %s to %s; the store goes on with what it has",
				claim.Name, asked.String(), size.String()))
			return nil
		}
		if err != nil {
			return fmt.Errorf("grow the volume claim: %w", err)
		}
	}
	showVolume(n, claim)
	return nil
}

// showVolume compares what the volume has with what is declared.
func showVolume(n *v1alpha1.AlumniNetwork, claim *corev1.PersistentVolumeClaim) {
	size := n.StorageSize()
	has, bound := claim.Status.Capacity[corev1.ResourceStorage]
	switch {
	case !bound: // its first volume is not there yet, which the server's pod tells
		conditions.Remove(n, v1alpha1.VolumeSizedCondition)
	case has.Cmp(size) >= 0:
		conditions.True(n, v1alpha1.VolumeSizedCondition, v1alpha1.ReasonLargeEnough, "The volume has "+has.String())
	default:
		conditions.False(n, v1alpha1.VolumeSizedCondition, v1alpha1.ReasonGrowing, fmt.Sprintf(
			"the volume is being grown from %s to %s%s", has.String(), size.String(), pendingWords(claim)))
	}
}

// pendingWords says what some storage drivers wait for.
func pendingWords(claim *corev1.PersistentVolumeClaim) string {
	for _, c := range claim.Status.Conditions {
		if c.Type == corev1.PersistentVolumeClaimFileSystemResizePending && c.Status == corev1.ConditionTrue {
			return "; the file system follows on the node, and with some drivers when the server's pod is deleted and starts anew"
		}
	}
	return ""
}

// networkOfClaim finds the network of the volume claim of a store.
func networkOfClaim(_ context.Context, claim client.Object) []ctrl.Request {
	set := claim.GetLabels()
	if set[labels.Network] == "" || labels.Part(set[labels.Component]) != labels.Store {
		return nil
	}
	return []ctrl.Request{{NamespacedName: types.NamespacedName{Namespace: claim.GetNamespace(), Name: set[labels.Network]}}}
}
