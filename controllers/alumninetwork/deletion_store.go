// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/postgres"
	"github.com/alumni-operator/alumni-operator/internal/resources/store"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
)

// The kinds of objects that hold a store.
const (
	kindServer  = "StatefulSet"
	kindVolume  = "PersistentVolumeClaim"
	kindCluster = "Cluster"
)

// takeStock checks that the store is the network's own, and counts what is in it.
func (r *Reconciler) takeStock(ctx context.Context, n *v1alpha1.AlumniNetwork, c *deletionCertificate) error {
	in := r.dropInput(n)
	var err error
	switch {
	case n.StoreKind() == v1alpha1.StoreStandalone:
		in.Admin, err = r.standaloneLeft(ctx, n, c)
	case n.StoreKind() == v1alpha1.StoreCloudNativePG && n.ForeignCluster() == "":
		in.Admin, err = r.clusterLeft(ctx, n, c)
	default:
		in.Admin, err = r.sharedAdmin(ctx, n)
	}
	if err != nil || in.Admin.Host == "" {
		return err // without a host there is no server any more, and nothing on it
	}
	stock, err := postgres.TakeStock(ctx, in)
	if err != nil {
		return explainDrop(err)
	}
	c.Store.Found, c.Store.ServerVersion, c.Store.SchemaVersion = stock.Found, stock.ServerVersion, stock.SchemaVersion
	for _, t := range stock.Tables {
		c.Store.Tables = append(c.Store.Tables, deletedTable{Table: t.Table, Rows: t.Rows})
	}
	return nil
}

func (r *Reconciler) dropInput(n *v1alpha1.AlumniNetwork) postgres.DropInput {
	return postgres.DropInput{
		Database: databaseName(n),
		Claim:    postgres.Claim{ClusterID: r.ClusterID, Namespace: n.Namespace, Name: n.Name, NetworkUID: string(n.UID)},
	}
}

// dropStore drops what the record says. A server that others use as well loses this network's database and roles; one of the
// network's own goes as a whole.
func (r *Reconciler) dropStore(ctx context.Context, n *v1alpha1.AlumniNetwork, d *deletionRecord) error {
	if n.StoreKind() == v1alpha1.StoreExternal || n.ForeignCluster() != "" {
		admin, err := r.sharedAdmin(ctx, n)
		if err != nil {
			return err
		}
		in := r.dropInput(n)
		in.Admin = admin
		return explainDrop(postgres.Drop(ctx, in))
	}
	for _, object := range d.content.Objects {
		if err := r.dropObject(ctx, n, object); err != nil {
			return err
		}
	}
	return nil
}

// dropObject deletes the very object that was recorded, and waits until it is gone. Where to look and whose it must be does not
// come from the record, which others may write as well.
func (r *Reconciler) dropObject(ctx context.Context, n *v1alpha1.AlumniNetwork, recorded deletedObject) error {
	var live client.Object
	var name string
	switch recorded.Kind {
	case kindServer:
		live, name = &appsv1.StatefulSet{}, naming.StoreServer(n.Name)
	case kindVolume:
		live, name = &corev1.PersistentVolumeClaim{}, naming.StoreClaim(n.Name)
	case kindCluster:
		live, name = store.NamedCluster(n), store.ClusterName(n)
	default:
		return nil
	}
	read := func() error { return r.Live.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: name}, live) }
	err := read()
	switch {
	case apierrors.IsNotFound(err), err == nil && (live.GetUID() != recorded.UID || live.GetLabels()[labels.Network] != n.Name):
		return nil
	case err != nil:
		return fmt.Errorf("read %s %s: %w", recorded.Kind, name, err)
	case live.GetDeletionTimestamp() == nil:
		if err := r.applier().Delete(ctx, live); err != nil {
			return err
		}
		if err := read(); apierrors.IsNotFound(err) {
			return nil
		}
	}
	return outcome.Wait(outcome.Soon, v1alpha1.ReasonDroppingStore, "waits for %s %q to be gone", recorded.Kind, name)
}

// dropSecrets deletes the logins and keys that would outlive the network. They come last: until then the store can be read.
func (r *Reconciler) dropSecrets(ctx context.Context, n *v1alpha1.AlumniNetwork) error {
	names := []string{naming.TokenKeySecret(n.Name), naming.PepperSecret(n.Name)}
	if n.StoreKind() != v1alpha1.StoreExternal && n.ForeignCluster() == "" {
		names = append(names, naming.AdminSecret(n.Name))
	}
	for _, name := range names {
		secret, key := &corev1.Secret{}, types.NamespacedName{Namespace: n.Namespace, Name: name}
		err := r.Live.Get(ctx, key, secret)
		if apierrors.IsNotFound(err) || (err == nil && secret.Labels[labels.Network] != n.Name) {
			continue
		}
		if err == nil {
			err = r.applier().Delete(ctx, secret)
		}
		if err != nil {
			return secretwatch.Explain(err, key)
		}
	}
	return nil
}

// sharedAdmin is the admin login of a server that is not the network's own.
func (r *Reconciler) sharedAdmin(ctx context.Context, n *v1alpha1.AlumniNetwork) (dbconn.Login, error) {
	if n.Spec.Store.External != nil {
		login, _, err := r.externalAdmin(ctx, n)
		return login, err
	}
	login, _, err := r.foreignClusterAdmin(ctx, n)
	if err != nil {
		return login, err
	}
	live, err := r.foreignCluster(ctx, n)
	if err != nil {
		return login, err
	}
	return r.withAuthority(ctx, n, live, login)
}

