// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"filippo.io/age"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/postgres"
	"github.com/alumni-operator/alumni-operator/internal/resources/job"
	"github.com/alumni-operator/alumni-operator/internal/resources/network"
	"github.com/alumni-operator/alumni-operator/internal/runs"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// backUp starts backups and drills when they are due and reports on them. What goes wrong with them is told in
// BackupHealthy alone: a network whose backup failed still serves its people, and stays Ready.
func (r *Reconciler) backUp(ctx context.Context, s *scope) error {
	err := r.keepBackups(ctx, s)
	if err == nil {
		return nil
	}
	conditions.Fail(s.network, v1alpha1.BackupHealthyCondition, err)
	result, unexpected := outcome.Fold(err)
	if unexpected != nil {
		log.FromContext(ctx).Error(unexpected, "Looking after the backups failed")
		result.RequeueAfter = outcome.Poll
	}
	if s.nextBackup == 0 || result.RequeueAfter < s.nextBackup {
		s.nextBackup = result.RequeueAfter
	}
	return nil
}

func (r *Reconciler) keepBackups(ctx context.Context, s *scope) error {
	n := s.network
	switch {
	case n.Spec.Store.Backup == nil:
		return r.endBackups(ctx, s)
	case n.Spec.State.Suspended():
		conditions.False(n, v1alpha1.BackupHealthyCondition, v1alpha1.ReasonSuspended, "The network is suspended: nothing is backed up")
		return r.restBackups(ctx, s)
	case !s.storeUsable:
		return outcome.Wait(outcome.Poll, v1alpha1.ReasonNotReachedYet, "waits for the store")
	}
	plan, err := backupAgenda(n, s.now)
	if err != nil {
		return err
	}
	s.nextBackup = plan.nextLook(s.now)
	setBackupStatus(n, s.backups, plan.next)
	jobs, err := r.backupJobs(ctx, n)
	if err != nil {
		return err
	}
	if err := r.clearUp(ctx, s); err != nil {
		return err
	}
	if err := r.checkBackup(ctx, s); err != nil {
		return err
	}
	drillErr := r.checkDrill(ctx, s)
	if err := r.startDue(ctx, s, plan, jobs, drillErr == nil); err != nil {
		return err
	}
	if err := r.judgeBackups(ctx, s, plan, jobs); err != nil {
		return err
	}
	return drillErr
}

// endBackups looks after a network that declares no backups, or none any more. What was backed up stays where it is.
func (r *Reconciler) endBackups(ctx context.Context, s *scope) error {
	n := s.network
	conditions.True(n, v1alpha1.BackupHealthyCondition, v1alpha1.ReasonNotConfigured, "No backup is declared")
	if n.Status.Backup == nil {
		return nil
	}
	if err := r.restBackups(ctx, s); err != nil {
		return err
	}
	if s.storeUsable && !s.backups.Scratch { // otherwise the next look clears up
		n.Status.Backup = nil
	}
	return nil
}

// restBackups stops what runs. What was not finished is no backup.
func (r *Reconciler) restBackups(ctx context.Context, s *scope) error {
	jobs, err := r.backupJobs(ctx, s.network)
	if err != nil {
		return err
	}
	if err := r.stopJobs(ctx, jobs); err != nil || !s.storeUsable {
		return err
	}
	return r.clearUp(ctx, s)
}

// runner starts runs whose settings are frozen.
func (r *Reconciler) runner() runs.Runner { return runs.Runner{Client: r.Client, Live: r.Live} }

// backupJobs lists the jobs of backups and drills that are still kept.
func (r *Reconciler) backupJobs(ctx context.Context, n *v1alpha1.AlumniNetwork) ([]batchv1.Job, error) {
	all, err := r.runner().Jobs(ctx, n, labels.Network)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(j batchv1.Job) bool { return j.Labels[labels.Component] != string(labels.Backup) }), nil
}

// clearUp removes what runs leave behind: frozen settings, and the scratch database when no drill uses it.
func (r *Reconciler) clearUp(ctx context.Context, s *scope) error {
	all, err := r.runner().Jobs(ctx, s.network, labels.Network)
	if err != nil {
		return err
	}
	if err := r.runner().Sweep(ctx, s.network, labels.Network, all); err != nil {
		return err
	}
	if !s.backups.Scratch {
		return nil
	}
	if drilling, err := r.drilling(ctx, s.network); err != nil || drilling {
		return err
	}
	if err := r.openStore(ctx, s); err != nil {
		return err
	}
	err = r.withTurn(ctx, s.admin, postgres.ScratchSessions, func() error { return postgres.DropScratch(ctx, s.admin, s.spec) })
	switch {
	case errors.Is(err, postgres.ErrScratchBusy): // the pod of a drill that was stopped has not ended yet
		s.nextBackup = outcome.Poll
		return nil
	case err != nil:
		return explainScratch(err)
	}
	s.backups.Scratch = false
	return nil
}

// drilling says whether a drill is under way. It asks the API server, for a cache that does not know the drill that was
// just started would take its database away.
func (r *Reconciler) drilling(ctx context.Context, n *v1alpha1.AlumniNetwork) (bool, error) {
	list := &batchv1.JobList{}
	err := r.Live.List(ctx, list, client.InNamespace(n.Namespace), client.MatchingLabels(labels.Selector(n.Name, labels.Backup)),
		client.MatchingLabels{labels.RunKind: job.KindDrill})
	if err != nil {
		return false, fmt.Errorf("list drills: %w", err)
	}
	return slices.ContainsFunc(list.Items, func(j batchv1.Job) bool { return !runs.Ended(&j) && j.DeletionTimestamp.IsZero() }), nil
}

