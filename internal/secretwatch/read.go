// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package secretwatch

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
)

// fallback is the pause after which a missing Secret is looked for although its watch has told nothing.
const fallback = time.Minute

// Read gets one named Secret from the API server, never from a cache, and checks that it holds the keys with
// something in them. Its errors are ready to be shown in a condition.
func Read(ctx context.Context, live client.Reader, name types.NamespacedName, keys ...string) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	if err := live.Get(ctx, name, secret); err != nil {
		return nil, Explain(err, name)
	}
	for _, key := range keys {
		if len(secret.Data[key]) == 0 {
			return nil, Invalid(name.Name, "key %q is missing or empty", key)
		}
	}
	return secret, nil
}

// Explain gives an error of reading or creating a Secret its meaning. Other errors are wrapped as they are.
func Explain(err error, name types.NamespacedName) error {
	switch {
	case apierrors.IsNotFound(err):
		return &outcome.Failure{Reason: v1alpha1.ReasonSecretNotFound, After: fallback, Err: err,
			Message: fmt.Sprintf("Secret %q does not exist", name.Name)}
	case apierrors.IsForbidden(err):
		return outcome.Retry(outcome.Poll, v1alpha1.ReasonSecretsForbidden,
			"the operator may not use Secrets in namespace %q; bind ClusterRole alumni-operator-secrets there: kubectl apply -n %s -k config/tenant",
			name.Namespace, name.Namespace)
	default:
		return fmt.Errorf("read Secret %s: %w", name.Name, err)
	}
}

// Invalid says what is wrong with a Secret, never what it holds.
func Invalid(name, format string, args ...any) error {
	return outcome.Retry(fallback, v1alpha1.ReasonSecretInvalid, "Secret %q: %s", name, fmt.Sprintf(format, args...))
}
