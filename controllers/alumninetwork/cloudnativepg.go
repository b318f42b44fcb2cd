// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/resources/store"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
)

// clusterPoll is the pause between two looks at a Cluster that does not serve. No watch reports on it, for its kind may
// come and go.
const clusterPoll = 5 * time.Second

// cluster is what is known of a Cluster.
type cluster struct {
	name string
	clusterStatus
}

// clusterStatus is the part of a Cluster that CloudNativePG writes and that is of use here.
type clusterStatus struct {
	Phase          string `json:"phase"`
	Image          string `json:"image"`
	Instances      int    `json:"instances"`
	ReadyInstances int    `json:"readyInstances"`
	CurrentPrimary string `json:"currentPrimary"`
	TargetPrimary  string `json:"targetPrimary"`
	Certificates   struct {
		ServerCASecret string `json:"serverCASecret"`
	} `json:"certificates"`
	ManagedRoles struct {
		ByStatus        map[string][]string `json:"byStatus"`
		CannotReconcile map[string][]string `json:"cannotReconcile"`
	} `json:"managedRolesStatus"`
}

// clusterLogin is the login of the admin role of the network's own Cluster, without its password.
func clusterLogin(n *v1alpha1.AlumniNetwork) dbconn.Login {
	return dbconn.Login{
		Host: store.ClusterHost(n), Port: store.Port, Database: superuser, Username: store.AdminRole,
		SSLMode: dbconn.SSLVerifyFull,
	}
}

// clusterAdmin is the login that may make databases and roles in a Cluster. The certificate is added when the Cluster is
// there.
func (r *Reconciler) clusterAdmin(ctx context.Context, s *scope) (dbconn.Login, *corev1.Secret, error) {
	if s.network.ForeignCluster() != "" {
		return r.foreignClusterAdmin(ctx, s.network)
	}
	login := clusterLogin(s.network)
	secret, err := r.ensureSecret(ctx, s, nil, adminSecret(s.network, login), dbconn.KeyUsername, dbconn.KeyPassword)
	if err != nil {
		return login, nil, err
	}
	login.Password = string(secret.Data[dbconn.KeyPassword])
	return login, secret, nil
}

// foreignClusterAdmin is the login that the spec names for a Cluster that others keep.
func (r *Reconciler) foreignClusterAdmin(ctx context.Context, n *v1alpha1.AlumniNetwork) (dbconn.Login, *corev1.Secret, error) {
	login, ref := clusterLogin(n), n.Spec.Store.CloudNativePG.AdminSecretRef
	secret, err := secretwatch.Read(ctx, r.Live, types.NamespacedName{Namespace: n.Namespace, Name: ref.Name},
		dbconn.KeyUsername, dbconn.KeyPassword)
	if err != nil {
		return login, nil, err
	}
	data := login.Data()
	data[dbconn.KeyUsername], data[dbconn.KeyPassword] = secret.Data[dbconn.KeyUsername], secret.Data[dbconn.KeyPassword]
	if login, err = dbconn.FromData(data); err != nil {
		return login, nil, secretwatch.Invalid(secret.Name, "%v", err)
	}
	return login, secret, nil
}

// runCluster keeps the network's Cluster, or finds the one that others keep, and waits until it has a primary.
func (r *Reconciler) runCluster(ctx context.Context, s *scope) error {
	found, err := r.findCluster(ctx, s.network)
	if err != nil {
		return err
	}
	if err := found.serves(); err != nil {
		return err
	}
	if err := found.knowsAdmin(s); err != nil {
		return err
	}
	if err := r.findAuthority(ctx, s, found); err != nil {
		return err
	}
	s.serverImage, s.serverNote = found.Image, found.note()
	s.endpoint = endpointOf(s)
	return nil
}

// findCluster reads the Cluster, after applying it where it is the network's own.
func (r *Reconciler) findCluster(ctx context.Context, n *v1alpha1.AlumniNetwork) (*cluster, error) {
	find := r.keepCluster
	if n.ForeignCluster() != "" {
		find = r.foreignCluster
	}
	live, err := find(ctx, n)
	if err != nil {
		return nil, err
	}
	return readCluster(n, live)
}

// readCluster takes from a Cluster what is of use here.
func readCluster(n *v1alpha1.AlumniNetwork, live *unstructured.Unstructured) (*cluster, error) {
	var seen struct {
		Status clusterStatus `json:"status"`
	}
	name := store.ClusterName(n)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, &seen); err != nil {
		return nil, fmt.Errorf("read the status of Cluster %s/%s: %w", n.Namespace, name, err)
	}
	return &cluster{name: name, clusterStatus: seen.Status}, nil
}

// keepCluster applies the network's own Cluster and what backs it up.
func (r *Reconciler) keepCluster(ctx context.Context, n *v1alpha1.AlumniNetwork) (*unstructured.Unstructured, error) {
	in := store.Input{Network: n}
	wanted, err := store.BuildCluster(in)
	if err != nil {
		return nil, err
	}
	if err := r.needKind(store.Cluster, func() error { return r.applier().ApplyRetained(ctx, wanted) }); err != nil {
		return nil, err
	}
	backup := store.BuildScheduledBackup(in)
	if backup == nil {
		_, err := r.whileServed(store.ScheduledBackup, func() error { return r.applier().Remove(ctx, n, store.NamedScheduledBackup(in)) })
		return wanted, err
	}
	return wanted, r.needKind(store.ScheduledBackup, func() error { return r.applier().Apply(ctx, n, backup) })
}

