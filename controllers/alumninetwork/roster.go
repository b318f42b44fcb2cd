// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/resources/job"
	"github.com/alumni-operator/alumni-operator/internal/schedule"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

const (
	// lateStart is how late a scheduled import may begin; a later one waits for the next due time.
	lateStart = time.Hour
	// importAnnotation asks for another import of the same section: any new value does.
	importAnnotation = "alumni-operator.io/import-roster"
)

// importRoster starts an import when one is due and reports on the newest.
func (r *Reconciler) importRoster(ctx context.Context, s *scope) error {
	n := s.network
	switch {
	case !hasRoster(n):
		setNextImport(n, time.Time{})
		conditions.True(n, v1alpha1.RosterSyncedCondition, v1alpha1.ReasonNotConfigured, "No roster is declared")
		return nil
	case n.Spec.State.Suspended():
		setNextImport(n, time.Time{})
		conditions.False(n, v1alpha1.RosterSyncedCondition, v1alpha1.ReasonSuspended, "The network is suspended: nothing is imported")
		return r.stopImports(ctx, n)
	case !s.storeUsable:
		return outcome.Wait(outcome.Poll, v1alpha1.ReasonNotReachedYet, "waits for the store")
	}
	if err := r.checkSource(ctx, s); err != nil {
		return err
	}
	run, err := dueImport(s)
	if err == nil && run == nil {
		run, err = r.unfinishedImport(ctx, s)
	}
	switch {
	case err != nil:
		return err
	case run == nil:
		reportImport(n, s.facts.Roster)
		return nil
	default:
		return r.followImport(ctx, s, *run)
	}
}

// unfinishedImport finds the newest import that was started and of which the store knows no outcome: one that still
// runs, or that failed before it reached the store. Its job tells.
func (r *Reconciler) unfinishedImport(ctx context.Context, s *scope) (*importRun, error) {
	jobs, err := r.imports(ctx, s.network)
	if err != nil {
		return nil, err
	}
	var newest *importRun
	for i := range jobs {
		due, err := time.Parse(time.RFC3339, jobs[i].Annotations[labels.ScheduledAt])
		if err == nil && (newest == nil || due.After(newest.due)) {
			newest = &importRun{name: jobs[i].Name, due: due}
		}
	}
	if last := s.facts.Roster; newest == nil || (last != nil && last.RunName == newest.name) {
		return nil, nil
	}
	return newest, nil
}

// imports lists the jobs of the network's imports that are still kept.
func (r *Reconciler) imports(ctx context.Context, n *v1alpha1.AlumniNetwork) ([]batchv1.Job, error) {
	list := &batchv1.JobList{}
	err := r.Client.List(ctx, list, client.InNamespace(n.Namespace), client.MatchingLabels(labels.Selector(n.Name, labels.Roster)))
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	return list.Items, nil
}

// importRun is one import that is due, or was the last to be.
type importRun struct {
	name string
	due  time.Time
}

// dueImport says which import should have been started by now. Without a schedule it is the one of this roster
// section. With one it is the newest due time, unless that is too long ago or before the network was declared; nil
// means that none is due. It also notes the next due time.
func dueImport(s *scope) (*importRun, error) {
	n := s.network
	if importsOnce(n) {
		setNextImport(n, time.Time{})
		digest, err := sectionDigest(n)
		if err != nil {
			return nil, err
		}
		return &importRun{name: naming.RosterRun(n.Name, digest), due: n.CreationTimestamp.Time}, nil
	}
	plan, err := schedule.Parse(n.Spec.Roster.Schedule.Cron, string(n.RosterZone()))
	if err != nil {
		return nil, outcome.Stop(v1alpha1.ReasonInvalidSpec, "spec.roster.schedule: %v", err)
	}
	next := plan.Next(s.now)
	setNextImport(n, next)
	if !next.IsZero() {
		s.nextImport = next.Sub(s.now)
	}
	from := s.now.Add(-lateStart)
	if created := n.CreationTimestamp.Time; created.After(from) {
		from = created
	}
	due, _ := plan.Due(from, s.now, lateStart)
	if due.IsZero() {
		return nil, nil
	}
	return &importRun{name: naming.RosterRun(n.Name, strconv.FormatInt(due.Unix()/60, 10)), due: due}, nil
}

// followImport starts the run once and reports on it until its outcome is in the store.
func (r *Reconciler) followImport(ctx context.Context, s *scope, run importRun) error {
	n := s.network
	if last := s.facts.Roster; last != nil && last.RunName == run.name && last.State == "Succeeded" {
		reportImport(n, last)
		return nil
	}
	started := &batchv1.Job{}
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: n.Namespace, Name: run.name}, started)
	if apierrors.IsNotFound(err) {
		if wait := r.turn(s, "import"); wait > 0 {
			s.nextImport = wait
			return awaitImport(n, wait)
		}
		err = r.startImport(ctx, n, run, started)
	}
	if err != nil {
		return err
	}
	if failed := condition(started, batchv1.JobFailed); failed != nil {
		return importFailed(s.facts.Roster, run.name)
	}
	words, err := r.podWords(ctx, n, map[string]string{labels.Run: run.name})
	if err != nil {
		return err
	}
	if words != "" {
		return outcome.Retry(outcome.Poll, v1alpha1.ReasonPodTrouble, "the import does not start: %s", words)
	}
	return awaitImport(n, outcome.Poll)
}

