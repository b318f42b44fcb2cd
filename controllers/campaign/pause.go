// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"fmt"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/apply"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// resumeAnnotation lets a run go on that rests. Its value names the run and the pause, so that it does not end the next one too.
const resumeAnnotation = "alumni-operator.io/resume-run"

// whyPaused says what the ledger's reason codes mean.
var whyPaused = map[string]string{
	"TooManyFailures":   "more messages failed than delivery.pauseOn.failedPercent allows",
	"TooManyBounces":    "more addresses do not exist than delivery.pauseOn.bouncedPercent allows",
	"TooManyComplaints": "more members complained than delivery.pauseOn.complaintsPerMille allows",
}

// atRest finds a run that rests and may still go on.
func atRest(s *scope) (stats.CampaignRun, bool) {
	for _, run := range s.runs {
		if run.State == string(v1alpha1.RunPaused) && s.now.Before(run.Deadline) {
			return run, true
		}
	}
	return stats.CampaignRun{}, false
}

// resumption is the value of resumeAnnotation that lets a run go on.
func resumption(run stats.CampaignRun) string {
	return run.RunName + "@" + run.PausedAt.UTC().Format(time.RFC3339)
}

// showPaused says why a run rests, and what lets it go on.
func showPaused(c *v1alpha1.Campaign, run stats.CampaignRun) {
	why := whyPaused[run.Failure]
	if why == "" {
		why = run.Failure
	}
	conditions.False(c, v1alpha1.LastRunSucceededCondition, v1alpha1.ReasonRunPaused, fmt.Sprintf(
		"Run %s rests since %s: %s. Look into it, and then set annotation %s to %q to send the rest; after %s it is not sent any more",
		run.RunName, run.PausedAt.UTC().Format(time.RFC3339), why, resumeAnnotation, resumption(run), run.Deadline.UTC().Format(time.RFC3339)))
}

// leaveAtRest keeps the schedule while a run rests: no other begins, and this one goes on when somebody says so. It tells whether
// there is such a run.
func (r *Reconciler) leaveAtRest(ctx context.Context, s *scope, jobs []batchv1.Job, next time.Time) (bool, error) {
	run, found := atRest(s)
	if !found {
		return false, nil
	}
	s.campaign.Status.NextRunAt = metaTime(next)
	s.busy = true
	s.wake = max(time.Second, run.Deadline.Sub(s.now)+time.Second)
	waits := "somebody to look into it"
	if s.campaign.Annotations[resumeAnnotation] == resumption(run) {
		if s.awaits == "" {
			return true, r.resume(ctx, s, jobs, run)
		}
		waits = s.awaits
	}
	conditions.True(s.campaign, v1alpha1.ScheduledCondition, v1alpha1.ReasonScheduled, "Run "+run.RunName+" rests and waits for "+waits+"; no other begins meanwhile")
	return true, nil
}

// resume makes the Job of a run at rest anew. The one that let it rest has to go first, for it has the same name.
func (r *Reconciler) resume(ctx context.Context, s *scope, jobs []batchv1.Job, run stats.CampaignRun) error {
	i := slices.IndexFunc(jobs, func(j batchv1.Job) bool { return j.Name == run.RunName })
	if i < 0 {
		again := s.again(run)
		again.paused = run.PausedAt
		return r.begin(ctx, s, again)
	}
	if jobs[i].Annotations[labels.ResumedAfter] == run.PausedAt.UTC().Format(time.RFC3339Nano) {
		conditions.False(s.campaign, v1alpha1.LastRunSucceededCondition, v1alpha1.ReasonRunFailed,
			"Run "+run.RunName+": the worker that was to send the rest failed; look at its log, and delete the Job to try again")
		return nil
	}
	s.wake = poll
	conditions.True(s.campaign, v1alpha1.ScheduledCondition, v1alpha1.ReasonRunning, "Run "+run.RunName+" is about to go on")
	return (&apply.Applier{Client: r.Client, Live: r.Live}).Delete(ctx, &jobs[i])
}
