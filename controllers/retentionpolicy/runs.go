// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retentionpolicy

import (
	"context"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	ourlabels "github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/resources/job"
	"github.com/alumni-operator/alumni-operator/internal/runs"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/storeread"
)

// Kinds of run, as labels of their Jobs and letters in their names.
const (
	kindPreview   = "preview"
	kindScheduled = "scheduled"
	kindRequests  = "requests"
)

const (
	// keptRuns is the number of runs that are read from a store to find what was done already.
	keptRuns = 20
	// startWithin is how late a scheduled run may start.
	startWithin = time.Hour
	// askEvery is how often stores are asked whether somebody left.
	askEvery = 20 * time.Second
	// poll is how often a running run is counted.
	poll = 3 * time.Second
)

// runOverNetworks reads what became of the runs of each network and starts what is due. A network that cannot
// be reached does not keep the others waiting.
func (r *Reconciler) runOverNetworks(ctx context.Context, s *scope) error {
	runner := runs.Runner{Client: r.Client, Live: r.Live}
	jobs, err := runner.Jobs(ctx, s.policy, ourlabels.RetentionPolicy)
	if err != nil {
		return err
	}
	s.jobs = jobs
	if err := runner.Sweep(ctx, s.policy, ourlabels.RetentionPolicy, jobs); err != nil {
		return err
	}
	s.next()
	var first error
	for _, n := range s.networks {
		if err := r.runOverNetwork(ctx, runner, s, n); err != nil && first == nil {
			first = err // the other networks go on
		}
	}
	s.settleSchedule()
	return first
}

// next says when the schedule comes again.
func (s *scope) next() {
	if s.policy.Spec.State.Suspended() || len(s.networks) == 0 {
		s.policy.Status.NextRunAt = nil
		return
	}
	at := s.schedule.Next(s.now)
	s.policy.Status.NextRunAt = metaTime(at)
	s.wake = min(askEvery, max(at.Sub(s.now), time.Second))
}

// due is the newest scheduled time that has come and not been handled; zero when there is none.
func (s *scope) due() time.Time {
	last := s.policy.CreationTimestamp.Time
	if t := s.policy.Status.LastScheduledAt; t != nil && t.After(last) {
		last = t.Time
	}
	due, _ := s.schedule.Due(last, s.now, startWithin)
	return due
}

// settleSchedule records the due time once the run of every network that does not rest has been started.
func (s *scope) settleSchedule() {
	due := s.due()
	if due.IsZero() || s.policy.Spec.State.Suspended() {
		return
	}
	for _, n := range s.networks {
		name := naming.RetentionRun(s.policy.Name, n.network.Name, "s", due)
		resting := n.network.Spec.State.Suspended()
		if !resting && n.running != name && !hasJob(s.jobs, name) && !hasRun(n.result, name) {
			return
		}
	}
	s.policy.Status.LastScheduledAt = metaTime(due)
}

func (r *Reconciler) runOverNetwork(ctx context.Context, runner runs.Runner, s *scope, n *networkScope) error {
	name := n.network.Name
	if !conditions.IsTrue(n.network, v1alpha1.SchemaReadyCondition) {
		return outcome.Wait(outcome.Poll, v1alpha1.ReasonNetworkNotReady, "the store of AlumniNetwork %s cannot be used yet", name)
	}
	result, err := r.Evidence.Retention(ctx, n.network, string(s.policy.UID), keptRuns, n.status.ChainLength)
	if err != nil {
		return err
	}
	if err := checkChain(n, result); err != nil {
		return err
	}
	n.result = result
	showNetwork(s, n, result)
	if err := r.keepCertificate(ctx, s.policy, n, result.Certificate); err != nil {
		return err
	}
	own := ofNetwork(s.jobs, name)
	resting := s.policy.Spec.State.Suspended() || n.network.Spec.State.Suspended()
	if err := runner.Rest(ctx, own, resting); err != nil {
		return err
	}
	if n.running = atWork(own); n.running != "" {
		s.wake = poll
		return nil // one run at a time over one network
	}
	if n.gaveUp = gaveUp(own, result); resting {
		return nil
	}
	return r.startWhatIsDue(ctx, runner, s, n, result)
}

// startWhatIsDue starts at most one run: what people asked for first, then the preview of a new generation, then
// what the schedule says.
func (r *Reconciler) startWhatIsDue(ctx context.Context, runner runs.Runner, s *scope, n *networkScope, result storeread.Retention) error {
	name, p := n.network.Name, s.policy
	start := func(kind, runName string, due time.Time, mode v1alpha1.RetentionMode, arguments ...string) error {
		if hasRun(result, runName) || hasJob(s.jobs, runName) {
			return nil
		}
		made := job.BuildRetentionJob(job.RetentionInput{
			Run: job.Run{
				Namespace: p.Namespace, Network: name, Name: runName, ScheduledAt: due, Image: r.WorkloadImage,
				PullSecrets: n.network.PullSecrets(),
			},
			Policy: p.Name, Kind: kind, Arguments: arguments, ConfigMap: runName, SigningSecret: s.signing,
		})
		n.running, s.wake = runName, poll
		return runner.Start(ctx, p, made, settings.RetentionFile, runSettings(p, n.rules, mode))
	}
	if result.Erasure.Open > 0 {
		if err := start(kindRequests, naming.RetentionRun(p.Name, name, "r", s.now), s.now, p.EffectiveMode(), "--requests"); err != nil || n.running != "" {
			return err
		}
	}
	if !previewed(result, p.Generation) {
		return start(kindPreview, naming.RetentionPreview(p.Name, name, p.Generation), s.now, v1alpha1.RetentionDryRun)
	}
	if due := s.due(); !due.IsZero() {
		return start(kindScheduled, naming.RetentionRun(p.Name, name, "s", due), due, p.EffectiveMode())
	}
	return nil
}

// previewed says whether some run has already counted what this generation of the policy finds due.
func previewed(result storeread.Retention, generation int64) bool {
	for _, run := range result.Runs {
		if run.Generation >= generation && run.Kind == "Scheduled" {
			return true
		}
	}
	return false
}

func hasRun(result storeread.Retention, name string) bool {
	for _, run := range result.Runs {
		if run.RunName == name {
			return true
		}
	}
	return false
}

func hasJob(jobs []batchv1.Job, name string) bool {
	for i := range jobs {
		if jobs[i].Name == name {
			return true
		}
	}
	return false
}

func ofNetwork(jobs []batchv1.Job, network string) []batchv1.Job {
	var own []batchv1.Job
	for _, j := range jobs {
		if j.Labels[ourlabels.Network] == network {
			own = append(own, j)
		}
	}
	return own
}

// atWork names the Job that has not ended, if any.
func atWork(jobs []batchv1.Job) string {
	for i := range jobs {
		if !runs.Ended(&jobs[i]) {
			return jobs[i].Name
		}
	}
	return ""
}

// gaveUp names the newest Job that failed for good while the store says nothing of how its run ended.
func gaveUp(jobs []batchv1.Job, result storeread.Retention) string {
	var newest *batchv1.Job
	for i := range jobs {
		if newest == nil || newest.CreationTimestamp.Before(&jobs[i].CreationTimestamp) {
			newest = &jobs[i]
		}
	}
	if newest == nil || !runs.Failed(newest) {
		return ""
	}
	for _, run := range result.Runs {
		if run.RunName == newest.Name && run.FinishedAt != nil {
			return ""
		}
	}
	return newest.Name
}
