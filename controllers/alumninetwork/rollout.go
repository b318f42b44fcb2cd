// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/rollout"
)

const (
	// rolloutAnnotation on a network, with the value rolloutFirst, puts it at the head of every rollout.
	rolloutAnnotation = "alumni-operator.io/rollout"
	rolloutFirst      = "First"

	// decisionHolds is how long one look at all networks serves everybody who asks.
	decisionHolds = time.Second
)

// Rollout tells which networks may move to this version of the operator. It is safe for concurrent use, and a collector of
// metrics.
type Rollout struct {
	// Client reads networks from the cache.
	Client client.Reader
	// Clock tells how long an upgrade has been under way.
	Clock clock.PassiveClock
	// Image is that of this operator's programs.
	Image string
	// Stages bound how many move at once.
	Stages rollout.Stages

	mu   sync.Mutex
	last rollout.Decision
	at   time.Time
}

var rolloutMetric = prometheus.NewDesc("alumni_operator_rollout_networks",
	"Networks by their standing in the upgrade to this version of the operator.", []string{"standing"}, nil)

// Describe tells Prometheus what there is.
func (o *Rollout) Describe(to chan<- *prometheus.Desc) { to <- rolloutMetric }

// Collect counts the networks of each standing.
func (o *Rollout) Collect(to chan<- prometheus.Metric) {
	d, err := o.decide(context.Background())
	if err != nil {
		to <- prometheus.NewInvalidMetric(rolloutMetric, err)
		return
	}
	for _, standing := range rollout.Standings() {
		to <- prometheus.MustNewConstMetric(rolloutMetric, prometheus.GaugeValue, float64(d.Count[standing]), string(standing))
	}
}

// decide looks at all networks, or remembers what it saw a moment ago: who was admitted then still is.
func (o *Rollout) decide(ctx context.Context) (rollout.Decision, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.Clock.Now()
	if age := now.Sub(o.at); o.last.Count != nil && age >= 0 && age < decisionHolds {
		return o.last, nil
	}
	list := &v1alpha1.AlumniNetworkList{}
	if err := o.Client.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		return rollout.Decision{}, fmt.Errorf("list the networks for a rollout: %w", err)
	}
	var networks []rollout.Network
	for i := range list.Items {
		if n := &list.Items[i]; n.Status.Image != "" && n.DeletionTimestamp.IsZero() {
			networks = append(networks, rollout.Network{
				Name: nameOf(n), Standing: o.standing(n, now), First: n.Annotations[rolloutAnnotation] == rolloutFirst,
				Resting: n.Spec.State.Suspended(), Created: n.CreationTimestamp.Time,
			})
		}
	}
	o.last, o.at = o.Stages.Decide(networks), now
	return o.last, nil
}

// standing reads how far a network is from its status. One that began to move to some other version comes up with this one or
// fails with it: it does not wait.
func (o *Rollout) standing(n *v1alpha1.AlumniNetwork, now time.Time) rollout.Standing {
	switch up := n.Status.Upgrade; {
	case up != nil && up.Image == o.Image && failedUpgrade(n, now):
		return rollout.Failed
	case up != nil:
		return rollout.Moving
	case n.Status.Image == o.Image && schemaVersion(n) >= pgstore.LatestVersion():
		return rollout.Moved
	case conditions.IsTrue(n, v1alpha1.ReadyCondition):
		return rollout.Waiting
	default:
		return rollout.Ailing
	}
}
