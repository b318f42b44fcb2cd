// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/broadcast"
	"github.com/alumni-operator/alumni-operator/internal/channel/line"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
)

// destinationFallback is the pause after which a destination at fault is looked at although nobody has told of a change.
const destinationFallback = time.Minute

// checkDestinations looks whether the LINE account has its keys, and each destination of Slack, Teams and webhooks an address that
// may be called. It calls none. The error speaks of the first that has not.
func (r *Reconciler) checkDestinations(ctx context.Context, s *scope) error {
	declared := s.network.Destinations()
	if len(declared) == 0 {
		s.note.destinations = nil
		return nil
	}
	before := s.note.destinations
	s.note.destinations = make(map[string]mark, len(declared))
	var first error
	for _, d := range declared {
		if r.Notes.stands(s.network.Namespace, d.SecretRef.Name, before[d.Field]) {
			s.note.destinations[d.Field] = before[d.Field]
			continue
		}
		found, err := r.openDestination(ctx, s.network.Namespace, d)
		if err == nil {
			s.note.destinations[d.Field] = found
		} else if first == nil {
			first = err
		}
	}
	return first
}

// openDestination reads the Secret of one destination and tells the version that is in order.
func (r *Reconciler) openDestination(ctx context.Context, namespace string, d v1alpha1.NamedDestination) (mark, error) {
	secret, err := secretwatch.Read(ctx, r.Live, types.NamespacedName{Namespace: namespace, Name: d.SecretRef.Name})
	var failure *outcome.Failure
	switch {
	case errors.As(err, &failure) && failure.Reason == v1alpha1.ReasonSecretNotFound:
		return mark{}, &outcome.Failure{Reason: v1alpha1.ReasonDestinationSecretNotFound, After: failure.After, Err: failure.Err,
			Message: d.Field + ".secretRef: " + failure.Message}
	case err != nil:
		return mark{}, err
	}
	if d.Channel == v1alpha1.ChannelLINE {
		err = line.CheckSecret(secret.Data)
	} else {
		client := broadcast.NewClient(r.EgressAllow, broadcast.Timeout)
		_, err = broadcast.Open(broadcast.Options{Client: client}, string(d.Channel), d.Name, secret.Data)
	}
	switch {
	case broadcast.IsRefusal(err):
		return mark{}, outcome.Retry(destinationFallback, v1alpha1.ReasonDestinationRefused, "%s.secretRef: Secret %q: %v", d.Field, secret.Name, err)
	case err != nil:
		return mark{}, outcome.Retry(destinationFallback, v1alpha1.ReasonDestinationSecretInvalid, "%s.secretRef: Secret %q: %v", d.Field, secret.Name, err)
	}
	return markOf(secret.Name, secret.ResourceVersion), nil
}
