// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/alumni-operator/alumni-operator/internal/resources/portal"
)

// describeToPrometheus keeps what the Prometheus operator reads, where the cluster has one. A cluster that gets one later is
// noticed at the next look. No condition of the portal speaks of it, for the portal serves without.
func (r *Reconciler) describeToPrometheus(ctx context.Context, s *scope) error {
	in := portal.Input{Network: s.network}
	if err := r.keepOptional(ctx, in, portal.ServiceMonitor, portal.BuildServiceMonitor(in)); err != nil {
		return err
	}
	return r.keepOptional(ctx, in, portal.PrometheusRule, portal.BuildPrometheusRule(in))
}

// keepOptional applies the portal's object of a kind that not every cluster serves, or removes it when none is wanted.
func (r *Reconciler) keepOptional(ctx context.Context, in portal.Input, kind schema.GroupVersionKind, wanted *unstructured.Unstructured) error {
	if wanted == nil {
		return r.removeOptional(ctx, in, kind)
	}
	_, err := r.whileServed(kind, func() error { return r.applier().Apply(ctx, in.Network, wanted) })
	return err
}

// removeOptional removes the portal's object of a kind that not every cluster serves.
func (r *Reconciler) removeOptional(ctx context.Context, in portal.Input, kind schema.GroupVersionKind) error {
	_, err := r.whileServed(kind, func() error { return r.applier().Remove(ctx, in.Network, portal.Named(in, kind)) })
	return err
}

// whileServed does something with an object of a kind if the cluster serves it. A kind that goes in this very moment is
// a lack as well, and no error.
func (r *Reconciler) whileServed(kind schema.GroupVersionKind, do func() error) (bool, error) {
	served, err := r.Kinds.Has(kind)
	if err != nil || !served {
		return false, err
	}
	err = do()
	if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) || meta.IsNoMatchError(err) {
		r.Kinds.Forget(kind)
		return false, nil
	}
	return true, err
}
