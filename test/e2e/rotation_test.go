// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"errors"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/test/journey"
)

// loginsRotate renews every login of the store twice, the second time as soon as the first is under way.
func loginsRotate(t *testing.T) {
	g := NewWithT(t)
	login := func() string {
		secret := &corev1.Secret{}
		key := client.ObjectKey{Namespace: foods, Name: naming.DatabaseSecret(network, naming.RolePortal)}
		g.Expect(world.client.Get(t.Context(), key, secret)).To(Succeed())
		return string(secret.Data["username"]) + " " + string(secret.Data["password"])
	}
	first := login()
	n := &v1alpha1.AlumniNetwork{}
	underLoad(t, journey.Visitor{Portal: portalService(t).Spec.ClusterIP}, func() {
		var rotated time.Time
		for _, wish := range []string{"one", "two"} {
			kubectl(t, "-n", foods, "annotate", "alumninetwork", network, "alumni-operator.io/rotate-credentials="+wish, "--overwrite")
			asked := time.Now()
			waitFor(t, 4*time.Minute, n, foods, network, func() error {
				now := n.Status.Store.Credentials
				if now == nil || now.RotatedAt == nil || !now.RotatedAt.After(rotated) {
					return errors.New("no new logins yet")
				}
				return nil
			})
			rotated = n.Status.Store.Credentials.RotatedAt.Time
			t.Logf("rotation %s: new logins in the Secrets after %s", wish, time.Since(asked).Round(time.Second/10))
		}
		waitFor(t, 4*time.Minute, n, foods, network, func() error {
			if state := n.Status.Store.Credentials.State; state != v1alpha1.RotationSettled {
				return fmt.Errorf("the logins are %s", state)
			}
			return condition(n.Status.Conditions, v1alpha1.ReadyCondition, "True", "")
		})
		eventually(t, 2*time.Minute, twoPods(t))
	})
	g.Expect(login()).NotTo(Equal(first))
}
