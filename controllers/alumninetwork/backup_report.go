// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/resources/job"
	"github.com/alumni-operator/alumni-operator/internal/runs"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// setBackupStatus copies the newest outcomes into status.
func setBackupStatus(n *v1alpha1.AlumniNetwork, b stats.Backups, next time.Time) {
	status := &v1alpha1.BackupStatus{}
	if good := b.LastGood; good != nil {
		status.LastBackup, status.SizeBytes = good.Backup, good.SizeBytes
		if good.TakenAt != nil {
			status.LastSuccessAt = second(*good.TakenAt)
		}
	}
	if drill := b.LastGoodDrill; drill != nil && drill.FinishedAt != nil {
		status.LastDrillAt = second(*drill.FinishedAt)
	}
	if !next.IsZero() {
		status.NextAt = second(next)
	}
	n.Status.Backup = status
}

// judgeBackups says how backups and drills stand, by the journal, and by jobs that never came to write in it.
func (r *Reconciler) judgeBackups(ctx context.Context, s *scope, plan agenda, jobs []batchv1.Job) error {
	n, b := s.network, s.backups
	if err := r.troubleOf(ctx, n, jobs); err != nil {
		return err
	}
	switch lost := silentFailure(jobs, job.KindBackup, b.Last); {
	case lost != "":
		return outcome.Retry(outcome.Resync, v1alpha1.ReasonBackupFailed,
			"the backup failed and left no word in the store; see the log of job %s", lost)
	case b.Last == nil:
		conditions.True(n, v1alpha1.BackupHealthyCondition, v1alpha1.ReasonBackupPending, "No backup has ended yet; see status.backup.nextAt")
		return nil
	case b.Last.State == stats.StateFailed:
		return outcome.Retry(outcome.Resync, v1alpha1.ReasonBackupFailed,
			"the last backup failed: %s; older backups are untouched. After a correction, set annotation %s to a new value", b.Last.Failure, backupAnnotation)
	case b.Last.Failure != "":
		return outcome.Retry(outcome.Resync, v1alpha1.ReasonBackupFailed,
			"the last backup is good, and older ones could not be removed: %s", b.Last.Failure)
	case b.LastGood.TakenAt != nil && plan.overdue(*b.LastGood.TakenAt, s.now):
		return outcome.Retry(outcome.Resync, v1alpha1.ReasonBackupOverdue,
			"two backups in a row were due since the last one; see status.backup.lastSuccessAt")
	}
	if n.Spec.Store.Backup.Drill != nil {
		if err := judgeDrill(b, jobs); err != nil {
			return err
		}
	}
	conditions.True(n, v1alpha1.BackupHealthyCondition, v1alpha1.ReasonBackedUp, "The last backup succeeded"+drilled(b))
	return nil
}

func judgeDrill(b stats.Backups, jobs []batchv1.Job) error {
	if lost := silentFailure(jobs, job.KindDrill, b.LastDrill); lost != "" {
		return outcome.Retry(outcome.Resync, v1alpha1.ReasonDrillFailed, "the drill failed and left no word in the store; see the log of job %s", lost)
	}
	if b.LastDrill != nil && b.LastDrill.State == stats.StateFailed {
		return outcome.Retry(outcome.Resync, v1alpha1.ReasonDrillFailed,
			"the last drill could not restore the newest backup: %s. Do not rely on your backups until this is understood", b.LastDrill.Failure)
	}
	return nil
}

func drilled(b stats.Backups) string {
	if b.LastDrill == nil || b.LastDrill.State == stats.StateFailed {
		return ""
	}
	return ", and the last drill restored one"
}

// troubleOf puts into words what keeps the pods of a run from starting.
func (r *Reconciler) troubleOf(ctx context.Context, n *v1alpha1.AlumniNetwork, jobs []batchv1.Job) error {
	i := slices.IndexFunc(jobs, func(j batchv1.Job) bool { return !runs.Ended(&j) })
	if i < 0 {
		return nil
	}
	words, err := r.podWords(ctx, n, map[string]string{labels.Run: jobs[i].Name})
	if err != nil || words == "" {
		return err
	}
	return outcome.Retry(outcome.Poll, v1alpha1.ReasonPodTrouble, "job %s does not start: %s", jobs[i].Name, words)
}

// silentFailure names the newest job of a kind when it gave up and the journal's newest outcome is of another run: its
// pods never came so far as to write one.
func silentFailure(jobs []batchv1.Job, kind string, last *stats.BackupRun) string {
	var newest *batchv1.Job
	for i := range jobs {
		j := &jobs[i]
		if j.Labels[labels.RunKind] == kind && (newest == nil || newest.CreationTimestamp.Before(&j.CreationTimestamp)) {
			newest = j
		}
	}
	if newest == nil || !runs.Failed(newest) || (last != nil && last.RunName == newest.Name) {
		return ""
	}
	return newest.Name
}
