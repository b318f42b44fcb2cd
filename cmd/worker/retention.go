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

	"github.com/alumni-operator/alumni-operator/internal/backup"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/erasures"
	"github.com/alumni-operator/alumni-operator/internal/retention"
	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
	"github.com/alumni-operator/alumni-operator/internal/retention/holdlist"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

// retentionConnections is enough for the run's lock, its transactions, and its looking around.
const retentionConnections = 4

// retentionFlags are the folders that the operator mounts; others are for tests and for a look by hand.
type retentionFlags struct {
	requests                                   bool
	database, network, policy, pepper, signing string
	ledgerSecret, ledgerVolume, holds          string
}

// runRetention erases what is due, or what people asked for, or explains what is kept.
func runRetention(ctx context.Context, args []string, log *slog.Logger) error {
	if len(args) > 0 && args[0] == "explain" {
		return explainMember(ctx, args[1:], os.Stdout)
	}
	f, err := parseRetentionFlags(args)
	if err != nil {
		return err
	}
	job, err := f.job(log)
	if err != nil {
		return err
	}
	pool, err := dbconn.Open(ctx, f.database, dbconn.Options{MaxConns: retentionConnections, ApplicationName: "retention"})
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := retention.Run(ctx, pool, job); err != nil {
		if errors.Is(err, retention.ErrFinal) {
			return fmt.Errorf("%w: %w", errFinal, err)
		}
		return err
	}
	return nil
}

func parseRetentionFlags(args []string) (retentionFlags, error) {
	var f retentionFlags
	set := flag.NewFlagSet("worker retention", flag.ContinueOnError)
	set.BoolVar(&f.requests, "requests", false, "erase members who left and wait for it, instead of working by the rules")
	set.StringVar(&f.database, "database-dir", settings.DatabaseDir, "folder with the login of the retention role")
	set.StringVar(&f.network, "network-dir", settings.NetworkDir, "folder with "+settings.NetworkFile)
	set.StringVar(&f.policy, "policy-dir", settings.RetentionDir, "folder with "+settings.RetentionFile)
	set.StringVar(&f.pepper, "pepper-dir", settings.PepperDir, "folder with "+settings.PepperFile)
	set.StringVar(&f.signing, "signing-dir", settings.SigningDir, "folder with "+settings.SigningKeyFile)
	set.StringVar(&f.ledgerSecret, "ledger-secret-dir", settings.BackupSecretDir, "folder with what opens the bucket of the erasure ledger")
	set.StringVar(&f.ledgerVolume, "ledger-volume-dir", settings.BackupVolumeDir, "folder where the volume of the erasure ledger is mounted")
	set.StringVar(&f.holds, "holds-dir", settings.HoldsDir, "folder with the lists of members on legal hold")
	if err := set.Parse(args); err != nil {
		return f, fmt.Errorf("%w: %w", errFinal, err)
	}
	if set.NArg() > 0 {
		return f, fmt.Errorf("%w: worker retention knows no argument %q", errFinal, set.Arg(0))
	}
	return f, nil
}

// job reads everything that the run needs. What is missing may come with the next start of the pod.
func (f retentionFlags) job(log *slog.Logger) (retention.Job, error) {
	job := retention.Job{RunName: os.Getenv(settings.EnvRunName), Requests: f.requests, Log: log}
	network, err := settings.Load[settings.Network](filepath.Join(f.network, settings.NetworkFile))
	if err != nil {
		return job, err
	}
	job.Network = network.UID
	job.Policy, err = settings.LoadFrozen[settings.Retention](filepath.Join(f.policy, settings.RetentionFile), os.Getenv(settings.EnvSettingsDigest))
	if errors.Is(err, settings.ErrChanged) {
		return job, fmt.Errorf("%w: %w", errFinal, err)
	}
	if err != nil {
		return job, err
	}
	if job.Holds, err = f.readHolds(job.Policy.Holds); err != nil {
		return job, err
	}
	pepper, err := os.ReadFile(filepath.Join(f.pepper, settings.PepperFile))
	if err != nil {
		return job, fmt.Errorf("read the pepper: %w", err)
	}
	if job.Keys, err = tombstone.New(pepper); err != nil {
		return job, err
	}
	if job.Policy.Mode == retention.ModeDryRun && !f.requests {
		return job, nil // a preview signs nothing and need not have the key
	}
	job.Ledger = f.ledger(job.Policy.Ledger)
	key, err := os.ReadFile(filepath.Join(f.signing, settings.SigningKeyFile))
	if err != nil {
		return job, fmt.Errorf("read the signing key: %w", err)
	}
	job.Signing, err = certificate.ParsePrivateKey(key)
	return job, err
}

// readHolds reads whom each hold is about. What cannot be read keeps the run from starting: nobody knows then who must not be erased.
func (f retentionFlags) readHolds(told []settings.RetentionHold) ([]retention.Hold, error) {
	var holds []retention.Hold
	for _, h := range told {
		text, err := os.ReadFile(filepath.Join(f.holds, filepath.FromSlash(h.Members)))
		if err != nil {
			return nil, fmt.Errorf("read the members of hold %q: %w", h.Name, err)
		}
		members, err := holdlist.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("hold %q: %w", h.Name, err)
		}
		holds = append(holds, retention.Hold{RetentionHold: h, Members: members})
	}
	return holds, nil
}

// ledger opens the erasure ledger; nil when the network has no place for one. What cannot be opened is told by the run, which
// then says so in the store and erases nobody.
func (f retentionFlags) ledger(told *settings.Ledger) *erasures.Ledger {
	if told == nil {
		return nil
	}
	paths := backupPaths{secret: f.ledgerSecret, volume: f.ledgerVolume}
	destination, err := paths.destination(settings.Backup{
		Folder: path.Join(told.Folder, erasures.Folder), Path: told.Path, Bucket: told.Bucket,
	})
	if err != nil {
		destination = backup.Closed(err)
	}
	return &erasures.Ledger{Destination: destination, Network: backup.Network{
		Cluster: told.Cluster, Namespace: told.Namespace, Name: told.Name, UID: told.NetworkUID,
	}}
}
