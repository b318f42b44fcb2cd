// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

// RestoreTable holds the mark of a database that was made to take a backup in. It is made with the claim, in one
// transaction, so that a database that is claimed and has no mark is known to be in use.
const RestoreTable = SchemaOperator + ".restore"

// RestoreState says how far a restore has come, as in the column alumni_operator.restore.state.
type RestoreState string

// The states of a restore. Until it is Done nobody but the owner role and the operator may connect.
const (
	// RestoreEmpty: nothing in the database can be relied on, and all of it may be thrown away.
	RestoreEmpty RestoreState = "Empty"
	// RestoreRestored: every table is as it was backed up, and people who were erased since are still in it.
	RestoreRestored RestoreState = "Restored"
	// RestoreDone: who was erased is erased again, and the database is in use.
	RestoreDone RestoreState = "Done"
)

// Restore is the mark of a database that was made to take a backup in.
type Restore struct {
	State RestoreState
	// Run is the newest run that worked on it, and Failure the code with which that failed; empty when it did not.
	Run, Failure string
	// Backup is the name of the backup that was restored, and TakenAt the moment that it shows.
	Backup  string
	TakenAt *time.Time
	// Rows were restored, and Erased people erased again.
	Rows, Erased       int64
	StartedAt, EndedAt *time.Time
}

// ReadRestore reads the mark as the metrics role; nil when the database has none.
func ReadRestore(ctx context.Context, metrics dbconn.Login) (*Restore, error) {
	conn, err := connect(ctx, metrics)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return readRestore(ctx, conn)
}

func readRestore(ctx context.Context, conn *pgx.Conn) (*Restore, error) {
	var r Restore
	err := conn.QueryRow(ctx, sqlRestore).Scan(&r.State, &r.Run, &r.Failure, &r.Backup, &r.TakenAt, &r.Rows, &r.Erased, &r.StartedAt, &r.EndedAt)
	pgErr := (*pgconn.PgError)(nil)
	switch {
	case err == nil:
		return &r, nil
	case errors.Is(err, pgx.ErrNoRows), errors.As(err, &pgErr) && (pgErr.Code == "42P01" || pgErr.Code == "3F000"):
		return nil, nil // no mark is an answer
	default:
		return nil, explain("read the mark of a restore", err)
	}
}

// observeRestore reads the mark where there is a table for it. One that may not be read is taken for one that is not done.
func observeRestore(ctx context.Context, conn *pgx.Conn, facts *insideFacts) error {
	if _, there := facts.tables[RestoreTable]; !there {
		return nil
	}
	mark, err := readRestore(ctx, conn)
	if errors.Is(err, ErrPrivilege) {
		facts.restoreHidden = true
		return nil
	}
	facts.restore = mark
	return err
}

// restoring tells that the database is still closed: a backup is to be restored into it, or was and is not opened yet.
func (a Actual) restoring() bool {
	return a.inside != nil && (a.inside.restoreHidden || (a.inside.restore != nil && a.inside.restore.State != RestoreDone))
}

// vetRestore refuses to restore into a store that is in use, and to open one whose restore was never finished.
func vetRestore(spec Spec, a Actual) error {
	switch {
	case a.inside.restoreHidden:
		return nil // an admin will see more
	case spec.Restore && a.inside.restore == nil:
		return ErrNotForRestore
	case !spec.Restore && a.restoring():
		return ErrRestoreUnfinished
	}
	return nil
}
