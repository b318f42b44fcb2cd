// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"crypto/rand"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/resources/network"
	"github.com/alumni-operator/alumni-operator/internal/resources/store"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// keyBytes is the length of the token key and of the pepper.
const keyBytes = 32

// superuser is the name of a Standalone server's admin role.
const superuser = "postgres"

// keepCredentials makes every login and key of the network once, and reads those whose Secrets have changed since they were last
// found in order. A Secret that exists is never changed: it is written before it is used, and then it is used as it is.
func (r *Reconciler) keepCredentials(ctx context.Context, s *scope) error {
	n := s.network
	if err := r.findAdmin(ctx, s); err != nil {
		return err
	}
	if n.StoreKind() != v1alpha1.StoreCloudNativePG {
		s.endpoint = endpointOf(s)
	}
	s.credentials = map[naming.Role]credential{}
	for _, role := range naming.Roles() {
		if c, known := r.recallLogin(s, role); known {
			s.credentials[role] = c
		} else if err := r.readLogin(ctx, s, role); err != nil {
			return err
		}
	}
	var err error
	if s.formerInUse, err = r.usesFormer(ctx, s); err != nil {
		return err
	}
	if _, err := r.ensureKey(ctx, s, usePepper, naming.PepperSecret(n.Name), settings.PepperFile); err != nil {
		return err
	}
	s.tokenKey, err = r.ensureKey(ctx, s, useTokenKey, naming.TokenKeySecret(n.Name), settings.TokenKeyFile)
	s.keyed = err == nil
	return err
}

// endpointOf is where the network's workloads find their database: on the server of the admin login.
func endpointOf(s *scope) *network.Endpoint {
	return &network.Endpoint{
		Host: s.admin.Host, Port: s.admin.Port, Database: databaseName(s.network), SSLMode: s.admin.SSLMode, CA: s.admin.CA,
	}
}

// readAdmin reads the login that may make databases and roles: the one the spec names, the superuser of the network's own
// server, or the admin role of its Cluster.
func (r *Reconciler) readAdmin(ctx context.Context, s *scope) error {
	n := s.network
	var err error
	var secret *corev1.Secret
	switch {
	case n.StoreKind() == v1alpha1.StoreCloudNativePG:
		s.admin, secret, err = r.clusterAdmin(ctx, s)
	case n.Spec.Store.External != nil:
		if s.admin, secret, err = r.externalAdmin(ctx, n); err == nil {
			s.note.place = placeOf(s.admin)
		}
	default:
		secret, err = r.ensureSecret(ctx, s, nil, adminSecret(n, standaloneAdmin(n, "")), dbconn.KeyPassword)
		if err == nil {
			s.admin, s.nextAdmin = standaloneAdmin(n, string(secret.Data[dbconn.KeyPassword])), namesNext(secret)
		}
	}
	if err != nil || s.nextAdmin != nil { // a Secret that is to be changed is not as it will be found
		return err
	}
	s.found(useAdmin, secret)
	return nil
}

// externalAdmin reads the login that the spec of an External store names.
func (r *Reconciler) externalAdmin(ctx context.Context, n *v1alpha1.AlumniNetwork) (dbconn.Login, *corev1.Secret, error) {
	name := types.NamespacedName{Namespace: n.Namespace, Name: n.Spec.Store.External.AdminSecretRef.Name}
	secret, err := secretwatch.Read(ctx, r.Live, name, dbconn.KeyHost, dbconn.KeyUsername, dbconn.KeyPassword)
	if err != nil {
		return dbconn.Login{}, nil, err
	}
	login, err := dbconn.FromData(secret.Data)
	if err != nil {
		return login, nil, secretwatch.Invalid(secret.Name, "%v", err)
	}
	return login, secret, nil
}

// ensureSecret reads a Secret live, and makes it when it is not there. One that exists is never changed. Without owner
// it outlives the network; with one it must be this network's own.
func (r *Reconciler) ensureSecret(ctx context.Context, s *scope, owner client.Object, wanted *corev1.Secret, keys ...string) (*corev1.Secret, error) {
	name, secret := client.ObjectKeyFromObject(wanted), &corev1.Secret{}
	var err error
	makeFirst := s.first && owner != nil // a network that was never looked at hardly has any: making it tells if it has
	if !makeFirst {
		err = r.Live.Get(ctx, name, secret)
	}
	switch {
	case makeFirst, apierrors.IsNotFound(err):
		secret = wanted
		_, err = r.applier().Create(ctx, owner, secret)
	case err == nil && owner != nil:
		err = r.applier().CheckOwner(owner, secret)
	}
	switch {
	case apierrors.IsForbidden(err):
		return nil, secretwatch.Explain(err, name)
	case err != nil:
		return nil, err
	}
	for _, key := range keys {
		if len(secret.Data[key]) == 0 {
			return nil, secretwatch.Invalid(name.Name, "key %q is missing or empty", key)
		}
	}
	return secret, nil
}

