// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/runs"
)

func TestARunWaitsForItsTurnButNeverUntilItIsMissed(t *testing.T) {
	g, pace := NewWithT(t), runs.NewPace()
	for i := range runs.StartBurst {
		pace.Wait(fmt.Sprint("campaign of another network ", i), now)
	}
	r, s := &Reconciler{Pace: pace}, &scope{campaign: &v1alpha1.Campaign{}, now: now}
	deadline := time.Duration(s.campaign.EffectiveDelivery().StartingDeadlineSeconds) * time.Second
	g.Expect(deadline).To(BeNumerically(">", 0))

	g.Expect(r.turn(s, time.Time{})).To(BeZero(), "nothing is due")
	wait := r.turn(s, now)
	g.Expect(wait).To(Equal(time.Second / runs.StartRate))
	g.Expect(r.turn(s, now.Add(wait-deadline))).To(BeZero(), "it would be missed when its turn comes")
	s.now = now.Add(wait)
	g.Expect(r.turn(s, now)).To(BeZero(), "its turn has come")
}
