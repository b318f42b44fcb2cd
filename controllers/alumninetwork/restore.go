// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/backup"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/postgres"
	"github.com/alumni-operator/alumni-operator/internal/resources/job"
	"github.com/alumni-operator/alumni-operator/internal/resources/network"
	"github.com/alumni-operator/alumni-operator/internal/runs"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// restoreAnnotation asks for another try of a restore that failed: any new value does.
const restoreAnnotation = "alumni-operator.io/restore-again"

// restoreStore builds the store of a new network from the backup that it names, and keeps everything else away until the mark
// in the database says that it is done. The mark decides, and no condition: status may be lost, and the store may not.
func (r *Reconciler) restoreStore(ctx context.Context, s *scope) error {
	n := s.network
	if n.Spec.Store.RestoreFrom == nil {
		conditions.Remove(n, v1alpha1.RestoredCondition)
		return nil
	}
	mark := s.mark
	switch {
	case s.restoring && mark == nil:
		return outcome.Wait(outcome.Soon, v1alpha1.ReasonRestoreRunning, "the database that the backup goes into is being made")
	case s.restoring && mark.State != postgres.RestoreDone:
		return r.runRestore(ctx, s, mark)
	case mark == nil: // the store is in use
		err := r.openMetrics(ctx, s)
		if err != nil {
			return err
		}
		if mark, err = r.readMark(ctx, s); err != nil {
			return explain(err)
		}
	}
	s.restoring = false
	return r.endRestore(ctx, n, mark)
}

// readMark reads how far the restore has come; nil when there is no database yet, or one that the operator's own role cannot
// look into.
func (r *Reconciler) readMark(ctx context.Context, s *scope) (mark *postgres.Restore, err error) {
	err = r.withTurn(ctx, s.metrics, 1, func() error {
		mark, err = postgres.ReadRestore(ctx, s.metrics)
		return err
	})
	if errors.Is(err, dbconn.ErrAuthentication) || errors.Is(err, dbconn.ErrNoDatabase) || errors.Is(err, dbconn.ErrNotPermitted) || errors.Is(err, postgres.ErrPrivilege) {
		return nil, nil // provisioning sees to it
	}
	return mark, err
}

// endRestore tells what was restored, and clears up. A store whose mark somebody has removed keeps what status says.
func (r *Reconciler) endRestore(ctx context.Context, n *v1alpha1.AlumniNetwork, mark *postgres.Restore) error {
	jobs, err := r.runner().Jobs(ctx, n, labels.Network)
	if err != nil {
		return err
	}
	if err := r.runner().Sweep(ctx, n, labels.Network, jobs); err != nil {
		return err
	}
	if mark != nil {
		n.Status.Restore = restoreStatus(mark)
	}
	took, status := "", n.Status.Restore
	if mark != nil && mark.StartedAt != nil && mark.EndedAt != nil {
		took = fmt.Sprintf(" in %s", mark.EndedAt.Sub(*mark.StartedAt).Round(time.Second))
	}
	if status == nil {
		status = &v1alpha1.RestoreStatus{}
	}
	conditions.True(n, v1alpha1.RestoredCondition, v1alpha1.ReasonRestored,
		fmt.Sprintf("The store was built from backup %s: %d rows restored, %d people erased again%s", status.Backup, status.Rows, status.ErasedAgain, took))
	return nil
}

func restoreStatus(mark *postgres.Restore) *v1alpha1.RestoreStatus {
	status := &v1alpha1.RestoreStatus{Backup: mark.Backup, Rows: mark.Rows, ErasedAgain: mark.Erased}
	if mark.TakenAt != nil {
		status.TakenAt = second(*mark.TakenAt)
	}
	if mark.EndedAt != nil {
		status.RestoredAt = second(*mark.EndedAt)
	}
	return status
}