// ensureKey reads a random key that outlives the network, and makes it for a network that had no store before. Beside a
// store that is in use a new key would be worse than none: erased people would be strangers to it, and the links in every
// mail sent so far would fail. A key whose Secret has not changed is not read, and nil.
func (r *Reconciler) ensureKey(ctx context.Context, s *scope, u use, name, file string) ([]byte, error) {
	if r.unchanged(s, u, name) {
		return nil, nil
	}
	secret, err := r.makeOrReadKey(ctx, s, name, file)
	if err != nil {
		return nil, err
	}
	if len(secret.Data[file]) < keyBytes {
		return nil, secretwatch.Invalid(name, "key %q is shorter than %d bytes", file, keyBytes)
	}
	s.found(u, secret)
	return secret.Data[file], nil
}

func (r *Reconciler) makeOrReadKey(ctx context.Context, s *scope, name, file string) (*corev1.Secret, error) {
	if inUse(s.network) {
		return r.readKey(ctx, s.network, name, file)
	}
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // it cannot fail
	return r.ensureSecret(ctx, s, nil, newSecret(s.network, name, labels.Settings, map[string][]byte{file: key}), file)
}

// readKey reads a key that must be there.
func (r *Reconciler) readKey(ctx context.Context, n *v1alpha1.AlumniNetwork, name, file string) (*corev1.Secret, error) {
	secret, err := secretwatch.Read(ctx, r.Live, types.NamespacedName{Namespace: n.Namespace, Name: name}, file)
	if apierrors.IsNotFound(err) {
		return nil, outcome.Stop(v1alpha1.ReasonKeyLost,
			"Secret %q is gone, and the store was used with its key: put the Secret back from a copy; docs/backup.md says what is lost without one", name)
	}
	return secret, err
}

// inUse says whether the network had a store with a schema before.
func inUse(n *v1alpha1.AlumniNetwork) bool { return schemaVersion(n) > 0 }

// schemaVersion is what was last seen of the schema; 0 when nothing was.
func schemaVersion(n *v1alpha1.AlumniNetwork) int64 {
	if n.Status.Store == nil {
		return 0
	}
	return n.Status.Store.SchemaVersion
}

// roleSecret is the login of one role. The server's address is not in it but in the network's endpoint, so that a
// server can move.
func roleSecret(s *scope, role naming.Role) *corev1.Secret {
	n := s.network
	database := databaseName(n)
	secret := newSecret(n, naming.DatabaseSecret(n.Name, role), labels.Store, map[string][]byte{
		dbconn.KeyDatabase: []byte(database),
		dbconn.KeyUsername: []byte(naming.DatabaseRole(database, role)),
		dbconn.KeyPassword: []byte(rand.Text()),
	})
	setAnnotation(secret, labels.RotatedFor, request(n))
	if inUse(n) { // it takes the place of one that is lost, so the pods must follow
		setAnnotation(secret, labels.RotatedAt, s.now.UTC().Format(time.RFC3339))
	}
	return secret
}

// adminSecret is the whole login of the admin of a server that was made for the network, with a new password. It outlives the
// network, as the volume does.
func adminSecret(n *v1alpha1.AlumniNetwork, login dbconn.Login) *corev1.Secret {
	login.Password = rand.Text()
	secret := newSecret(n, naming.AdminSecret(n.Name), labels.Store, login.Data())
	if n.StoreKind() == v1alpha1.StoreCloudNativePG {
		labels.With(secret.Labels, store.ReloadLabel, "true")
	}
	return secret
}

// standaloneAdmin is the login of the superuser of the network's own server.
func standaloneAdmin(n *v1alpha1.AlumniNetwork, password string) dbconn.Login {
	return dbconn.Login{
		Host: store.Host(n), Port: store.Port, Database: superuser, Username: superuser,
		Password: password, SSLMode: dbconn.SSLDisable,
	}
}

func newSecret(n *v1alpha1.AlumniNetwork, name string, part labels.Part, data map[string][]byte) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: n.Namespace, Name: name, Labels: labels.For(n.Name, part)},
		Type:       corev1.SecretTypeOpaque,
		Data:       data,
	}
}

// databaseName is the name of the network's database.
func databaseName(n *v1alpha1.AlumniNetwork) string {
	if x := n.Spec.Store.External; x != nil && x.Database != "" {
		return x.Database
	}
	return naming.Database(n.Namespace, n.Name)
}
