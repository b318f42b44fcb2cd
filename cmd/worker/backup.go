// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path"
	"path/filepath"

	"k8s.io/utils/clock"

	"github.com/alumni-operator/alumni-operator/internal/backup"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/erasures"
	"github.com/alumni-operator/alumni-operator/internal/pgbin"
	"github.com/alumni-operator/alumni-operator/internal/restore"
	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
	"github.com/alumni-operator/alumni-operator/internal/selfcopy"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

// backupPaths are the mounted folders; flags move them, for tests and for a restore by hand.
type backupPaths struct{ settings, database, secret, identity, volume, programs string }

func (p *backupPaths) flags(set *flag.FlagSet) {
	set.StringVar(&p.settings, "backup-dir", settings.BackupDir, "folder with "+settings.BackupFile)
	set.StringVar(&p.database, "database-dir", settings.DatabaseDir, "folder with the login of the backup role, or of the database to restore into")
	set.StringVar(&p.secret, "secret-dir", settings.BackupSecretDir, "folder with what opens the bucket")
	set.StringVar(&p.identity, "identity-dir", settings.BackupIdentityDir, "folder with an age identity; for a restore")
	set.StringVar(&p.volume, "volume-dir", settings.BackupVolumeDir, "folder where the volume is mounted")
	set.StringVar(&p.programs, "program-dir", "", "folder with pg_dump and pg_restore (default: PATH and the usual ones)")
}

// runBackup makes one backup.
func runBackup(ctx context.Context, args []string, log *slog.Logger) error {
	var paths backupPaths
	set := flag.NewFlagSet("worker backup", flag.ContinueOnError)
	paths.flags(set)
	if err := set.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errFinal, err)
	}
	job, _, err := paths.job(ctx, log)
	if err != nil {
		return backupError(err)
	}
	result, err := job.Backup(ctx)
	return reportBackup(job.Log, result, err)
}

// runRestore restores the newest backup, or one that is named, into an empty database; as a drill, into the scratch
// database, which is emptied again.
func runRestore(ctx context.Context, args []string, log *slog.Logger) error {
	var paths backupPaths
	set := flag.NewFlagSet("worker restore", flag.ContinueOnError)
	paths.flags(set)
	drill := set.Bool("drill", false, "restore into the scratch database, compare, and empty it again")
	network := set.Bool("network", false, "restore into the network's own database, which was made for it, and erase again who was erased since")
	pepper := set.String("pepper-dir", settings.PepperDir, "folder with "+settings.PepperFile+"; for --network")
	name := set.String("backup", "", "name of the backup, without suffix (default: the newest)")
	if err := set.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errFinal, err)
	}
	job, told, err := paths.job(ctx, log)
	if err != nil {
		return backupError(err)
	}
	if job.Identity, err = os.ReadFile(filepath.Join(paths.identity, settings.BackupIdentityFile)); err != nil {
		return fmt.Errorf("read the identity: %w", err)
	}
	if *network {
		return restoreNetwork(ctx, paths, job, told, *pepper)
	}
	if *drill {
		job.Scratch = told.Scratch
		result, err := job.Drill(ctx)
		return reportBackup(job.Log, result, err)
	}
	result, err := job.Restore(ctx, *name, job.Login)
	return reportBackup(job.Log, result, err)
}

// restoreNetwork builds the store of a new network from a backup.
func restoreNetwork(ctx context.Context, paths backupPaths, job *backup.Job, told settings.Backup, pepperDir string) error {
	pepper, err := os.ReadFile(filepath.Join(pepperDir, settings.PepperFile))
	if err != nil {
		return fmt.Errorf("read the pepper: %w", err)
	}
	keys, err := tombstone.New(pepper)
	if err != nil {
		return err
	}
	entries, err := paths.ledger(told)
	if err != nil {
		return backupError(err)
	}
	r := restore.Job{
		Backup: job, Name: told.Backup, Target: job.Login, Keys: keys, RunName: job.RunName, Log: job.Log,
		Ledger: &erasures.Ledger{Destination: entries, Network: job.Network},
	}
	result, err := r.Run(ctx)
	switch {
	case err != nil:
		return backupError(err)
	case result.Repeated:
		job.Log.Info("Doing nothing: the store was restored before")
		return nil
	}
	job.Log.Info("Ending well", "backup", result.Backup, "erasedAgain", result.Erased, "peakMemoryKiB", peakMemory())
	return nil
}

