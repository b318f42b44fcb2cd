// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

const (
	// keptRuns is the number of runs that status shows.
	keptRuns = 10
	// settledAfter is how long after its end a run is still counted anew. After that its numbers stay as status shows them.
	settledAfter = stats.SettledAfter
)

// Ledger reads the newest runs of a campaign from the store of its network, newest first. It speaks to the
// store as the role that sees aggregates only.
type Ledger interface {
	// CampaignPreview is nil when there is none.
	CampaignPreview(ctx context.Context, network *v1alpha1.AlumniNetwork, campaignUID string) (*stats.CampaignPreview, error)
	// TestSend is nil when there is none.
	TestSend(ctx context.Context, network *v1alpha1.AlumniNetwork, campaignUID string) (*stats.TestSend, error)
	// Steps counts whom the steps of a campaign follow.
	Steps(ctx context.Context, network *v1alpha1.AlumniNetwork, campaignUID string) ([]stats.StepCount, error)
	// Survey is nil before it was planned.
	Survey(ctx context.Context, network *v1alpha1.AlumniNetwork, campaignUID string) (*stats.Survey, error)
	// Finished runs that are named as settled come without numbers of their ledger.
	CampaignRuns(ctx context.Context, network *v1alpha1.AlumniNetwork, campaignUID string, limit int, settled ...string) ([]stats.CampaignRun, error)
	// Figures counts the campaigns of a network; see stats.Reader.
	Figures(ctx context.Context, network *v1alpha1.AlumniNetwork, known stats.Settled) (stats.Figures, stats.Settled, error)
	// SenderDay is how much of a day a sender that warms up has used.
	SenderDay(ctx context.Context, network *v1alpha1.AlumniNetwork, sender string) (stats.SenderDay, error)
}

// readRuns shows in status what the ledger counts.
func (r *Reconciler) readRuns(ctx context.Context, s *scope) error {
	settled := settledRuns(s.campaign.Status.Runs, s.now)
	runs, err := r.Ledger.CampaignRuns(ctx, s.network, string(s.campaign.UID), keptRuns, slices.Collect(maps.Keys(settled))...)
	if err != nil {
		return err
	}
	s.runs = runs
	status := &s.campaign.Status
	before := status.Runs
	status.LastRun, status.Runs = nil, nil
	for _, run := range runs {
		shown, found := settled[run.RunName]
		if !found {
			shown = runStatus(run)
		}
		status.Runs = append(status.Runs, shown)
	}
	if len(status.Runs) > 0 {
		status.LastRun = &status.Runs[0]
	}
	showLastRun(s.campaign, runs, s.now)
	changed := !equality.Semantic.DeepEqual(before, status.Runs)
	if again := r.Figures.refresh(ctx, s.network, r.Ledger, changed || unfinished(runs) != ""); again > 0 && changed {
		s.wakeWithin(again)
	}
	if err := r.countSteps(ctx, s); err != nil {
		return err
	}
	return r.countSurvey(ctx, s)
}

// settledRuns are the runs in status whose numbers do not change any more, by name.
func settledRuns(shown []v1alpha1.CampaignRun, now time.Time) map[string]v1alpha1.CampaignRun {
	settled := map[string]v1alpha1.CampaignRun{}
	for _, run := range shown {
		if run.State == v1alpha1.RunFinished && run.FinishedAt != nil && now.Sub(run.FinishedAt.Time) > settledAfter {
			settled[run.ID] = run
		}
	}
	return settled
}

// runStatus writes a run in the words of the API.
func runStatus(run stats.CampaignRun) v1alpha1.CampaignRun {
	out := v1alpha1.CampaignRun{
		ID: run.RunName, ResendOf: run.ResendOf, State: v1alpha1.CampaignRunState(run.State), Audience: run.Audience,
		StartedAt: metaTime(run.StartedAt), FinishedAt: metaTimePointer(run.FinishedAt),
		Sent: run.Sent, Pending: run.Pending, Deferred: run.Deferred, Failed: run.Failed, Bounced: run.Bounced,
		InDoubt: run.InDoubt, Expired: run.Expired, Unsubscribed: run.Unsubscribed, Complained: run.Complained,
		Clicked: run.Clicked, Opened: run.Opened,
	}
	if t := run.Test; t != nil {
		out.ABTest = &v1alpha1.ABTestStatus{DecidesAt: metaTime(t.Until), Winner: t.Winner}
		for _, v := range t.Variants {
			out.ABTest.Variants = append(out.ABTest.Variants, v1alpha1.VariantCount{Name: v.Name, Sent: v.Sent, Clicked: v.Clicked})
		}
	}
	out.Channels = channelCounts(run)
	for _, refused := range run.Refused {
		out.Refused = append(out.Refused, v1alpha1.RefusedCount{Reason: refused.Reason, Count: refused.Count})
	}
	for _, p := range run.Posts {
		out.Posts = append(out.Posts, v1alpha1.PostStatus{Channel: v1alpha1.ChannelType(p.Channel), Destination: p.Destination,
			State: v1alpha1.PostState(p.State), Reason: p.Reason})
	}
	return out
}

