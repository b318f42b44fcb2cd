// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"context"
	"log/slog"
	"os"
	"time"

	"k8s.io/utils/clock"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/pgbin"
)

// Job is what a backup, a drill or a restore works with.
type Job struct {
	// Login is that of the backup role in the network's database.
	Login dbconn.Login
	// Network is the claim that the manifest names.
	Network Network
	// RunName and ScheduledAt are how the journal knows the run.
	RunName     string
	ScheduledAt time.Time
	Destination Destination
	// Recipients are age public keys; for a backup.
	Recipients []string
	// Keep bounds the backups that stay after this one.
	Keep Keep
	// Identity is an age identity file; for a drill and a restore.
	Identity []byte
	// Scratch is the database into which a drill restores.
	Scratch string
	Clients pgbin.Clients
	Clock   clock.PassiveClock
	Log     *slog.Logger
}

// Backup makes one, notes in the store how it went, and removes what is no longer kept.
func (j *Job) Backup(ctx context.Context) (Result, error) {
	return j.journaled(ctx, kindBackup, j.backUp, DumpFailed)
}

// Drill restores the newest backup into the scratch database, compares it with the manifest, and empties the database.
func (j *Job) Drill(ctx context.Context) (Result, error) {
	return j.journaled(ctx, kindDrill, j.drill, RestoreFailed)
}

// journaled runs a step between two notes in the store. Its errors are Failures.
func (j *Job) journaled(ctx context.Context, kind string, step func(context.Context) (Result, error), fallback Code) (Result, error) {
	notes := journal{login: j.Login, run: j.RunName}
	fresh, err := notes.begin(ctx, kind, j.ScheduledAt)
	switch {
	case err != nil:
		return Result{}, asFailure(ctx, err, StoreFailed)
	case !fresh:
		return Result{Repeated: true}, nil
	}
	result, err := step(ctx)
	var failure *Failure
	if err != nil {
		failure = asFailure(ctx, err, fallback)
	}
	if err := notes.finish(ctx, result, failure); err != nil && failure == nil {
		failure = asFailure(ctx, err, StoreFailed)
	}
	if failure != nil {
		return result, failure
	}
	return result, nil
}

// withFolder lends a private folder, for what libpq reads from files.
func withFolder(do func(dir string) error) error {
	dir, err := os.MkdirTemp("", "backup-*")
	if err != nil {
		return fail(StoreFailed, "no file can be made in %s", os.TempDir())
	}
	defer func() { _ = os.RemoveAll(dir) }()
	return do(dir)
}
