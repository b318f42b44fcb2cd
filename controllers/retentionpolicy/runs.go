// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retentionpolicy

import (
	"context"
	"errors"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	ourlabels "github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/resources/job"
	"github.com/alumni-operator/alumni-operator/internal/resources/network"
	"github.com/alumni-operator/alumni-operator/internal/runs"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/stats"
	"github.com/alumni-operator/alumni-operator/internal/storeread"
)

// Kinds of run, as labels of their Jobs and letters in their names.
const (
	kindPreview   = "preview"
	kindScheduled = "scheduled"
	kindRequests  = "requests"
)

// Kinds of run in the words of the store; a preview is one of the schedule's.
const (
	kindOfSchedule = "Scheduled"
	kindOfRequests = "Requests"
)

const (
	// keptRuns is the number of runs that are read from a store to find what was done already.
	keptRuns = 20
	// firstPause and lastPause bound the pauses between tries of what failed: each is twice the one before.
	firstPause, lastPause = time.Minute, time.Hour
	// askEvery is how often stores are asked whether somebody left.
	askEvery = 20 * time.Second
	// poll is how often a running run is counted.
	poll = 3 * time.Second
)

// runOverNetworks reads what became of the runs of each network and starts what is due. A network that cannot
// be reached does not keep the others waiting.
func (r *Reconciler) runOverNetworks(ctx context.Context, s *scope) error {
	if err := r.runner().Sweep(ctx, s.policy, ourlabels.RetentionPolicy, s.jobs); err != nil {
		return err
	}
	s.next()
	var first error
	for _, n := range s.networks {
		if err := r.runOverNetwork(ctx, s, n); err != nil && first == nil {
			first = err // the other networks go on
		}
	}
	s.settleSchedule()
	return first
}

// runner starts and finds runs.
func (r *Reconciler) runner() runs.Runner { return runs.Runner{Client: r.Client, Live: r.Live} }

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

// due is the newest scheduled time that has come and not been handled, however long ago; zero when there is none. What
// the law wants erased does not stop being due because a cluster was down.
func (s *scope) due() time.Time {
	last := s.policy.CreationTimestamp.Time
	if t := s.policy.Status.LastScheduledAt; t != nil && t.After(last) {
		last = t.Time
	}
	const day = 24 * time.Hour
	for _, window := range []time.Duration{time.Hour, day, 32 * day, 5 * 366 * day} {
		from := s.now.Add(-window)
		if last.After(from) {
			from = last
		}
		if due, _ := s.schedule.Due(from, s.now, window); !due.IsZero() {
			return due
		}
	}
	return time.Time{}
}

// settleSchedule records the due time once the run of every network that does not rest has been started. Times that
// pass while the policy is suspended are left out on purpose.
func (s *scope) settleSchedule() {
	due := s.due()
	if due.IsZero() {
		return
	}
	for _, n := range s.networks {
		name := naming.RetentionRun(s.policy.Name, n.network.Name, "s", due)
		resting := s.policy.Spec.State.Suspended() || n.network.Spec.State.Suspended()
		if !resting && n.running != name && !hasJob(s.jobs, name) && !hasRun(n.result, name) {
			return
		}
	}
	s.policy.Status.LastScheduledAt = metaTime(due)
}

func (r *Reconciler) runOverNetwork(ctx context.Context, s *scope, n *networkScope) error {
	name := n.network.Name
	if !conditions.IsTrue(n.network, v1alpha1.SchemaReadyCondition) {
		return outcome.Wait(outcome.Poll, v1alpha1.ReasonNetworkNotReady, "the store of AlumniNetwork %s cannot be used yet", name)
	}
	result, err := r.Evidence.Retention(ctx, n.network, string(s.policy.UID), keptRuns, n.status.ChainLength)
	if err != nil {
		return err
	}
	own := ofNetwork(s.jobs, name)
	if err := checkChain(n, result); err != nil {
		return errors.Join(err, r.runner().Rest(ctx, own, true))
	}
	n.result, n.read = result, true
	showNetwork(s, n, result)
	if err := r.keepCertificate(ctx, s.policy, n, result.Certificate); err != nil {
		return err
	}
	resting := s.policy.Spec.State.Suspended() || n.network.Spec.State.Suspended()
	if own, err = r.giveWay(ctx, own, resting, n.holdsWait()); err != nil {
		return err
	}
	if n.running = atWork(own); n.running != "" {
		s.wake = poll
		return nil // one run at a time over one network
	}
	if n.gaveUp = gaveUp(own, result); resting {
		return nil
	}
	return r.startWhatIsDue(ctx, s, n, result)
}

