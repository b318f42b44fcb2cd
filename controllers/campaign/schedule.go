// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/resources/job"
	"github.com/alumni-operator/alumni-operator/internal/runs"
	"github.com/alumni-operator/alumni-operator/internal/schedule"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// poll is how often a running run is counted.
const poll = 3 * time.Second

// keepSchedule starts the run that is due, lets the ones that are under way go on or rest, and says what comes
// next.
func (r *Reconciler) keepSchedule(ctx context.Context, s *scope) error {
	runner, jobs := runs.Runner{Client: r.Client, Live: r.Live}, s.jobs
	if err := runner.Rest(ctx, jobs, s.suspended()); err != nil {
		return err
	}
	if err := runner.Sweep(ctx, s.campaign, labels.Campaign, jobs); err != nil {
		return err
	}
	status := &s.campaign.Status
	if s.suspended() {
		status.NextRunAt = nil
		conditions.False(s.campaign, v1alpha1.ScheduledCondition, v1alpha1.ReasonSuspended, "No run starts while the campaign or its network is suspended")
		return nil
	}
	known := pastOf(s, jobs)
	plan, err := planAgenda(s.campaign, known, s.now)
	if err != nil {
		return err
	}
	if running := underWay(s, jobs); running != "" {
		status.NextRunAt = metaTime(plan.next)
		return r.showUnderWay(ctx, s, running) // Forbid: a run that is due waits, or is missed, until this one is done
	}
	if rests, err := r.leaveAtRest(ctx, s, jobs, plan.next); rests || err != nil {
		return err
	}
	if name := lost(s, jobs); s.awaits != "" && name != "" {
		status.NextRunAt = metaTime(plan.next)
		conditions.True(s.campaign, v1alpha1.ScheduledCondition, v1alpha1.ReasonScheduled,
			"Run "+name+" has lost its Job before its end; what is left of it waits for "+s.awaits)
		return nil
	}
	if s.awaits != "" && !plan.start.IsZero() {
		s.await(plan.start)
		return nil
	}
	if again, err := r.restart(ctx, s, jobs); again || err != nil {
		return err
	}
	if wait := r.turn(s, plan.start); wait > 0 {
		s.wake = wait
		status.NextRunAt = metaTime(plan.start)
		conditions.True(s.campaign, v1alpha1.ScheduledCondition, v1alpha1.ReasonScheduled, "The next run is set")
		return nil
	}
	status.MissedRuns += int64(plan.missed)
	if !plan.handledTo.IsZero() && plan.handledTo.After(known.created) || plan.completed || plan.missed > 0 {
		status.LastScheduledAt = metaTime(plan.handledTo)
	}
	status.NextRunAt = metaTime(plan.next)
	if !plan.start.IsZero() {
		return r.start(ctx, s, plan.start)
	}
	r.showAgenda(s, plan)
	return nil
}

// pastOf is what status, network, ledger and Jobs tell of due times that have been.
func pastOf(s *scope, jobs []batchv1.Job) past {
	known := past{created: s.campaign.CreationTimestamp.Time, newest: newestStart(s, jobs), zone: zoneOf(s.network)}
	if handled := s.campaign.Status.LastScheduledAt; handled != nil {
		known.handled = handled.Time
	}
	if restore := s.network.Status.Restore; restore != nil && restore.RestoredAt != nil {
		known.restored = restore.RestoredAt.Time
	}
	return known
}

// zoneOf is the network's zone; one that the API let pass and that cannot be loaded is told elsewhere.
func zoneOf(n *v1alpha1.AlumniNetwork) *time.Location {
	zone, err := schedule.LoadZone(string(n.Zone()))
	if err != nil {
		return time.UTC
	}
	return zone
}

// turn is how long the run that is due waits for its turn among those of other networks; 0 when none is due, or when it may start.
// Nobody waits so long that the run would be missed.
func (r *Reconciler) turn(s *scope, due time.Time) time.Duration {
	if due.IsZero() {
		return 0
	}
	wait := r.Pace.Wait("campaign "+s.campaign.Namespace+"/"+s.campaign.Name, s.now)
	deadline := time.Duration(s.campaign.EffectiveDelivery().StartingDeadlineSeconds) * time.Second
	if s.now.Add(wait).Sub(due) >= deadline {
		return 0
	}
	return wait
}

// start makes the Job of one run. Its name is made of the campaign and the due minute, so a second controller,
// or this one with an old cache, finds it there.
func (r *Reconciler) start(ctx context.Context, s *scope, due time.Time) error {
	if err := r.begin(ctx, s, starting{name: naming.Run(s.campaign.Name, due), due: due, settings: s.settings}); err != nil {
		return err
	}
	s.campaign.Status.LastScheduledAt = metaTime(due)
	return nil
}