// channelCounts counts by channel; nothing for Email alone, of which the run's own numbers are.
func channelCounts(run stats.CampaignRun) []v1alpha1.ChannelCount {
	var all []v1alpha1.ChannelCount
	for _, c := range run.Channels {
		all = append(all, v1alpha1.ChannelCount{Type: v1alpha1.ChannelType(c.Channel), Audience: c.Audience, Sent: c.Sent})
	}
	if len(all) == 1 && all[0].Type == v1alpha1.ChannelEmail {
		return nil
	}
	return all
}

// runText says how many messages and posts of a run went out.
func runText(run v1alpha1.CampaignRun) string {
	text := fmt.Sprintf("Run %s: %d of %d sent", run.ID, run.Sent, run.Audience)
	if len(run.Posts) == 0 {
		return text
	}
	posted := 0
	for _, p := range run.Posts {
		if p.State == v1alpha1.PostSent {
			posted++
		}
	}
	return fmt.Sprintf("%s, %d of %d posted", text, posted, len(run.Posts))
}

// showLastRun speaks of the newest run that has ended. One that is being sent shows in Scheduled, so that a
// campaign at work is as Ready as one at rest.
func showLastRun(c *v1alpha1.Campaign, runs []stats.CampaignRun, now time.Time) {
	kind := v1alpha1.LastRunSucceededCondition
	for i, run := range runs {
		switch v1alpha1.CampaignRunState(run.State) {
		case v1alpha1.RunFinished:
			conditions.True(c, kind, v1alpha1.ReasonRunFinished, runText(c.Status.Runs[i]))
			return
		case v1alpha1.RunPaused:
			if now.Before(run.Deadline) {
				showPaused(c, run)
				return
			}
			conditions.False(c, kind, v1alpha1.ReasonRunFailed, fmt.Sprintf("Run %s rested beyond its deadline and is not sent any more: %s", run.RunName, run.Failure))
			return
		case v1alpha1.RunFailed:
			reason := v1alpha1.ReasonRunFailed
			if run.Failure == v1alpha1.ReasonTooManyRecipients {
				reason = v1alpha1.ReasonTooManyRecipients
			}
			conditions.False(c, kind, reason, fmt.Sprintf("Run %s ended without being sent: %s", run.RunName, run.Failure))
			return
		}
	}
	conditions.True(c, kind, v1alpha1.ReasonNoRunYet, "No run has ended yet")
}

// membersPerWorker is how many recipients one worker is enough for, and mostWorkers how many may share a run (campaign.md M17).
const (
	membersPerWorker = 200_000
	mostWorkers      = 8
)

// workers is how many share a run. Who matches is not known before it begins, so everybody counts who could.
func workers(s *scope) int32 {
	if declared := s.campaign.EffectiveDelivery().Parallelism; declared > 0 {
		return declared
	}
	members := s.network.Status.Members
	if members == nil {
		return 1
	}
	most := members.Active + members.Paused
	if s.campaign.Spec.Type == v1alpha1.CampaignInvitation {
		most = members.Listed
	}
	return int32(min(max(1, (most+membersPerWorker-1)/membersPerWorker), mostWorkers))
}

// newestDue is the due time of the newest run in the ledger.
func newestDue(runs []stats.CampaignRun) time.Time {
	var newest time.Time
	for _, run := range runs {
		if run.ScheduledAt.After(newest) {
			newest = run.ScheduledAt
		}
	}
	return newest
}

// unfinished is the name of the run that is still being sent, if any.
func unfinished(runs []stats.CampaignRun) string {
	for _, run := range runs {
		if v1alpha1.CampaignRunState(run.State) == v1alpha1.RunSending {
			return run.RunName
		}
	}
	return ""
}

// missedText says how many due times were missed.
func missedText(n int, deadline int32) string {
	times := "A due time"
	if n > 1 {
		times = strconv.Itoa(n) + " due times"
	}
	return fmt.Sprintf("%s passed without a run: more than %s late", times, (time.Duration(deadline) * time.Second).String())
}
