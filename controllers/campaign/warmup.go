// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/resources/network"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// warmUpPoll is how often a run is counted that waits for another day.
const warmUpPoll = time.Minute

// showUnderWay says that a run is being sent, or that it waits because the network's sender is new and has used up its day.
func (r *Reconciler) showUnderWay(ctx context.Context, s *scope, run string) error {
	s.busy, s.wake = true, poll
	used, err := r.dayUsedUp(ctx, s)
	if err != nil {
		return err
	}
	if used == nil {
		conditions.True(s.campaign, v1alpha1.ScheduledCondition, v1alpha1.ReasonRunning, "Run "+run+" is being sent")
		return nil
	}
	s.wake = warmUpPoll
	conditions.True(s.campaign, v1alpha1.ScheduledCondition, v1alpha1.ReasonWarmingUp, fmt.Sprintf(
		"Run %s waits for tomorrow: AlumniNetwork %s warms up, and the %d messages of today are used up", run, s.network.Name, used.Messages))
	return nil
}

// dayUsedUp is today, when the warm-up of the network lets no more through; otherwise nil.
func (r *Reconciler) dayUsedUp(ctx context.Context, s *scope) (*settings.Day, error) {
	today := network.BuildSettings(s.network).DayOf(s.now)
	if today == nil || !s.campaign.Uses(v1alpha1.ChannelEmail) {
		return nil, nil
	}
	day, err := r.Ledger.SenderDay(ctx, s.network, settings.ChannelEmail)
	if err != nil {
		return nil, err
	}
	if int(day.Day.Unix()/(24*60*60)) != today.Number || day.Used < today.Messages {
		return nil, nil
	}
	return today, nil
}
