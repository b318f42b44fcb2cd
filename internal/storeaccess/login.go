// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package storeaccess

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// Login reads the login of one role of a network: address from the endpoint ConfigMap, in the cache; user name and
// password from the role's Secret, live.
func Login(ctx context.Context, cached, live client.Reader, n *v1alpha1.AlumniNetwork, role naming.Role) (dbconn.Login, error) {
	endpoint := &corev1.ConfigMap{}
	name := types.NamespacedName{Namespace: n.Namespace, Name: naming.StoreEndpoint(n.Name)}
	if err := cached.Get(ctx, name, endpoint); apierrors.IsNotFound(err) {
		return dbconn.Login{}, outcome.Wait(outcome.Poll, v1alpha1.ReasonNetworkNotReady,
			"the store of network %q is not there yet", n.Name)
	} else if err != nil {
		return dbconn.Login{}, fmt.Errorf("read the endpoint of network %s: %w", n.Name, err)
	}
	secret, err := secretwatch.Read(ctx, live, types.NamespacedName{
		Namespace: n.Namespace, Name: naming.DatabaseSecret(n.Name, role),
	}, dbconn.KeyUsername, dbconn.KeyPassword)
	if err != nil {
		return dbconn.Login{}, err
	}
	data := map[string][]byte{
		dbconn.KeyUsername: secret.Data[dbconn.KeyUsername], dbconn.KeyPassword: secret.Data[dbconn.KeyPassword],
	}
	for key, value := range endpoint.Data {
		data[key] = []byte(value)
	}
	login, err := dbconn.FromData(data)
	if err != nil {
		return dbconn.Login{}, secretwatch.Invalid(secret.Name, "%v", err)
	}
	return login, nil
}

// Usable says whether a network's store can be read: it was provisioned and its schema is up to date. If not, the
// error says what is waited for.
func Usable(n *v1alpha1.AlumniNetwork) error {
	for _, kind := range []string{v1alpha1.StoreReadyCondition, v1alpha1.SchemaReadyCondition} {
		if !conditions.IsTrue(n, kind) {
			return outcome.Wait(outcome.Poll, v1alpha1.ReasonNetworkNotReady, "network %q: %s is not True yet", n.Name, kind)
		}
	}
	return nil
}

// Open opens the read model of a network as the metrics role. Close it after a few reads: a controller holds no
// session between two looks.
func Open(ctx context.Context, cached, live client.Reader, n *v1alpha1.AlumniNetwork) (*stats.Reader, error) {
	login, err := Login(ctx, cached, live, n, naming.RoleMetrics)
	if err != nil {
		return nil, err
	}
	reader, err := stats.Open(ctx, login)
	if err != nil {
		return nil, Explain(err)
	}
	return reader, nil
}