// starting is a run whose Job is to be made.
type starting struct {
	name     string
	due      time.Time
	paused   time.Time // since when it rests; zero when it does not
	settings settings.Campaign
}

// begin makes the Job of a run.
func (r *Reconciler) begin(ctx context.Context, s *scope, run starting) error {
	in := r.jobInput(s, run.name, run.due)
	in.Resume, in.Workers = run.paused, workers(s)
	made := job.BuildCampaignJob(in)
	if err := (runs.Runner{Client: r.Client, Live: r.Live}).Start(ctx, s.campaign, made, settings.CampaignFile, run.settings); err != nil {
		return err
	}
	s.busy, s.wake = true, poll
	conditions.True(s.campaign, v1alpha1.ScheduledCondition, v1alpha1.ReasonRunning, "Run "+made.Name+" is being sent")
	return nil
}

// jobInput is what every Job of the campaign has in common.
func (r *Reconciler) jobInput(s *scope, name string, due time.Time) job.CampaignInput {
	in := job.CampaignInput{
		Run: job.Run{
			Namespace: s.campaign.Namespace, Network: s.network.Name, Name: name, ScheduledAt: due, Image: s.network.WorkloadImage(r.WorkloadImage),
			PullSecrets: s.network.PullSecrets(),
		},
		Campaign: s.campaign.Name, ConfigMap: name,
	}
	r.open(s, &in)
	return in
}

func (r *Reconciler) showAgenda(s *scope, plan agenda) {
	kind := v1alpha1.ScheduledCondition
	deadline := s.campaign.EffectiveDelivery().StartingDeadlineSeconds
	switch {
	case plan.completed:
		conditions.True(s.campaign, kind, v1alpha1.ReasonCompleted, "All that this campaign sends has been sent")
	case !plan.next.IsZero():
		s.wake = max(time.Second, plan.next.Sub(s.now)-lead)
		if plan.missed > 0 {
			conditions.True(s.campaign, kind, v1alpha1.ReasonMissed, missedText(plan.missed, deadline)+"; the next run follows its schedule")
			return
		}
		conditions.True(s.campaign, kind, v1alpha1.ReasonScheduled, "The next run is set")
	case s.campaign.Once() != nil:
		conditions.False(s.campaign, kind, v1alpha1.ReasonMissed, missedText(1, deadline)+"; set another time in schedule")
	default:
		conditions.False(s.campaign, kind, v1alpha1.ReasonScheduleInvalid, "cron never comes within five years")
	}
}

// underWay names the run that has a Job at work, if any. A Job that gave up leaves its run to the condition.
func underWay(s *scope, jobs []batchv1.Job) string {
	for i := range jobs {
		if !runs.Ended(&jobs[i]) {
			return jobs[i].Name
		}
		if runs.Failed(&jobs[i]) && jobs[i].Name == unfinished(s.runs) {
			conditions.False(s.campaign, v1alpha1.LastRunSucceededCondition, v1alpha1.ReasonRunFailed,
				"Run "+jobs[i].Name+": its worker failed too often; delete the Job to try again")
		}
	}
	return ""
}

// newestStart is the newest due time for which there is a run or a Job.
func newestStart(s *scope, jobs []batchv1.Job) time.Time {
	newest := newestDue(s.runs)
	for i := range jobs {
		due, err := time.Parse(time.RFC3339, jobs[i].Annotations[labels.ScheduledAt])
		if err == nil && due.After(newest) {
			newest = due
		}
	}
	return newest
}

// restart makes the Job of a run again that is unfinished in the ledger and has no Job: somebody deleted it,
// or the cluster was rebuilt around a store that was kept.
func (r *Reconciler) restart(ctx context.Context, s *scope, jobs []batchv1.Job) (bool, error) {
	name := lost(s, jobs)
	if name == "" || s.suspended() {
		return false, nil
	}
	for _, run := range s.runs {
		if run.RunName == name {
			if run.ResendOf != "" {
				return true, r.begin(ctx, s, s.again(run))
			}
			return true, r.start(ctx, s, run.ScheduledAt)
		}
	}
	return false, nil
}

// lost names a run that is unfinished in the ledger and has no Job; empty when there is none.
func lost(s *scope, jobs []batchv1.Job) string {
	name := unfinished(s.runs)
	if slices.ContainsFunc(jobs, func(j batchv1.Job) bool { return j.Name == name }) {
		return ""
	}
	return name
}
