// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/apply"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/retention/canonical"
)

// deletionFormat names this form of certificate. A reader that does not know it must not guess.
const deletionFormat = "alumni-operator.io/deletion-certificate/v1"

// Keys of the ConfigMap: the intent before anything is dropped, and the certificate in its place after.
const (
	intentKey      = "intent.json"
	certificateKey = "certificate.json"
	digestKey      = "certificate.sha256"
)

// deletionCertificate tells what was dropped with a network: in numbers, of nobody in particular. Times are RFC 3339 in UTC.
type deletionCertificate struct {
	Format       string          `json:"format"`
	Network      deletedNetwork  `json:"network"`
	Confirmation string          `json:"confirmation"`           // the annotation; who set it only the API server's audit log knows
	HoldsRelease string          `json:"holdsRelease,omitempty"` // the annotation that let people on legal hold go
	Store        deletedStore    `json:"store"`
	Objects      []deletedObject `json:"objects"` // of Kubernetes, that held the store
	Kept         []string        `json:"kept"`
	BeganAt      string          `json:"beganAt"`
	FinishedAt   string          `json:"finishedAt,omitempty"`
}

type deletedNetwork struct {
	Cluster   string    `json:"cluster"`
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	UID       types.UID `json:"uid"`
}

type deletedStore struct {
	Type          string         `json:"type"`
	Database      string         `json:"database"`
	Found         bool           `json:"found"` // false: there was no database of this network any more, or not yet
	ServerVersion string         `json:"serverVersion"`
	SchemaVersion int64          `json:"schemaVersion"`
	Tables        []deletedTable `json:"tables"`
}

type deletedTable struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

type deletedObject struct {
	Kind string    `json:"kind"`
	Name string    `json:"name"`
	UID  types.UID `json:"uid"`
}

// deletionRecord is the certificate and the ConfigMap that it is kept in.
type deletionRecord struct {
	config  *corev1.ConfigMap
	content deletionCertificate
}

// begun says that the claim was checked, the rows were counted, and the dropping may go on.
func (d *deletionRecord) begun() bool { return d.config.UID != "" }

func (d *deletionRecord) finished() bool { return d.begun() && d.config.Data[certificateKey] != "" }

// findRecord reads the record of this deletion, or names the one that is to be made. A record of the same day that another
// network of this name left is never touched.
func (r *Reconciler) findRecord(ctx context.Context, n *v1alpha1.AlumniNetwork) (*deletionRecord, error) {
	name := naming.DeletionCertificate(n.Name, n.DeletionTimestamp.Time)
	for _, name := range []string{name, fmt.Sprintf("%s-%.8s", name, n.UID)} {
		d := &deletionRecord{config: &corev1.ConfigMap{}}
		err := r.Live.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: name}, d.config)
		if apierrors.IsNotFound(err) {
			d.config = &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
				Namespace: n.Namespace, Name: name, Labels: labels.For(n.Name, labels.Deletion),
			}}
			return d, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read ConfigMap %s: %w", name, err)
		}
		text := d.config.Data[certificateKey]
		if text == "" {
			text = d.config.Data[intentKey]
		}
		if json.Unmarshal([]byte(text), &d.content) == nil && d.content.Format == deletionFormat && d.content.Network == r.deletedNetwork(n) {
			return d, nil
		}
	}
	return nil, outcome.Stop(v1alpha1.ReasonNotOwned, "ConfigMap %q exists and is no record of this deletion; rename or remove it", name)
}

func (r *Reconciler) deletedNetwork(n *v1alpha1.AlumniNetwork) deletedNetwork {
	return deletedNetwork{Cluster: r.ClusterID, Namespace: n.Namespace, Name: n.Name, UID: n.UID}
}

// beginRecord checks and counts what is to go, and writes that down before anything goes.
func (r *Reconciler) beginRecord(ctx context.Context, n *v1alpha1.AlumniNetwork, d *deletionRecord) error {
	d.content = deletionCertificate{
		Format: deletionFormat, Network: r.deletedNetwork(n), Confirmation: n.Annotations[confirmAnnotation],
		HoldsRelease: n.Annotations[v1alpha1.ReleaseHoldsAnnotation],
		Store:        deletedStore{Type: string(n.StoreKind()), Database: databaseName(n), Tables: []deletedTable{}}, Objects: []deletedObject{},
		Kept: keptAfter(n), BeganAt: r.Clock.Now().UTC().Format(time.RFC3339),
	}
	if err := r.takeStock(ctx, n, &d.content); err != nil {
		return err
	}
	if err := released(n, d.content.Store.Tables, r.Clock.Now()); err != nil {
		return err
	}
	text, err := canonical.Marshal(d.content)
	if err != nil {
		return fmt.Errorf("write the intent: %w", err)
	}
	d.config.Data = map[string]string{intentKey: string(text)}
	if err := r.Client.Create(ctx, d.config, client.FieldOwner(apply.FieldManager)); err != nil {
		return fmt.Errorf("write the intent: %w", err)
	}
	return nil
}

// finishRecord turns the intent into the certificate, which nobody can change any more.
func (r *Reconciler) finishRecord(ctx context.Context, d *deletionRecord) error {
	d.content.FinishedAt = r.Clock.Now().UTC().Format(time.RFC3339)
	text, err := canonical.Marshal(d.content)
	if err != nil {
		return fmt.Errorf("write the certificate: %w", err)
	}
	digest, before, fixed := sha256.Sum256(text), d.config.DeepCopy(), true
	d.config.Data = map[string]string{certificateKey: string(text), digestKey: hex.EncodeToString(digest[:])}
	d.config.Immutable = &fixed
	lock := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, d.config, lock, client.FieldOwner(apply.FieldManager)); err != nil {
		return fmt.Errorf("write the certificate: %w", err)
	}
	return nil
}

// keptAfter says in words what a deletion does not reach.
func keptAfter(n *v1alpha1.AlumniNetwork) []string {
	kept := []string{
		"backups at their destinations, until their own retention ends",
		"write-ahead logs, replicas and snapshots of volumes outside of this network's own objects",
		"mail that was delivered, and the logs of mail servers",
	}
	switch {
	case n.Spec.Store.External != nil:
		kept = append(kept, fmt.Sprintf("the server, and Secret %s with its admin login", n.Spec.Store.External.AdminSecretRef.Name))
	case n.ForeignCluster() != "":
		kept = append(kept, fmt.Sprintf("Cluster %s, and Secret %s with its admin login", n.ForeignCluster(), n.Spec.Store.CloudNativePG.AdminSecretRef.Name))
	}
	return kept
}
