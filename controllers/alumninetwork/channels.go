// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"

	"k8s.io/apimachinery/pkg/types"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/mail"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
)

// checkChannels looks whether every declared sender has what it needs. It talks to no server: a controller that did
// could be made to knock on doors.
func (r *Reconciler) checkChannels(ctx context.Context, s *scope) error {
	n := s.network
	email := n.Email()
	if n.IsTrial() {
		conditions.True(n, v1alpha1.ChannelsReadyCondition, v1alpha1.ReasonCaptured, "The network is a trial: every mail stays in its store")
		return nil
	}
	if email != nil && email.CredentialsSecretRef != nil {
		ref := email.CredentialsSecretRef
		if !r.unchanged(s, useEmail, ref.Name) {
			if s.channels = r.readSender(ctx, s, ref.Name); s.channels != nil {
				return s.channels
			}
		}
	}
	if email != nil && email.DKIM != nil {
		if err := r.checkSigningKey(ctx, s, email.DKIM.SecretRef.Name); err != nil {
			s.channels = err
			return err
		}
	}
	if err := r.checkDestinations(ctx, s); err != nil {
		return err
	}
	if email == nil {
		conditions.True(n, v1alpha1.ChannelsReadyCondition, v1alpha1.ReasonNoSender,
			"No mail server is declared: the portal shows its pages, and nobody can sign in or be written to")
		return nil
	}
	conditions.True(n, v1alpha1.ChannelsReadyCondition, v1alpha1.ReasonConfigured, "Every declared sender has what it needs")
	return nil
}

// checkSigningKey looks whether mails can be signed, and keeps nothing of the key.
func (r *Reconciler) checkSigningKey(ctx context.Context, s *scope, name string) error {
	if r.unchanged(s, useDKIM, name) {
		return nil
	}
	secret, err := secretwatch.Read(ctx, r.Live, types.NamespacedName{Namespace: s.network.Namespace, Name: name}, mail.SigningKeyFile)
	if err != nil {
		return err
	}
	if _, err := mail.ParseSigningKey(secret.Data[mail.SigningKeyFile]); err != nil {
		return secretwatch.Invalid(name, "key %q, which channels.email.dkim signs with: %v", mail.SigningKeyFile, err)
	}
	s.found(useDKIM, secret)
	return nil
}

// readSender reads the login at the mail server.
func (r *Reconciler) readSender(ctx context.Context, s *scope, name string) error {
	secret, err := secretwatch.Read(ctx, r.Live, types.NamespacedName{Namespace: s.network.Namespace, Name: name}, "username", "password")
	if err != nil {
		return err
	}
	s.emailCredentials = map[string][]byte{"username": secret.Data["username"], "password": secret.Data["password"]}
	s.found(useEmail, secret)
	return nil
}