// job reads what the operator mounted.
func (p backupPaths) job(ctx context.Context, log *slog.Logger) (*backup.Job, settings.Backup, error) {
	told, err := settings.Load[settings.Backup](filepath.Join(p.settings, settings.BackupFile))
	if err != nil {
		return nil, told, err
	}
	job := &backup.Job{
		Network: backup.Network{Cluster: told.Cluster, Namespace: told.Namespace, Name: told.Name, UID: told.NetworkUID},
		RunName: os.Getenv(settings.EnvRunName), Recipients: told.Recipients, Clock: clock.RealClock{},
	}
	job.Log = log.With("run", job.RunName)
	if due := os.Getenv(settings.EnvScheduledAt); due != "" {
		if job.ScheduledAt, err = settings.ScheduledAt(due); err != nil {
			return nil, told, fmt.Errorf("%w: %w", errFinal, err)
		}
	}
	if job.Keep, err = keepOf(told); err != nil {
		return nil, told, fmt.Errorf("%w: %w", errFinal, err)
	}
	if job.Login, err = dbconn.Read(p.database); err != nil {
		return nil, told, err
	}
	var folders []string
	if p.programs != "" {
		folders = []string{p.programs}
	}
	if job.Clients, err = pgbin.FindClients(ctx, folders...); err != nil {
		return nil, told, fmt.Errorf("%w: %w", errFinal, err)
	}
	job.Destination, err = p.destination(told)
	return job, told, err
}

func (p backupPaths) destination(told settings.Backup) (backup.Destination, error) {
	if told.Bucket != nil {
		return backup.OpenBucket(*told.Bucket, told.Folder, p.secret)
	}
	return backup.OpenVolume(p.volume, filepath.Join(told.Path, told.Folder))
}

// ledger opens the erasure ledger beside backups, to read from. A folder that is not there means that nobody was erased.
func (p backupPaths) ledger(told settings.Backup) (backup.Destination, error) {
	folder := path.Join(told.Folder, erasures.Folder)
	if told.Bucket != nil {
		return backup.OpenBucket(*told.Bucket, folder, p.secret)
	}
	return backup.LookIntoVolume(p.volume, filepath.Join(told.Path, folder))
}

func keepOf(told settings.Backup) (backup.Keep, error) {
	keep := backup.Keep{Count: max(told.KeepCount, 1)}
	var err error
	if keep.Zone, err = calendar.Zone(told.TimeZone); err != nil {
		return keep, err
	}
	if told.KeepAge == "" {
		return keep, nil
	}
	period, err := calendar.ParsePeriod(told.KeepAge)
	keep.Age = &period
	return keep, err
}

// reportBackup logs counts and codes, and nothing of the store.
func reportBackup(log *slog.Logger, r backup.Result, err error) error {
	switch {
	case err != nil:
		return backupError(err)
	case r.Repeated:
		log.Info("Doing nothing: this run succeeded before")
		return nil
	}
	m := r.Manifest
	log.Info("Ending well", "backup", m.Name, "bytes", m.Encrypted.Bytes, "tables", len(m.Tables), "rows", m.Rows, "removed", r.Pruned,
		"peakMemoryKiB", peakMemory())
	return nil
}

func backupError(err error) error {
	var failure *backup.Failure
	if errors.As(err, &failure) && failure.Final() {
		return fmt.Errorf("%w: %w", errFinal, err)
	}
	return err
}

// runInstall copies this program and the roots of trust to a folder, from which a container of another image runs it.
func runInstall(_ context.Context, args []string, _ *slog.Logger) error {
	set := flag.NewFlagSet("worker install", flag.ContinueOnError)
	roots := set.String("roots", "/etc/ssl/certs/ca-certificates.crt", "file with the roots of trust")
	if err := set.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errFinal, err)
	}
	if set.NArg() != 1 {
		return fmt.Errorf("%w: usage: worker install FOLDER", errFinal)
	}
	if err := selfcopy.To(filepath.Join(set.Arg(0), "worker")); err != nil {
		return err
	}
	return selfcopy.File(*roots, filepath.Join(set.Arg(0), settings.RootsFile), 0o644)
}
