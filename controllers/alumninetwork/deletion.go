// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/apply"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/patch"
)

const (
	// storeFinalizer holds a network with reclaimPolicy Delete until its store is dropped.
	storeFinalizer = "alumni-operator.io/store"
	// confirmAnnotation confirms a deletion by the network's name and the day: NAME@YYYY-MM-DD.
	confirmAnnotation = "alumni-operator.io/confirm-delete"
	// heldTable has a row for each person on legal hold.
	heldTable = "alumni.legal_hold_member"
	// wayOut ends every message of a deletion that waits.
	wayOut = "; to end the wait and keep the store, set spec.store.reclaimPolicy to Retain"
)

// keepFinalizer puts the finalizer on a network whose store is to go with it, before anything is made for it, and takes it off
// when the policy is Retain again.
func (r *Reconciler) keepFinalizer(ctx context.Context, n *v1alpha1.AlumniNetwork) error {
	return r.setFinalizer(ctx, n, n.Spec.Store.ReclaimPolicy == v1alpha1.StoreDelete)
}

// setFinalizer changes the list of finalizers alone, and only of the version that was read.
func (r *Reconciler) setFinalizer(ctx context.Context, n *v1alpha1.AlumniNetwork, wanted bool) error {
	before, change := n.DeepCopy(), controllerutil.RemoveFinalizer
	if wanted {
		change = controllerutil.AddFinalizer
	}
	if !change(n, storeFinalizer) {
		return nil
	}
	lock := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, n, lock, client.FieldOwner(apply.FieldManager)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("change the finalizers of AlumniNetwork %s/%s: %w", n.Namespace, n.Name, err)
	}
	return nil
}

// finalize ends a network that is being deleted. Without the finalizer there is nothing to do.
func (r *Reconciler) finalize(ctx context.Context, n *v1alpha1.AlumniNetwork) (ctrl.Result, error) {
	if !controllerutil.ContainsFinalizer(n, storeFinalizer) {
		return ctrl.Result{}, nil
	}
	r.Secrets.Watch(n.Namespace)
	before := n.DeepCopy()
	err := r.endStore(ctx, n)
	if err == nil {
		if err := r.setFinalizer(ctx, n, false); err != nil {
			return outcome.Fold(err)
		}
		return ctrl.Result{}, nil
	}
	err = withWayOut(err)
	conditions.Fail(n, v1alpha1.StoreDeletedCondition, err)
	conditions.Summarise(n, []string{v1alpha1.StoreDeletedCondition}, err)
	wrote, patchErr := patch.Status(ctx, r.Client, before, n)
	if wrote {
		r.tell(n, conditions.Transition(before.Status.Conditions, n, err))
	}
	result, err := outcome.Fold(err, patchErr)
	if err == nil { // no watch tells that the namespace goes too
		result = outcome.Earlier(result, outcome.Jitter(outcome.Poll))
	}
	return result, err
}

// endStore drops the store when that is wanted and confirmed. Without an error the network may go.
func (r *Reconciler) endStore(ctx context.Context, n *v1alpha1.AlumniNetwork) error {
	if n.Spec.Store.ReclaimPolicy != v1alpha1.StoreDelete {
		log.FromContext(ctx).Info("Keeping the store of a deleted network")
		return nil
	}
	if going, err := r.namespaceGoing(ctx, n.Namespace); err != nil || going {
		return err
	}
	if err := confirmed(n, r.Clock.Now()); err != nil {
		return err
	}
	if err := r.stopWorkloads(ctx, n); err != nil {
		return err
	}
	record, err := r.findRecord(ctx, n)
	if err != nil || record.finished() {
		return err
	}
	if !record.begun() {
		if err := r.beginRecord(ctx, n, record); err != nil {
			return err
		}
	}
	if err := r.dropStore(ctx, n, record); err != nil {
		return err
	}
	if err := r.dropSecrets(ctx, n); err != nil {
		return err
	}
	return r.finishRecord(ctx, record)
}

// namespaceGoing says whether the namespace is being deleted. There the store is kept: nobody can be asked any more, and a
// namespace must not hang.
func (r *Reconciler) namespaceGoing(ctx context.Context, name string) (bool, error) {
	namespace := &corev1.Namespace{}
	err := r.Live.Get(ctx, client.ObjectKey{Name: name}, namespace)
	switch {
	case apierrors.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("read the namespace: %w", err)
	}
	return namespace.DeletionTimestamp != nil, nil
}

