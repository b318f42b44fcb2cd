// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"fmt"
	"maps"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/resources/store"
)

// secretIndex finds networks by the name of a Secret of somebody else that they use.
const secretIndex = "alumninetwork.secrets"

func indexSecrets(ctx context.Context, indexer client.FieldIndexer) error {
	err := indexer.IndexField(ctx, &v1alpha1.AlumniNetwork{}, secretIndex, func(obj client.Object) []string {
		n, ok := obj.(*v1alpha1.AlumniNetwork)
		switch {
		case !ok:
			return nil
		case n.StoreKind() == v1alpha1.StoreCloudNativePG:
			return append(n.SecretNames(), store.ClusterCA(n))
		default:
			return n.SecretNames()
		}
	})
	if err != nil {
		return fmt.Errorf("index networks by Secret: %w", err)
	}
	return nil
}

// networksOfSecret finds the networks that use a Secret: those that the index knows, and the one for which it was made.
func (r *Reconciler) networksOfSecret(ctx context.Context, secret types.NamespacedName) []reconcile.Request {
	list := &v1alpha1.AlumniNetworkList{}
	err := r.Client.List(ctx, list, client.InNamespace(secret.Namespace), client.MatchingFields{secretIndex: secret.Name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		log.FromContext(ctx).Error(err, "Finding the networks of a Secret failed", "namespace", secret.Namespace)
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: nameOf(&list.Items[i])})
	}
	if owner := madeFor(secret.Name); owner != "" {
		requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: secret.Namespace, Name: owner}})
	}
	return requests
}

// madeFor is the network whose name a Secret that the operator makes begins with; empty when the name is of no such Secret.
// To look at a network that does not exist costs nothing, and an index of ten names for each network does.
func madeFor(secret string) string {
	made := []string{naming.TokenKeySecret(""), naming.PepperSecret(""), naming.AdminSecret("")}
	for _, role := range naming.Roles() {
		made = append(made, naming.DatabaseSecret("", role))
	}
	for _, ending := range made {
		if network, ok := strings.CutSuffix(secret, ending); ok {
			return network
		}
	}
	return ""
}

// networkOfJob finds the network of any job that works on its store, a campaign's or a policy's too: when one begins
// or ends, the numbers in status have changed.
func (r *Reconciler) networkOfJob(_ context.Context, job client.Object) []ctrl.Request {
	name := types.NamespacedName{Namespace: job.GetNamespace(), Name: job.GetLabels()[labels.Network]}
	if name.Name == "" {
		return nil
	}
	r.Looks.stir(name)
	if j, ok := job.(*batchv1.Job); ok && j.Status.Failed > 0 {
		r.Looks.suspect(name)
	}
	return []ctrl.Request{{NamespacedName: name}}
}

// redeclared says whether more of an autoscaler changed than its status, which it writes several times a minute.
func redeclared(e event.UpdateEvent) bool {
	before, isOld := e.ObjectOld.(*autoscalingv2.HorizontalPodAutoscaler)
	after, isNew := e.ObjectNew.(*autoscalingv2.HorizontalPodAutoscaler)
	return !isOld || !isNew || before.UID != after.UID || after.DeletionTimestamp != nil ||
		!equality.Semantic.DeepEqual(before.Spec, after.Spec) || !maps.Equal(before.Labels, after.Labels) ||
		!maps.Equal(before.Annotations, after.Annotations) || !equality.Semantic.DeepEqual(before.OwnerReferences, after.OwnerReferences)
}

// networkOfPod finds the network of a pod by its label, for a pod's owner is a ReplicaSet or a job. The pods of
// campaigns and retention runs are not this controller's.
func networkOfPod(_ context.Context, pod client.Object) []ctrl.Request {
	set := pod.GetLabels()
	part := labels.Part(set[labels.Component])
	if set[labels.Network] == "" || (part != labels.Portal && part != labels.Store && part != labels.Roster && part != labels.Backup) {
		return nil
	}
	return []ctrl.Request{{NamespacedName: types.NamespacedName{Namespace: pod.GetNamespace(), Name: set[labels.Network]}}}
}
