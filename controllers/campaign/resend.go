// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// resendAnnotation names a run that is to be sent again, once, to those whom it did not reach.
const resendAnnotation = "alumni-operator.io/resend-run"

// resend makes a run of its own for those whom another did not reach, when somebody wishes it, and says what became of the wish. The name
// of the new run follows from that of the other, so that the wish is done once however often it is read.
func (r *Reconciler) resend(ctx context.Context, s *scope) error {
	c, name := s.campaign, s.campaign.Annotations[resendAnnotation]
	if name == "" {
		conditions.Remove(c, v1alpha1.ResentCondition)
		return nil
	}
	again := naming.Resend(name)
	if i := s.indexOf(again); i >= 0 {
		showResent(c, name, c.Status.Runs[i])
		return nil
	}
	if slices.ContainsFunc(s.jobs, func(j batchv1.Job) bool { return j.Name == again }) {
		conditions.False(c, v1alpha1.ResentCondition, v1alpha1.ReasonResending, fmt.Sprintf("Run %s is sent again as %s", name, again))
		return nil
	}
	i := s.indexOf(name)
	if i < 0 {
		conditions.False(c, v1alpha1.ResentCondition, v1alpha1.ReasonRunNotFound,
			fmt.Sprintf("Annotation %s says %.63q, which is none of the last %d runs of the campaign", resendAnnotation, name, keptRuns))
		return nil
	}
	if refused := s.mayNotResend(c.Status.Runs[i]); refused != nil {
		conditions.False(c, v1alpha1.ResentCondition, refused.reason, refused.message)
		return nil
	}
	run := s.runs[i]
	if err := r.begin(ctx, s, starting{name: again, due: run.ScheduledAt, settings: s.settingsAgain(run)}); err != nil {
		return err
	}
	conditions.False(c, v1alpha1.ResentCondition, v1alpha1.ReasonResending, fmt.Sprintf("Run %s is sent again as %s", name, again))
	return nil
}

// refusal is why a run is not sent again, or not yet.
type refusal struct{ reason, message string }

// mayNotResend is nil when a run may be sent again now.
func (s *scope) mayNotResend(run v1alpha1.CampaignRun) *refusal {
	switch {
	case run.State == v1alpha1.RunSending || run.State == v1alpha1.RunPaused:
		return &refusal{v1alpha1.ReasonRunNotFinished, fmt.Sprintf("Run %s is not over yet: what failed in it can be sent again when it is", run.ID)}
	case len(s.campaign.MemberChannels()) == 0 || run.Failed+run.InDoubt == 0:
		return &refusal{v1alpha1.ReasonNothingToResend, fmt.Sprintf(
			"No message of run %s failed or is in doubt, but for the %d to addresses that do not exist", run.ID, run.Bounced)}
	case s.surveyClosed():
		return &refusal{v1alpha1.ReasonSurveyClosed, fmt.Sprintf("Run %s is not sent again: nobody can answer the survey any more", run.ID)}
	case s.suspended():
		return &refusal{v1alpha1.ReasonSuspended, fmt.Sprintf("Run %s is sent again when campaign and network are not suspended any more", run.ID)}
	case s.awaits != "":
		return &refusal{v1alpha1.ReasonAwaitingApproval, fmt.Sprintf("Run %s is to be sent again and waits for %s", run.ID, s.awaits)}
	case s.busy:
		return &refusal{v1alpha1.ReasonResending, fmt.Sprintf("Run %s is sent again when no other run is under way", run.ID)}
	}
	return nil
}

// showResent says how the run does that sends another again.
func showResent(c *v1alpha1.Campaign, name string, again v1alpha1.CampaignRun) {
	message := fmt.Sprintf("Run %s was sent again. %s", name, runText(again))
	switch again.State {
	case v1alpha1.RunFinished:
		conditions.True(c, v1alpha1.ResentCondition, v1alpha1.ReasonResent, message)
	case v1alpha1.RunFailed:
		conditions.False(c, v1alpha1.ResentCondition, v1alpha1.ReasonRunFailed, message+"; it ended before it was done")
	default:
		conditions.False(c, v1alpha1.ResentCondition, v1alpha1.ReasonResending, fmt.Sprintf("Run %s is sent again as %s", name, again.ID))
	}
}

// indexOf is the place of a run among those that are known; -1 when it is none of them.
func (s *scope) indexOf(run string) int {
	return slices.IndexFunc(s.runs, func(each stats.CampaignRun) bool { return each.RunName == run })
}

// again is what is left of a run.
func (s *scope) again(run stats.CampaignRun) starting {
	out := starting{name: run.RunName, due: run.ScheduledAt, settings: s.settings}
	if i := s.indexOf(run.ResendOf); run.ResendOf != "" {
		parent := stats.CampaignRun{RunName: run.ResendOf}
		if i >= 0 {
			parent = s.runs[i]
		}
		out.settings = s.settingsAgain(parent)
	}
	return out
}

// settingsAgain is the campaign as it is sent again: to members alone, each by the channel that failed, without an A/B test, and with the
// texts that won one.
func (s *scope) settingsAgain(parent stats.CampaignRun) settings.Campaign {
	again := s.settings
	if t := parent.Test; t != nil && t.Winner != "" {
		again = again.Variant(t.Winner)
	}
	again.ResendOf, again.ABTest = parent.RunName, nil
	again.MatchExpressions, again.Exclude = nil, nil
	members := again.MemberChannels()
	again.Channels = nil // Email alone
	if !slices.Equal(members, []string{settings.ChannelEmail}) {
		for _, name := range members {
			again.Channels = append(again.Channels, settings.Channel{Type: name})
		}
	}
	return again
}