// foreignCluster reads the Cluster that others keep.
func (r *Reconciler) foreignCluster(ctx context.Context, n *v1alpha1.AlumniNetwork) (*unstructured.Unstructured, error) {
	live := store.NamedCluster(n)
	err := r.needKind(store.Cluster, func() error {
		err := r.Live.Get(ctx, client.ObjectKeyFromObject(live), live)
		if apierrors.IsNotFound(err) {
			return outcome.Retry(clusterPoll, v1alpha1.ReasonClusterNotFound,
				"Cluster %q does not exist in this namespace; create it, or correct cloudNativePG.clusterRef", live.GetName())
		}
		return err
	})
	return live, err
}

// needKind does something with an object of CloudNativePG, or says that the cluster does not serve its kind. That heals
// when CloudNativePG is installed.
func (r *Reconciler) needKind(kind schema.GroupVersionKind, do func() error) error {
	served, err := r.whileServed(kind, do)
	if err != nil || served {
		return err
	}
	return outcome.Wait(outcome.Poll, v1alpha1.ReasonCloudNativePGMissing,
		"the cluster does not serve %s of %s; install CloudNativePG", kind.Kind, kind.GroupVersion())
}

// serves says whether the Cluster has a primary that stays one. A phase is one of CloudNativePG's own fixed sentences.
func (c *cluster) serves() error {
	if c.ReadyInstances > 0 && c.CurrentPrimary != "" && c.CurrentPrimary == c.TargetPrimary {
		return nil
	}
	return outcome.Wait(clusterPoll, v1alpha1.ReasonClusterNotReady, "Cluster %q has no primary that serves: %s", c.name, c.phase())
}

func (c *cluster) phase() string {
	if c.Phase == "" {
		return "CloudNativePG has not answered for it yet"
	}
	return c.Phase
}

// knowsAdmin waits until CloudNativePG has made the admin role of the network's own Cluster. Later the role is not asked
// for any more, for a store at rest needs none.
func (c *cluster) knowsAdmin(s *scope) error {
	roles := c.ManagedRoles
	if inUse(s.network) || s.network.ForeignCluster() != "" || slices.Contains(roles.ByStatus["reconciled"], store.AdminRole) {
		return nil
	}
	if _, refused := roles.CannotReconcile[store.AdminRole]; refused {
		return outcome.Retry(clusterPoll, v1alpha1.ReasonClusterNotReady,
			"Cluster %q cannot make role %q; see its status.managedRolesStatus", c.name, store.AdminRole)
	}
	return outcome.Wait(clusterPoll, v1alpha1.ReasonClusterNotReady, "Cluster %q has not made role %q yet", c.name, store.AdminRole)
}

// note tells what is worth knowing of a Cluster that serves; empty when all of its instances are ready.
func (c *cluster) note() string {
	if c.ReadyInstances >= c.Instances {
		return ""
	}
	return fmt.Sprintf("; Cluster %q has %d of %d instances ready", c.name, c.ReadyInstances, c.Instances)
}

// findAuthority adds the authority that signs the Cluster's servers to the admin's login: from what was published, where its
// Secret has not changed.
func (r *Reconciler) findAuthority(ctx context.Context, s *scope, c *cluster) error {
	name := authoritySecret(s.network, c)
	if r.unchanged(s, useAuthority, name) {
		login := s.admin
		published, err := r.published(ctx, s.network)
		if err != nil {
			return err
		}
		if login.CA = published.CA; placeOf(login) == s.note.place {
			s.admin = login
			return nil
		}
	}
	secret, err := r.clusterCA(ctx, s.network, c)
	if err != nil {
		return err
	}
	s.admin.CA = secret.Data[dbconn.KeyCA]
	s.note.place = placeOf(s.admin)
	s.found(useAuthority, secret)
	return nil
}

// authoritySecret is the Secret with the certificate of the authority that signs the Cluster's servers.
func authoritySecret(n *v1alpha1.AlumniNetwork, c *cluster) string {
	if name := c.Certificates.ServerCASecret; name != "" {
		return name
	}
	return store.ClusterCA(n)
}

// clusterCA reads the certificate of the authority that signs the Cluster's servers: of the network's own namespace, as
// everything else.
func (r *Reconciler) clusterCA(ctx context.Context, n *v1alpha1.AlumniNetwork, c *cluster) (*corev1.Secret, error) {
	name, secret := authoritySecret(n, c), &corev1.Secret{}
	key := types.NamespacedName{Namespace: n.Namespace, Name: name}
	err := r.Live.Get(ctx, key, secret)
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, secretwatch.Explain(err, key)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(secret.Data[dbconn.KeyCA]) {
		return nil, outcome.Retry(clusterPoll, v1alpha1.ReasonCAMissing,
			"Secret %q of Cluster %q is missing, or its key %q holds no certificate", name, c.name, dbconn.KeyCA)
	}
	return secret, nil
}
