// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
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
	admin := func() *corev1.Secret {
		secret := &corev1.Secret{}
		g.Expect(world.client.Get(t.Context(), client.ObjectKey{Namespace: foods, Name: naming.AdminSecret(network)}, secret)).To(Succeed())
		return secret
	}
	first, firstAdmin := login(), string(admin().Data["password"])
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
	g.Expect(string(admin().Data["password"])).NotTo(Equal(firstAdmin))
	g.Expect(admin().Data).NotTo(HaveKey("next-password"))
	adminIsChosen(t, admin)
}

// adminIsChosen puts a password for the server's admin where its Secret says what comes next: first one that cannot be, and then one
// that a later story logs in with.
func adminIsChosen(t *testing.T, admin func() *corev1.Secret) {
	g := NewWithT(t)
	choose := func(password string) {
		kubectl(t, "-n", foods, "patch", "secret", naming.AdminSecret(network), "--type=merge", "-p",
			fmt.Sprintf(`{"stringData":{"next-password":%q}}`, password))
	}
	before := string(admin().Data["password"])
	choose("too short")
	n := &v1alpha1.AlumniNetwork{}
	waitFor(t, time.Minute, n, foods, network, func() error {
		return condition(n.Status.Conditions, v1alpha1.StoreReadyCondition, "True", v1alpha1.ReasonRotationFailed)
	})
	g.Expect(string(admin().Data["password"])).To(Equal(before))

	asked, chosen := time.Now(), "chosen-by-an-administrator"
	choose(chosen)
	eventually(t, time.Minute, func(context.Context) error {
		if now := admin().Data; string(now["password"]) != chosen || len(now["next-password"]) > 0 {
			return errors.New("the server does not have it yet")
		}
		return nil
	})
	t.Logf("the admin's chosen password in use after %s", time.Since(asked).Round(time.Second/10))
	waitFor(t, time.Minute, n, foods, network, func() error {
		return condition(n.Status.Conditions, v1alpha1.StoreReadyCondition, "True", v1alpha1.ReasonProvisioned)
	})
}