// runRestore keeps the one job of the restore, and says how it fares.
func (r *Reconciler) runRestore(ctx context.Context, s *scope, mark *postgres.Restore) error {
	n := s.network
	all, err := r.backupJobs(ctx, n)
	if err != nil {
		return err
	}
	jobs := slices.DeleteFunc(all, func(j batchv1.Job) bool { return j.Labels[labels.RunKind] != job.KindRestore })
	if err := r.runner().Rest(ctx, jobs, n.Spec.State.Suspended()); err != nil {
		return err
	}
	if n.Spec.State.Suspended() {
		return outcome.Wait(outcome.Resync, v1alpha1.ReasonRestoreRunning, "the network is suspended: the restore goes on when it is Active")
	}
	name := restoreName(n)
	known := slices.IndexFunc(jobs, func(j batchv1.Job) bool { return j.Name == name })
	switch {
	case known >= 0 && runs.Failed(&jobs[known]), known < 0 && mark.Run == name && finalCode(mark.Failure):
		return failedRestore(n, name, mark)
	case slices.ContainsFunc(jobs, func(j batchv1.Job) bool { return !runs.Ended(&j) }):
		if err := r.troubleOf(ctx, n, jobs); err != nil {
			return err
		}
		return underWayRestore(mark)
	case known >= 0: // it ended well, and the mark was read before
		return underWayRestore(mark)
	}
	if err := r.startRestore(ctx, s, name); err != nil {
		return err
	}
	return underWayRestore(mark)
}

// restoreName is the name of the run: another one when another try was asked for.
func restoreName(n *v1alpha1.AlumniNetwork) string {
	value := n.Annotations[restoreAnnotation]
	if value == "" {
		return naming.RestoreRun(n.Name, "")
	}
	sum := sha256.Sum256([]byte(value))
	return naming.RestoreRun(n.Name, hex.EncodeToString(sum[:5]))
}

// finalCode says whether a run that left this code would fail again in the same way.
func finalCode(code string) bool {
	return code != "" && (&backup.Failure{Code: backup.Code(code)}).Final()
}

// failedRestore says why the restore came to nothing. Nothing was opened, so nothing is lost by another try.
func failedRestore(n *v1alpha1.AlumniNetwork, name string, mark *postgres.Restore) error {
	if mark.Run == name && mark.Failure == string(backup.PepperMismatch) {
		return outcome.Stop(v1alpha1.ReasonPepperMismatch,
			"the backup's tombstones were made under another pepper: put the pepper of the former network into Secret %q, then set annotation %s to a new value",
			naming.PepperSecret(n.Name), restoreAnnotation)
	}
	code := mark.Failure
	if mark.Run != name || code == "" {
		code = "it left no word in the database; see the log of the job"
	}
	return outcome.Stop(v1alpha1.ReasonRestoreFailed,
		"job %s could not restore the backup: %s. After a correction, set annotation %s to a new value", name, code, restoreAnnotation)
}

func underWayRestore(mark *postgres.Restore) error {
	if mark.State == postgres.RestoreRestored {
		return outcome.Wait(outcome.Poll, v1alpha1.ReasonRestoreReplayPending, "backup %s is restored; who was erased since is being erased again", mark.Backup)
	}
	return outcome.Wait(outcome.Poll, v1alpha1.ReasonRestoreRunning, "the backup is being restored")
}

// startRestore makes the job, when everything that it mounts is there.
func (r *Reconciler) startRestore(ctx context.Context, s *scope, name string) error {
	n, from := s.network, s.network.Spec.Store.RestoreFrom
	if err := r.checkDestination(ctx, s, from.Destination); err != nil {
		return err
	}
	if err := r.holds(ctx, s, useIdentity, from.IdentitySecretRef.Name, settings.BackupIdentityFile); err != nil {
		return err
	}
	if err := r.publishSettings(ctx, s); err != nil { // the job finds the database by them
		return err
	}
	in := r.jobWith(s, from.Destination, name, s.now)
	in.Kind, in.IdentitySecret = job.KindRestore, from.IdentitySecretRef.Name
	return r.runner().Start(ctx, n, job.BuildBackupJob(in), settings.BackupFile, network.BuildRestore(n, r.ClusterID))
}