// withAuthority completes the admin login of a Cluster that serves.
func (r *Reconciler) withAuthority(ctx context.Context, n *v1alpha1.AlumniNetwork, live *unstructured.Unstructured, login dbconn.Login) (dbconn.Login, error) {
	found, err := readCluster(n, live)
	if err != nil {
		return login, err
	}
	if err := found.serves(); err != nil {
		return login, err
	}
	secret, err := r.clusterCA(ctx, n, found)
	if err != nil {
		return login, err
	}
	login.CA = secret.Data[dbconn.KeyCA]
	return login, nil
}

// standaloneLeft records server and volume, and reads the admin login that is there. No login is made any more.
func (r *Reconciler) standaloneLeft(ctx context.Context, n *v1alpha1.AlumniNetwork, c *deletionCertificate) (dbconn.Login, error) {
	server, volume := &appsv1.StatefulSet{}, &corev1.PersistentVolumeClaim{}
	serverErr := r.Live.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: naming.StoreServer(n.Name)}, server)
	volumeErr := r.Live.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: naming.StoreClaim(n.Name)}, volume)
	if err := errors.Join(client.IgnoreNotFound(serverErr), client.IgnoreNotFound(volumeErr)); err != nil {
		return dbconn.Login{}, fmt.Errorf("read the server: %w", err)
	}
	hasServer := serverErr == nil && metav1.IsControlledBy(server, n)
	if hasServer {
		c.Objects = append(c.Objects, deletedObject{Kind: kindServer, Name: server.Name, UID: server.UID})
	}
	if apierrors.IsNotFound(volumeErr) {
		return dbconn.Login{}, nil // the rows are gone with their volume
	}
	if volume.Labels[labels.Network] != n.Name {
		return dbconn.Login{}, outcome.Stop(v1alpha1.ReasonNotOwned, "PersistentVolumeClaim %q is not of this network", volume.Name)
	}
	c.Objects = append(c.Objects, deletedObject{Kind: kindVolume, Name: volume.Name, UID: volume.UID})
	if !hasServer {
		return dbconn.Login{}, outcome.Retry(outcome.Poll, v1alpha1.ReasonServerGone,
			"PersistentVolumeClaim %q is there, and no server that could say whose rows are on it; if they may go, delete it yourself", volume.Name)
	}
	password, err := r.ownPassword(ctx, n)
	return standaloneAdmin(n, password), err
}

// clusterLeft records the network's own Cluster, and reads its admin login.
func (r *Reconciler) clusterLeft(ctx context.Context, n *v1alpha1.AlumniNetwork, c *deletionCertificate) (dbconn.Login, error) {
	live, there := store.NamedCluster(n), true
	err := r.needKind(store.Cluster, func() error {
		err := r.Live.Get(ctx, client.ObjectKeyFromObject(live), live)
		there = !apierrors.IsNotFound(err)
		return client.IgnoreNotFound(err)
	})
	if err != nil || !there {
		return dbconn.Login{}, err
	}
	if live.GetLabels()[labels.Network] != n.Name {
		return dbconn.Login{}, outcome.Stop(v1alpha1.ReasonNotOwned, "Cluster %q is not of this network", live.GetName())
	}
	c.Objects = append(c.Objects, deletedObject{Kind: kindCluster, Name: live.GetName(), UID: live.GetUID()})
	login := clusterLogin(n)
	if login.Password, err = r.ownPassword(ctx, n); err != nil {
		return login, err
	}
	return r.withAuthority(ctx, n, live, login)
}

// ownPassword reads the password of the admin of the network's own server.
func (r *Reconciler) ownPassword(ctx context.Context, n *v1alpha1.AlumniNetwork) (string, error) {
	name := types.NamespacedName{Namespace: n.Namespace, Name: naming.AdminSecret(n.Name)}
	secret, err := secretwatch.Read(ctx, r.Live, name, dbconn.KeyPassword)
	if err != nil {
		return "", err
	}
	return string(secret.Data[dbconn.KeyPassword]), nil
}

// explainDrop gives an error of dropping its reason.
func explainDrop(err error) error {
	var claimed *postgres.ClaimedError
	switch {
	case errors.As(err, &claimed):
		return &outcome.Terminal{Reason: v1alpha1.ReasonStoreClaimed, Err: err,
			Message: fmt.Sprintf("database %q or one of its roles belongs to another network, or was never taken up by this one; nothing of it was dropped", claimed.Database)}
	case errors.Is(err, postgres.ErrNotEmpty):
		return &outcome.Terminal{Reason: v1alpha1.ReasonStoreNotEmpty, Err: err,
			Message: "the database holds objects and no claim of any network: it is somebody else's, and nothing of it was dropped"}
	case errors.Is(err, postgres.ErrInUse):
		return &outcome.Failure{Reason: v1alpha1.ReasonStoreInUse, Err: err, After: outcome.Poll,
			Message: "somebody else's session, replication slot or object holds on to the database or a role, and the admin role may not end that; see the operator's log"}
	}
	return explain(err)
}
