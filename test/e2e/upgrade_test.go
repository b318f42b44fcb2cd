// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/test/journey"
)

// upgradeReachesTheNetwork replaces the operator by one with another image and further migrations: the same image by its long
// name, and a store from which the newest migrations were taken back while no operator ran.
func upgradeReachesTheNetwork(t *testing.T) {
	const manager = "deployment/alumni-operator-manager"
	underLoad(t, journey.Visitor{Portal: portalService(t).Spec.ClusterIP}, func() {
		kubectl(t, "-n", "alumni-operator-system", "scale", manager, "--replicas=0")
		eventually(t, time.Minute, func(ctx context.Context) error {
			pods := &corev1.PodList{}
			err := world.client.List(ctx, pods, client.InNamespace("alumni-operator-system"))
			if err == nil && len(pods.Items) > 0 {
				err = fmt.Errorf("%d managers still run", len(pods.Items))
			}
			return err
		})
		takeMigrationsBack(t)
		upgraded := "docker.io/library/" + world.cluster.Images.Operator
		kubectl(t, "-n", "alumni-operator-system", "set", "image", manager, "manager="+upgraded)
		kubectl(t, "-n", "alumni-operator-system", "scale", manager, "--replicas=1")

		n := &v1alpha1.AlumniNetwork{}
		waitFor(t, 3*time.Minute, n, foods, network, func() error {
			if n.Status.Image != upgraded || n.Status.Store.SchemaVersion != pgstore.LatestVersion() {
				return fmt.Errorf("image %s, schema %d", n.Status.Image, n.Status.Store.SchemaVersion)
			}
			if err := condition(n.Status.Conditions, v1alpha1.UpToDateCondition, metav1.ConditionTrue, ""); err != nil {
				return err
			}
			return condition(n.Status.Conditions, v1alpha1.ReadyCondition, metav1.ConditionTrue, "")
		})
		eventually(t, 2*time.Minute, twoPods(t))
		for _, pod := range portalPods(t) {
			NewWithT(t).Expect(pod.Spec.Containers[0].Image).To(Equal(upgraded))
		}
	})
}

// takeMigrationsBack makes the network's store one of an earlier version.
func takeMigrationsBack(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	conn := superuser(t)
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range []string{
		"DELETE FROM " + pgstore.VersionTable + " WHERE version_id >= 5",
		"DROP FUNCTION alumni.contact_forget_links() CASCADE",
	} {
		_, err := conn.Exec(ctx, statement)
		g.Expect(err).NotTo(HaveOccurred(), statement)
	}
}
