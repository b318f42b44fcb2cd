// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/postgres"
	"github.com/alumni-operator/alumni-operator/internal/runs"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
)

const (
	// leastHandover is how long former logins stay valid at least: what the caches show is behind by less.
	leastHandover = 10 * time.Second
	// mostHandover is how long they stay valid at most, but for a backup. The folders of pods that run have long been brought up to
	// date by then, and each new connection reads them.
	mostHandover = time.Hour
)

// credential is the login of one role, as its Secret has it.
type credential struct {
	found      mark           // the Secret and its version
	secret     *corev1.Secret // nil as long as it was not read in this look, for it has not changed
	generation naming.Generation
	password   string // empty without the Secret
	madeAt     time.Time
	rotatedAt  time.Time // zero while it is the first
	rotatedFor string    // the digest of the request that it was last renewed for
}

// readCredential reads a role's Secret as the operator wrote it.
func readCredential(n *v1alpha1.AlumniNetwork, role naming.Role, secret *corev1.Secret) (credential, error) {
	c := credential{
		found: markOf(secret.Name, secret.ResourceVersion), secret: secret, password: string(secret.Data[dbconn.KeyPassword]),
		madeAt: secret.CreationTimestamp.Time, rotatedFor: secret.Annotations[labels.RotatedFor],
	}
	for _, g := range []naming.Generation{naming.GenerationA, naming.GenerationB} {
		if string(secret.Data[dbconn.KeyUsername]) == naming.DatabaseLogin(databaseName(n), role, g) {
			c.generation = g
		}
	}
	if c.generation == "" {
		return c, secretwatch.Invalid(secret.Name, "key %q names none of the two logins of this role; delete the Secret, and it is made anew", dbconn.KeyUsername)
	}
	if err := postgres.VetPassword(role, c.password); err != nil {
		return c, secretwatch.Invalid(secret.Name, "%v", err)
	}
	var err error
	c.rotatedAt, err = rotatedAt(secret)
	return c, err
}

// rotatedAt is when a login was last renewed; zero while it is the first.
func rotatedAt(secret *corev1.Secret) (time.Time, error) {
	text := secret.Annotations[labels.RotatedAt]
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, secretwatch.Invalid(secret.Name, "annotation %s is not a time; remove it", labels.RotatedAt)
	}
	return at, nil
}

// stamp is the value of the label by which pods made for this login are told from older ones.
func (c credential) stamp() string {
	if c.rotatedAt.IsZero() {
		return ""
	}
	return string(c.generation) + "-" + strconv.FormatInt(c.rotatedAt.Unix(), 10)
}

// request is the digest of the annotation that asks for new logins; empty when nobody ever asked.
func request(n *v1alpha1.AlumniNetwork) string {
	value := n.Annotations[rotateAnnotation]
	if value == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:8])
}

// lastRotation is when a login of the network was last renewed.
func (s *scope) lastRotation() time.Time {
	var last time.Time
	for _, c := range s.credentials {
		if c.rotatedAt.After(last) {
			last = c.rotatedAt
		}
	}
	return last
}

// storeSpec describes the database with the logins as the Secrets have them.
func (r *Reconciler) storeSpec(s *scope) (postgres.Spec, error) {
	passwords := map[naming.Role]string{}
	for role, c := range s.credentials {
		passwords[role] = c.password
	}
	return r.describeStore(s, passwords)
}

// describeStore describes the database; without passwords for a look at it only.
func (r *Reconciler) describeStore(s *scope, passwords map[naming.Role]string) (postgres.Spec, error) {
	n := s.network
	claim := postgres.Claim{ClusterID: r.ClusterID, Namespace: n.Namespace, Name: n.Name, NetworkUID: string(n.UID)}
	logins := map[naming.Role]postgres.Logins{}
	for role, c := range s.credentials {
		logins[role] = s.loginsOf(c)
	}
	spec, err := postgres.NewSpec(databaseName(n), claim, passwords)
	if err == nil {
		spec, err = spec.WithLogins(logins)
	}
	if err != nil {
		return spec, secretwatch.Invalid(naming.DatabaseSecret(n.Name, naming.RoleOwner)+" or a Secret beside it", "%v", err)
	}
	spec.MustExist, spec.KeepRights = inUse(n), n.Status.Upgrade != nil
	spec.Trial = n.IsTrial()
	spec.Restore = n.Spec.Store.RestoreFrom != nil && !spec.MustExist
	return spec, nil
}

func (s *scope) loginsOf(c credential) postgres.Logins {
	l := postgres.Logins{Current: c.generation, Password: c.password}
	if s.formerInUse {
		l.Other = postgres.OtherKept
	}
	return l
}

// usesFormer says whether somebody may still log in as before the last rotation: a pod of the portal that was made for another
// login, or a job that began before.
func (r *Reconciler) usesFormer(ctx context.Context, s *scope) (bool, error) {
	last := s.lastRotation()
	if last.IsZero() || s.now.Sub(last) < leastHandover {
		return !last.IsZero(), nil
	}
	jobs := &batchv1.JobList{}
	if err := r.Client.List(ctx, jobs, client.InNamespace(s.network.Namespace), client.MatchingLabels{labels.Network: s.network.Name}); err != nil {
		return false, fmt.Errorf("list jobs: %w", err)
	}
	long := s.now.Sub(last) > mostHandover
	for i := range jobs.Items {
		j := &jobs.Items[i]
		began := j.CreationTimestamp.Time.Before(last.Add(leastHandover)) && !ptr.Deref(j.Spec.Suspend, false) && !runs.Ended(j)
		// A backup reads its login once, for all the hours that it may take.
		if began && (!long || j.Labels[labels.Component] == string(labels.Backup)) {
			return true, nil
		}
	}
	if long {
		return false, nil
	}
	return r.portalUsesFormer(ctx, s)
}

func (r *Reconciler) portalUsesFormer(ctx context.Context, s *scope) (bool, error) {
	pods := &corev1.PodList{}
	selector := client.MatchingLabels(labels.Selector(s.network.Name, labels.Portal))
	if err := r.Client.List(ctx, pods, client.InNamespace(s.network.Namespace), selector); err != nil {
		return false, fmt.Errorf("list pods: %w", err)
	}
	stamp := s.credentials[naming.RolePortal].stamp()
	for i := range pods.Items {
		p := &pods.Items[i]
		if p.Labels[labels.StoreLogin] != stamp && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed {
			return true, nil
		}
	}
	return false, nil
}