// startWhatIsDue starts at most one run: what people asked for first, then the preview of a new generation, then
// what the schedule says.
func (r *Reconciler) startWhatIsDue(ctx context.Context, s *scope, n *networkScope, result storeread.Retention) error {
	name, p := n.network.Name, s.policy
	start := func(kind, runName string, due time.Time, mode v1alpha1.RetentionMode, arguments ...string) error {
		if endedRun(result, runName) || hasJob(s.jobs, runName) {
			return nil
		}
		if wait := r.Pace.Wait("retention "+p.Namespace+"/"+p.Name+"/"+name, s.now); wait > 0 {
			s.wake = min(s.wake, wait)
			return nil
		}
		in := job.RetentionInput{
			Run: job.Run{
				Namespace: p.Namespace, Network: name, Name: runName, ScheduledAt: due, Image: n.network.WorkloadImage(r.WorkloadImage),
				PullSecrets: n.network.PullSecrets(),
			},
			Policy: p.Name, Kind: kind, Arguments: arguments, ConfigMap: runName, SigningSecret: s.signing,
		}
		told := runSettings(p, n.effective, mode)
		n.tellHolds(s, &in, &told, kind)
		if mode == v1alpha1.RetentionEnforce || kind == kindRequests {
			if err := r.checkLedger(ctx, n.network); err != nil {
				return err
			}
			told.Ledger = network.BuildLedger(n.network, r.ClusterID)
			in.LedgerClaim, in.LedgerSecret = placeOfLedger(n.network)
		}
		n.running, s.wake = runName, poll
		return r.runner().Start(ctx, p, job.BuildRetentionJob(in), settings.RetentionFile, told)
	}
	if requestsDue(result, s.now) || n.holdsDue(s) {
		if err := start(kindRequests, naming.RetentionRun(p.Name, name, "r", s.now), s.now, p.EffectiveMode(), "--requests"); err != nil || n.running != "" {
			return err
		}
	}
	if !previewed(result, p.Generation) {
		tries, last := failedPreviews(result, p.Generation)
		if s.now.Before(last.Add(pauseAfter(tries))) {
			return nil
		}
		return start(kindPreview, naming.RetentionPreview(p.Name, name, p.Generation, tries), s.now, v1alpha1.RetentionDryRun)
	}
	if due := s.due(); !due.IsZero() {
		return start(kindScheduled, naming.RetentionRun(p.Name, name, "s", due), due, p.EffectiveMode())
	}
	if lookAgain(result, s.now) {
		return start(kindPreview, naming.RetentionRun(p.Name, name, "l", s.now), s.now, v1alpha1.RetentionDryRun)
	}
	return nil
}

// lookAgain says whether a preview must see if a store is known whole by now: after growing pauses since a run found that it is not.
func lookAgain(result storeread.Retention, now time.Time) bool {
	vain := 0
	var last time.Time
	for _, run := range result.Runs {
		if run.FinishedAt == nil {
			continue
		}
		if !strings.HasPrefix(run.Failure, v1alpha1.ReasonCatalogueIncomplete) {
			break
		}
		if vain++; vain == 1 {
			last = *run.FinishedAt
		}
	}
	return vain > 0 && !now.Before(last.Add(pauseAfter(vain)))
}

// requestsDue says whether a run must see to what people asked for: at once for a person that no run has seen, and
// after growing pauses for those whom the newest runs could not erase.
func requestsDue(result storeread.Retention, now time.Time) bool {
	if result.Erasure.Open == 0 {
		return false
	}
	var newest *stats.RetentionRun
	vain := 0
	for i := range result.Runs {
		run := &result.Runs[i]
		if run.Kind != kindOfRequests {
			continue
		}
		if newest == nil {
			newest = run
		}
		if run.ErasedMembers > 0 {
			break
		}
		vain++
	}
	if newest == nil || newest.FinishedAt == nil {
		return true
	}
	if t := result.Erasure.NewestReceivedAt; t != nil && t.After(newest.StartedAt) {
		return true
	}
	return !now.Before(newest.FinishedAt.Add(pauseAfter(vain)))
}

// pauseAfter is the pause after so many tries in vain.
func pauseAfter(tries int) time.Duration {
	if tries == 0 {
		return 0
	}
	return min(firstPause<<min(tries-1, 10), lastPause)
}

// previewed says whether some run has already counted what this generation of the policy finds due.
func previewed(result storeread.Retention, generation int64) bool {
	for _, run := range result.Runs {
		if run.Generation >= generation && (run.State == "Previewed" || run.State == "Certified" && run.Kind == kindOfSchedule) {
			return true
		}
	}
	return false
}

// failedPreviews counts the previews of a generation that failed, and tells when the last of them did.
func failedPreviews(result storeread.Retention, generation int64) (tries int, last time.Time) {
	for _, run := range result.Runs {
		if run.Generation != generation || run.Kind != kindOfSchedule || run.Mode != string(v1alpha1.RetentionDryRun) || run.State != "Failed" {
			continue
		}
		tries++
		if run.FinishedAt != nil && run.FinishedAt.After(last) {
			last = *run.FinishedAt
		}
	}
	return tries, last
}

func hasRun(result storeread.Retention, name string) bool {
	for _, run := range result.Runs {
		if run.RunName == name {
			return true
		}
	}
	return false
}

// endedRun tells a run that has come to its end from one whose Job was deleted on the way: that one goes on.
func endedRun(result storeread.Retention, name string) bool {
	for _, run := range result.Runs {
		if run.RunName == name {
			return run.FinishedAt != nil
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
