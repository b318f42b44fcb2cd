// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/postgres"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
)

// keyNextPassword of the admin's Secret of a Standalone store is the password that its server gets next, from whoever puts it
// there: a rotation, or an administrator. It is written before the server has it, so that a crash loses neither.
const keyNextPassword = "next-password"

// namesNext gives the Secret of an admin when it names a password that comes next.
func namesNext(secret *corev1.Secret) *corev1.Secret {
	if len(secret.Data[keyNextPassword]) == 0 {
		return nil
	}
	return secret
}

// renewAdmin gives the superuser of the network's own server the password that its Secret names as the next, and then moves it to
// where the present one stands. What keeps it from that is told by rotateLogins: the store is none the worse.
func (r *Reconciler) renewAdmin(ctx context.Context, s *scope) error {
	if s.nextAdmin == nil {
		return nil
	}
	next := string(s.nextAdmin.Data[keyNextPassword])
	err := r.withTurn(ctx, s.admin, 1, func() (err error) {
		s.admin, err = postgres.RenewAdmin(ctx, s.admin, next)
		return err
	})
	switch {
	case errors.Is(err, postgres.ErrUnfitPassword):
		return secretwatch.Invalid(s.nextAdmin.Name, "key %q cannot be taken: %v", keyNextPassword, postgres.ErrUnfitPassword)
	case errors.Is(err, postgres.ErrAuthentication):
		return refusedAdmin(s.network, err)
	case err != nil:
		return explain(err)
	}
	secret := s.nextAdmin.DeepCopy()
	secret.Data[dbconn.KeyPassword] = []byte(next)
	delete(secret.Data, keyNextPassword)
	setAnnotation(secret, labels.RotatedAt, s.now.UTC().Format(time.RFC3339))
	if err := r.changeSecret(ctx, s.nextAdmin, secret); err != nil {
		return err
	}
	s.found(useAdmin, secret)
	log.FromContext(ctx).Info("Renewed the password of the server's admin")
	r.Recorder.Eventf(s.network, nil, corev1.EventTypeNormal, v1alpha1.ReasonCredentialsRotated, "Rotate",
		"The password of the server's admin was renewed, in Secret %s", secret.Name)
	return nil
}

// wishNextAdmin names a next password for the superuser of the network's own server, once for each rotation of the roles' logins.
// The next look gives it to the server.
func (r *Reconciler) wishNextAdmin(ctx context.Context, s *scope) error {
	if s.network.StoreKind() != v1alpha1.StoreStandalone {
		return nil
	}
	name := types.NamespacedName{Namespace: s.network.Namespace, Name: naming.AdminSecret(s.network.Name)}
	before, err := secretwatch.Read(ctx, r.Live, name, dbconn.KeyPassword)
	if err != nil {
		return err
	}
	c := credential{madeAt: before.CreationTimestamp.Time, rotatedFor: before.Annotations[labels.RotatedFor]}
	if c.rotatedAt, err = rotatedAt(before); err != nil || namesNext(before) != nil || !s.isDue(c) {
		return err
	}
	secret := before.DeepCopy()
	secret.Data[keyNextPassword] = []byte(rand.Text())
	setAnnotation(secret, labels.RotatedFor, request(s.network))
	return r.changeSecret(ctx, before, secret)
}
