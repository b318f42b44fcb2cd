// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"fmt"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/resources/network"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// served says whether the network had a usable store before: its portal exists. What such a network declares is still
// followed while its store is away.
func (r *Reconciler) served(ctx context.Context, s *scope) bool {
	n := s.network
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: n.Namespace, Name: naming.Portal(n.Name)}, &appsv1.Deployment{})
	if client.IgnoreNotFound(err) != nil {
		log.FromContext(ctx).V(1).Info("Reading the portal failed", "error", err.Error())
	}
	return err == nil
}

// publishSettings writes what every workload reads: the settings of the network and the address of its store.
func (r *Reconciler) publishSettings(ctx context.Context, s *scope) error {
	n := s.network
	if err := r.completeScope(ctx, s); err != nil {
		return err
	}
	config, err := network.BuildConfigMap(n, s.holidays, s.promise)
	if err != nil {
		return err
	}
	if err := r.applier().Apply(ctx, n, config, network.BuildEndpoint(n, *s.endpoint)); err != nil {
		return err
	}
	n.Status.URL = n.URL()
	return nil
}

// completeScope finds the address of the store and the token key where the credentials phase did not come so far: from
// what was published when the store was last there.
func (r *Reconciler) completeScope(ctx context.Context, s *scope) error {
	n := s.network
	if s.endpoint == nil {
		published, err := r.published(ctx, n)
		if err != nil {
			return err
		}
		if published.Port == 0 {
			return outcome.Wait(outcome.Poll, v1alpha1.ReasonNotReachedYet, "waits for the address of the store")
		}
		s.endpoint = &published
	}
	if s.keyed || r.unchanged(s, useTokenKey, naming.TokenKeySecret(n.Name)) {
		return nil
	}
	return r.readTokenKey(ctx, s)
}

// published is the address of the store as it was last published; without a port when it was not.
func (r *Reconciler) published(ctx context.Context, n *v1alpha1.AlumniNetwork) (network.Endpoint, error) {
	config := &corev1.ConfigMap{}
	name := types.NamespacedName{Namespace: n.Namespace, Name: naming.StoreEndpoint(n.Name)}
	if err := r.Client.Get(ctx, name, config); client.IgnoreNotFound(err) != nil {
		return network.Endpoint{}, fmt.Errorf("read the endpoint: %w", err)
	}
	port, err := strconv.ParseUint(config.Data["port"], 10, 16)
	if err != nil {
		port = 0 // nobody can have published that
	}
	return network.Endpoint{
		Host: config.Data["host"], Port: uint16(port), Database: config.Data["dbname"],
		SSLMode: config.Data["sslmode"], CA: []byte(config.Data["ca.crt"]),
	}, nil
}

// readTokenKey reads the key that the portal's hash is made under.
func (r *Reconciler) readTokenKey(ctx context.Context, s *scope) error {
	name := types.NamespacedName{Namespace: s.network.Namespace, Name: naming.TokenKeySecret(s.network.Name)}
	secret, err := secretwatch.Read(ctx, r.Live, name, settings.TokenKeyFile)
	if err != nil {
		return err
	}
	s.tokenKey = secret.Data[settings.TokenKeyFile]
	if len(s.tokenKey) >= keyBytes { // a shorter one is for the credentials phase to tell
		s.found(useTokenKey, secret)
	}
	return nil
}
