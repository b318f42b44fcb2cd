// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// The kinds and states of runs in the journal of backups.
const (
	KindBackup     = "Backup"
	KindDrill      = "Drill"
	StateSucceeded = "Succeeded"
	StateFailed    = "Failed"
)

// Backups is what the journal of backups says.
type Backups struct {
	// Last is the newest backup that ended, LastGood the newest that succeeded; nil when there was none.
	Last, LastGood *BackupRun
	// LastDrill is the newest drill that ended, LastGoodDrill the newest that succeeded.
	LastDrill, LastGoodDrill *BackupRun
	// Ended holds those of the asked run names that ended.
	Ended map[string]bool
	// Scratch says whether the scratch database of a drill is there.
	Scratch bool
}

// BackupRun is the outcome of one backup or drill.
type BackupRun struct {
	RunName, Kind, State string
	Failure              string // code when Failed, for example DestinationUnreachable
	Backup               string // name of the backup that was made or restored
	SizeBytes            int64
	TakenAt              *time.Time // of the snapshot that the backup holds
	FinishedAt           *time.Time
}

// Backups reads the journal: the newest outcomes, and which of the asked runs have ended.
func (r *Reader) Backups(ctx context.Context, scratch string, asked []string) (Backups, error) {
	b := Backups{Ended: map[string]bool{}}
	batch := &pgx.Batch{}
	batch.Queue(sqlBackups).Query(each(func(rows pgx.Rows) error {
		var run BackupRun
		if err := rows.Scan(&run.RunName, &run.Kind, &run.State, &run.Failure, &run.Backup, &run.SizeBytes, &run.TakenAt, &run.FinishedAt); err != nil {
			return err
		}
		b.take(&run)
		return nil
	}))
	batch.Queue(sqlBackupsEnded, asked).Query(each(func(rows pgx.Rows) error {
		var name string
		err := rows.Scan(&name)
		b.Ended[name] = true
		return err
	}))
	batch.Queue(sqlScratch, scratch).QueryRow(one(&b.Scratch))
	return b, r.send(ctx, "the journal of backups", batch)
}

// take files a run; the newest of each kind come first.
func (b *Backups) take(run *BackupRun) {
	last, good := &b.Last, &b.LastGood
	if run.Kind == KindDrill {
		last, good = &b.LastDrill, &b.LastGoodDrill
	}
	if *last == nil {
		*last = run
	}
	if *good == nil && run.State == StateSucceeded {
		*good = run
	}
}
