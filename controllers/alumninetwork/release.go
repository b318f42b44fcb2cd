// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/rollout"
)

// upgradeLimit is how long a network may take to come up with a new version before its upgrade has failed.
const upgradeLimit = 10 * time.Minute

// followRelease decides whether the network goes with this version of the operator yet. One that has arrived, and one that
// never ran another, does.
func (r *Reconciler) followRelease(ctx context.Context, s *scope) error {
	n := s.network
	switch {
	case n.Status.Image == "":
		return nil
	case r.arrived(n):
		conditions.True(n, v1alpha1.UpToDateCondition, v1alpha1.ReasonUpToDate, "The network runs the version of the operator")
		return nil
	case n.Status.Upgrade == nil:
		decision, err := r.Rollout.decide(ctx)
		if err != nil {
			return err
		}
		if !decision.Admitted[nameOf(n)] {
			s.held, s.nextTurn = true, outcome.Poll
			awaitRollout(n, decision)
			return nil
		}
	}
	if n.Status.Upgrade == nil || n.Status.Upgrade.Image != r.WorkloadImage {
		n.Status.Upgrade = &v1alpha1.UpgradeStatus{Image: r.WorkloadImage, StartedAt: metav1.NewTime(s.now.UTC().Truncate(time.Second))}
	}
	conditions.False(n, v1alpha1.UpToDateCondition, v1alpha1.ReasonUpgrading, "The network is being brought to the version of the operator")
	return nil
}

// arrived says whether the network runs this operator's version in every part.
func (r *Reconciler) arrived(n *v1alpha1.AlumniNetwork) bool {
	return n.Status.Upgrade == nil && n.Status.Image == r.WorkloadImage && schemaVersion(n) >= pgstore.LatestVersion()
}

func awaitRollout(n *v1alpha1.AlumniNetwork, d rollout.Decision) {
	if d.Stopped {
		conditions.False(n, v1alpha1.UpToDateCondition, v1alpha1.ReasonRolloutStopped,
			"The network goes on with the version before: the upgrade of another one has failed; see the conditions UpToDate of all networks")
		return
	}
	conditions.False(n, v1alpha1.UpToDateCondition, v1alpha1.ReasonAwaitingRollout,
		"The network goes on with the version before until those ahead of it have come up with the new one")
}

// image is that of the programs that the network's workloads run: the operator's own once the network's turn has come and
// its schema is ready for it.
func (r *Reconciler) image(s *scope) string {
	if n := s.network; n.Status.Image != "" && (s.held || s.schema < pgstore.LatestVersion()) {
		return n.Status.Image
	}
	return r.WorkloadImage
}

// arrive notes that all of the network's portal runs an image.
func (r *Reconciler) arrive(s *scope, image string) {
	n := s.network
	if s.held || s.schema < pgstore.LatestVersion() {
		return
	}
	if n.Status.Upgrade != nil {
		r.Looks.forget(n) // rights that only the version before needed go at the next look
	}
	n.Status.Image, n.Status.Upgrade = image, nil
	conditions.True(n, v1alpha1.UpToDateCondition, v1alpha1.ReasonUpToDate, "The network runs the version of the operator")
}

// judgeUpgrade says that an upgrade has failed, so that no other network begins one.
func (r *Reconciler) judgeUpgrade(s *scope) {
	n := s.network
	if n.Status.Upgrade == nil {
		return
	}
	if failedUpgrade(n, s.now) {
		conditions.False(n, v1alpha1.UpToDateCondition, v1alpha1.ReasonUpgradeFailed,
			fmt.Sprintf("The network has not come up with the new version; see %s and %s",
				v1alpha1.SchemaReadyCondition, v1alpha1.PortalAvailableCondition))
	}
}

// failedUpgrade says whether a network that began to move is not where it should be by now.
func failedUpgrade(n *v1alpha1.AlumniNetwork, now time.Time) bool {
	c := conditions.Get(n, v1alpha1.SchemaReadyCondition)
	if c != nil && c.Status == metav1.ConditionFalse && c.Reason == v1alpha1.ReasonMigrationFailed {
		return true
	}
	return now.Sub(n.Status.Upgrade.StartedAt.Time) > upgradeLimit
}