// confirmed says whether somebody has confirmed the deletion by name and day. Yesterday and tomorrow count, for days begin at
// different times around the world; a confirmation that has lain in a file for long does not.
func confirmed(n *v1alpha1.AlumniNetwork, now time.Time) error {
	if confirms(n, confirmAnnotation, now) {
		return nil
	}
	found := "the deletion of the store is not confirmed"
	if n.Annotations[confirmAnnotation] != "" {
		found = "the confirmation names another network or a day that is not today"
	}
	return outcome.Stop(v1alpha1.ReasonConfirmationNeeded, "%s: set annotation %s to %s to drop the store for good",
		found, confirmAnnotation, confirmation(n, now))
}

// released says whether people on legal hold may go with the store. That needs a confirmation of its own: who confirms a deletion need
// not know of them.
func released(n *v1alpha1.AlumniNetwork, tables []deletedTable, now time.Time) error {
	for _, t := range tables {
		if t.Table == heldTable && t.Rows > 0 && !confirms(n, v1alpha1.ReleaseHoldsAnnotation, now) {
			return outcome.Stop(v1alpha1.ReasonReleaseNotConfirmed, "people in the store are on legal hold, and nothing of it was dropped: set annotation %s "+
				"to %s as well to let them go with it", v1alpha1.ReleaseHoldsAnnotation, confirmation(n, now))
		}
	}
	return nil
}

// confirms says whether an annotation has the network's name and the day.
func confirms(n *v1alpha1.AlumniNetwork, annotation string, now time.Time) bool {
	for _, d := range []int{0, -1, 1} {
		if n.Annotations[annotation] == confirmation(n, now.AddDate(0, 0, d)) {
			return true
		}
	}
	return false
}

func confirmation(n *v1alpha1.AlumniNetwork, day time.Time) string {
	return n.Name + "@" + day.UTC().Format(time.DateOnly)
}

// stopWorkloads ends all that works on the store, and waits until no pod of it is left.
func (r *Reconciler) stopWorkloads(ctx context.Context, n *v1alpha1.AlumniNetwork) error {
	portal := &appsv1.Deployment{}
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: naming.Portal(n.Name)}, portal)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("read the portal: %w", err)
	}
	if err == nil && metav1.IsControlledBy(portal, n) && portal.DeletionTimestamp == nil {
		if err := r.applier().Delete(ctx, portal); err != nil {
			return err
		}
	}
	ofNetwork := []client.ListOption{client.InNamespace(n.Namespace), client.MatchingLabels(labels.Managed()), client.MatchingLabels{labels.Network: n.Name}}
	jobs := &batchv1.JobList{}
	if err := r.Live.List(ctx, jobs, ofNetwork...); err != nil {
		return fmt.Errorf("list the jobs of the network: %w", err)
	}
	if err := r.runner().Rest(ctx, jobs.Items, true); err != nil {
		return err
	}
	pods := &corev1.PodList{}
	if err := r.Live.List(ctx, pods, ofNetwork...); err != nil {
		return fmt.Errorf("list the pods of the network: %w", err)
	}
	for _, p := range pods.Items {
		ended := p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
		if !ended && labels.Part(p.Labels[labels.Component]) != labels.Store {
			return outcome.Wait(outcome.Soon, v1alpha1.ReasonStoppingWorkloads, "waits for the pods of portal and jobs to end")
		}
	}
	return nil
}

// withWayOut adds to what blocks a deletion how to end the wait.
func withWayOut(err error) error {
	var t *outcome.Terminal
	var w *outcome.Waiting
	var f *outcome.Failure
	switch {
	case errors.As(err, &t):
		return &outcome.Terminal{Reason: t.Reason, Message: t.Message + wayOut, Err: t.Err}
	case errors.As(err, &w):
		return &outcome.Waiting{Reason: w.Reason, Message: w.Message + wayOut, After: w.After}
	case errors.As(err, &f):
		return &outcome.Failure{Reason: f.Reason, Message: f.Message + wayOut, Err: f.Err, After: f.After}
	case apierrors.IsConflict(err):
		return &outcome.Waiting{Reason: v1alpha1.ReasonDroppingStore, Message: "an object changed meanwhile and is read again" + wayOut, After: outcome.Soon}
	}
	_, message := outcome.Describe(err, v1alpha1.ReasonDeletionFailed)
	return &outcome.Failure{Reason: v1alpha1.ReasonDeletionFailed, Message: message + wayOut, Err: err}
}