// awaitImport says that an import is on its way. Of one that repeats the last outcome stands until there is a new one.
func awaitImport(n *v1alpha1.AlumniNetwork, again time.Duration) error {
	if c := conditions.Get(n, v1alpha1.RosterSyncedCondition); c != nil && c.Reason == v1alpha1.ReasonImported && c.ObservedGeneration == n.Generation {
		return nil
	}
	return outcome.Wait(again, v1alpha1.ReasonImporting, "the roster is being imported")
}

// startImport makes the job of a run.
func (r *Reconciler) startImport(ctx context.Context, n *v1alpha1.AlumniNetwork, run importRun, made *batchv1.Job) error {
	in := job.RosterInput{Run: job.Run{
		Namespace: n.Namespace, Network: n.Name, Name: run.name, ScheduledAt: run.due, Image: n.WorkloadImage(r.WorkloadImage),
		PullSecrets: n.PullSecrets(),
	}}
	if section := n.Spec.Roster; section != nil {
		if v := section.Source.Volume; v != nil {
			in.Claim = v.ClaimName
		}
		if h := section.Source.HTTPS; h != nil && h.SecretRef != nil {
			in.Secret = h.SecretRef.Name
		}
	}
	*made = *job.BuildRosterJob(in)
	_, err := r.applier().Create(ctx, n, made)
	return err
}

// checkSource looks whether claim and Secret of the roster are there, for a job without them would hang.
func (r *Reconciler) checkSource(ctx context.Context, s *scope) error {
	n := s.network
	if n.Spec.Roster == nil {
		return nil
	}
	source := n.Spec.Roster.Source
	if v := source.Volume; v != nil {
		err := r.Live.Get(ctx, types.NamespacedName{Namespace: n.Namespace, Name: v.ClaimName}, &corev1.PersistentVolumeClaim{})
		if apierrors.IsNotFound(err) {
			return outcome.Retry(outcome.Poll, v1alpha1.ReasonClaimNotFound, "PersistentVolumeClaim %q does not exist", v.ClaimName)
		}
		if err != nil {
			return fmt.Errorf("read the roster's claim: %w", err)
		}
	}
	if h := source.HTTPS; h != nil && h.SecretRef != nil {
		return r.holds(ctx, s, useRoster, h.SecretRef.Name)
	}
	return nil
}

// stopImports deletes the jobs of imports that still run. What they did not finish, they did not change.
func (r *Reconciler) stopImports(ctx context.Context, n *v1alpha1.AlumniNetwork) error {
	jobs, err := r.imports(ctx, n)
	if err != nil {
		return err
	}
	return r.stopJobs(ctx, jobs)
}

// stopJobs deletes those of some jobs that have not ended.
func (r *Reconciler) stopJobs(ctx context.Context, jobs []batchv1.Job) error {
	for i := range jobs {
		j := &jobs[i]
		if condition(j, batchv1.JobComplete) != nil || condition(j, batchv1.JobFailed) != nil || j.DeletionTimestamp != nil {
			continue
		}
		if err := r.applier().Delete(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// reportImport shows the newest outcome when no import is due.
func reportImport(n *v1alpha1.AlumniNetwork, last *stats.RosterImport) {
	switch {
	case last == nil:
		conditions.True(n, v1alpha1.RosterSyncedCondition, v1alpha1.ReasonImportPending, "No import was due yet; see status.roster.nextImportAt")
	case last.State == "Failed":
		conditions.Fail(n, v1alpha1.RosterSyncedCondition, importFailed(last, last.RunName))
	default:
		conditions.True(n, v1alpha1.RosterSyncedCondition, v1alpha1.ReasonImported, importedMessage(last))
	}
}

func importedMessage(last *stats.RosterImport) string {
	if last.Quarantined == 0 {
		return "The last import took every row"
	}
	return "The last import left some rows out; see status.roster.quarantine"
}

// importFailed says why a run failed, as far as the store knows.
func importFailed(last *stats.RosterImport, run string) error {
	message := "the import failed before it reached the store; see the log of job " + run
	if last != nil && last.RunName == run && last.Failure != "" {
		message = "the import failed: " + last.Failure
		if last.FailureField != "" {
			message += " (" + last.FailureField + ")"
		}
		message += "; nothing was imported"
	}
	return outcome.Retry(outcome.Resync, v1alpha1.ReasonImportFailed,
		"%s. After a correction of the file, set annotation %s to a new value", message, importAnnotation)
}

// sectionDigest names an import without a schedule: it changes with the section, and with the annotation that asks for
// another import.
func sectionDigest(n *v1alpha1.AlumniNetwork) (string, error) {
	encoded, err := declaredRoster(n)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:5]), nil
}

func setNextImport(n *v1alpha1.AlumniNetwork, next time.Time) {
	switch {
	case next.IsZero() && n.Status.Roster == nil:
	case next.IsZero():
		n.Status.Roster.NextImportAt = nil
	default:
		if n.Status.Roster == nil {
			n.Status.Roster = &v1alpha1.RosterStatus{}
		}
		n.Status.Roster.NextImportAt = second(next)
	}
}

func condition(j *batchv1.Job, kind batchv1.JobConditionType) *batchv1.JobCondition {
	for i := range j.Status.Conditions {
		if c := &j.Status.Conditions[i]; c.Type == kind && c.Status == corev1.ConditionTrue {
			return c
		}
	}
	return nil
}