// checkBackup looks whether everything that a backup needs is there, for a job without it would hang.
func (r *Reconciler) checkBackup(ctx context.Context, s *scope) error {
	b := s.network.Spec.Store.Backup
	for i, recipient := range b.Encryption.Recipients {
		if _, err := age.ParseX25519Recipient(string(recipient)); err != nil {
			return outcome.Retry(outcome.Resync, v1alpha1.ReasonInvalidSpec,
				"spec.store.backup.encryption.recipients[%d] is no age public key: a character is wrong", i)
		}
	}
	return r.checkDestination(ctx, s, b.Destination)
}

// checkDestination looks whether the claim or the Secret of a destination is there.
func (r *Reconciler) checkDestination(ctx context.Context, s *scope, d v1alpha1.BackupDestination) error {
	n := s.network
	if claim := d.PersistentVolumeClaim; claim != nil {
		err := r.Live.Get(ctx, types.NamespacedName{Namespace: n.Namespace, Name: claim.ClaimName}, &corev1.PersistentVolumeClaim{})
		if apierrors.IsNotFound(err) {
			return outcome.Retry(outcome.Poll, v1alpha1.ReasonClaimNotFound, "PersistentVolumeClaim %q does not exist", claim.ClaimName)
		}
		if err != nil {
			return fmt.Errorf("read the claim of the backups: %w", err)
		}
	}
	if s3 := d.S3; s3 != nil {
		return r.holds(ctx, s, useBucket, s3.SecretRef.Name, "accessKeyID", "secretAccessKey")
	}
	return nil
}

// checkDrill looks whether the key of the drills is there. Backups go on without it.
func (r *Reconciler) checkDrill(ctx context.Context, s *scope) error {
	drill := s.network.Spec.Store.Backup.Drill
	if drill == nil {
		return nil
	}
	return r.holds(ctx, s, useIdentity, drill.IdentitySecretRef.Name, settings.BackupIdentityFile)
}

// startDue starts the run whose turn it is, if there is one: never two at once.
func (r *Reconciler) startDue(ctx context.Context, s *scope, plan agenda, jobs []batchv1.Job, mayDrill bool) error {
	if slices.ContainsFunc(jobs, func(j batchv1.Job) bool { return !runs.Ended(&j) }) {
		return nil
	}
	for _, run := range plan.due {
		known := s.backups.Ended[run.name] || slices.ContainsFunc(jobs, func(j batchv1.Job) bool { return j.Name == run.name })
		if known || (run.drill && (!mayDrill || s.backups.LastGood == nil)) {
			continue
		}
		if wait := r.turn(s, "backup"); wait > 0 {
			s.nextBackup = wait
			return nil
		}
		return r.startBackup(ctx, s, run)
	}
	return nil
}

// turn is how long a job that is due waits for its turn among those of other networks; 0 when it may start.
func (r *Reconciler) turn(s *scope, kind string) time.Duration {
	return r.Pace.Wait(kind+" "+s.network.Namespace+"/"+s.network.Name, s.now)
}

// startBackup makes the job of a run, and for a drill the database that it restores into.
func (r *Reconciler) startBackup(ctx context.Context, s *scope, run backupRun) error {
	n := s.network
	b := n.Spec.Store.Backup
	in := r.jobWith(s, b.Destination, run.name, run.due)
	if run.drill {
		in.Kind = job.KindDrill
		in.IdentitySecret = b.Drill.IdentitySecretRef.Name
		if err := r.openStore(ctx, s); err != nil {
			return err
		}
		prepare := func() error { return postgres.MakeScratch(ctx, s.admin, s.spec) }
		if err := r.withTurn(ctx, s.admin, postgres.ScratchSessions, prepare); err != nil {
			return explainScratch(err)
		}
	}
	told := network.BuildBackup(n, r.ClusterID, databaseName(n))
	return r.runner().Start(ctx, n, job.BuildBackupJob(in), settings.BackupFile, told)
}

// jobWith describes a job that works with a destination of backups.
func (r *Reconciler) jobWith(s *scope, d v1alpha1.BackupDestination, name string, due time.Time) job.BackupInput {
	n := s.network
	in := job.BackupInput{
		Run:  job.Run{Namespace: n.Namespace, Network: n.Name, Name: name, ScheduledAt: due, Image: r.image(s), PullSecrets: n.PullSecrets()},
		Kind: job.KindBackup, PostgresImage: r.dumpImage(s),
	}
	if claim := d.PersistentVolumeClaim; claim != nil {
		in.Claim = claim.ClaimName
	}
	if bucket := d.S3; bucket != nil {
		in.BucketSecret = bucket.SecretRef.Name
	}
	return in
}

// dumpImage has pg_dump and pg_restore of the server's version. An External server says nothing of such an image: the operator's
// default must be as new.
func (r *Reconciler) dumpImage(s *scope) string {
	for _, image := range []string{s.serverImage, s.network.ClusterImage()} {
		if image != "" {
			return image
		}
	}
	return s.network.ServerImage(r.PostgresImage)
}

// explainScratch gives an error about the scratch database its reason.
func explainScratch(err error) error {
	if errors.Is(err, postgres.ErrScratchTaken) {
		return outcome.Retry(outcome.Resync, v1alpha1.ReasonDrillFailed,
			"a database with the name of the scratch database (that of the store and %q) belongs to somebody else; rename it", naming.ScratchDatabase(""))
	}
	return explain(err)
}
