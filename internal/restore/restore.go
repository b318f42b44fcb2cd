// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package restore

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/alumni-operator/alumni-operator/internal/backup"
	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/erasures"
	"github.com/alumni-operator/alumni-operator/internal/postgres"
	"github.com/alumni-operator/alumni-operator/internal/retention"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

const (
	// lastWords bounds the noting of a failure by a run that was told to stop.
	lastWords = 10 * time.Second
	// connections are those that a replay works with; the session that holds the mark is one more.
	connections = 3
)

var (
	//go:embed sql/take.sql
	sqlTake string
	//go:embed sql/reset.sql
	sqlReset string
	//go:embed sql/failed.sql
	sqlFailed string
	//go:embed sql/restored.sql
	sqlRestored string
	//go:embed sql/settle.sql
	sqlSettle string
	//go:embed sql/done.sql
	sqlDone string
)

// Job is the restore of one backup into one network's database.
type Job struct {
	// Backup knows the destination, the identity and PostgreSQL's programs.
	Backup *backup.Job
	// Name is that of the backup, without suffix; empty for the newest.
	Name string
	// Target is the login of the owner role in the database that was made for it.
	Target dbconn.Login
	// Ledger is the erasure ledger of the network that was backed up.
	Ledger *erasures.Ledger
	// Keys are of the pepper that the backed-up network had, which the new one must have too.
	Keys *tombstone.Keyer
	// RunName tells this run from others in the mark.
	RunName string
	Log     *slog.Logger

	// afterStep is called between two steps; tests let the run die there.
	afterStep func(postgres.RestoreState) error
}

// Result is what a restore has done.
type Result struct {
	Backup   string
	Erased   int64 // people erased again
	Repeated bool  // the store was restored before, and nothing was done
}

// Run does what is left to do. Its errors are backup.Failures, and the mark says which.
func (j *Job) Run(ctx context.Context) (Result, error) {
	m, err := j.take(ctx)
	if err != nil {
		return Result{}, backup.AsFailure(ctx, err, backup.StoreFailed)
	}
	if m == nil {
		return Result{Repeated: true}, nil
	}
	defer m.release(ctx)
	result, err := j.steps(ctx, m)
	if err != nil {
		failure := backup.AsFailure(ctx, err, backup.RestoreFailed)
		m.fail(ctx, failure.Code)
		return result, failure
	}
	return result, nil
}

// mark is the row that says how far the restore has come, over a session that keeps other runs out.
type mark struct {
	conn    *pgx.Conn
	epoch   int64
	state   postgres.RestoreState
	backup  string
	takenAt *time.Time
}

// take locks the restore and takes it over; nil means that it is done.
func (j *Job) take(ctx context.Context) (*mark, error) {
	conn, err := dbconn.Connect(ctx, j.Target, dbconn.Options{ApplicationName: "worker restore", ExecMode: pgx.QueryExecModeExec})
	if err != nil {
		return nil, err
	}
	m := &mark{conn: conn}
	done, err := m.begin(ctx, j.RunName)
	if err != nil || done {
		m.release(ctx)
		return nil, dbconn.Classify(err)
	}
	return m, nil
}

func (m *mark) begin(ctx context.Context, run string) (done bool, err error) {
	var alone bool
	if err := m.conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1::int, $2::int)", retention.LockClass, retention.LockRestore).Scan(&alone); err != nil {
		return false, err
	}
	if !alone {
		return false, backup.Fail(backup.RestoreBusy, "another run is at work on this database")
	}
	err = m.conn.QueryRow(ctx, sqlTake, run).Scan(&m.epoch, &m.state, &m.backup, &m.takenAt)
	pgErr := (*pgconn.PgError)(nil)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return true, nil
	case errors.As(err, &pgErr) && (pgErr.Code == "42P01" || pgErr.Code == "3F000"):
		return false, backup.Fail(backup.TargetNotEmpty, "the database was not made to take a backup in")
	default:
		return false, err
	}
}

// release ends the session, and with it the lock.
func (m *mark) release(ctx context.Context) { _ = m.conn.Close(context.WithoutCancel(ctx)) }

// fail notes the code, even of a run that was told to stop. When that is not possible either, the job's own end tells.
func (m *mark) fail(ctx context.Context, code backup.Code) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	_, _ = m.conn.Exec(ctx, sqlFailed, m.epoch, string(code))
}

func (j *Job) steps(ctx context.Context, m *mark) (Result, error) {
	if m.state == postgres.RestoreRestored && j.Name != "" && j.Name != m.backup {
		if err := m.move(ctx, sqlReset, m.epoch); err != nil {
			return Result{}, err
		}
		m.state = postgres.RestoreEmpty
	}
	if m.state == postgres.RestoreEmpty {
		if err := j.bringBack(ctx, m); err != nil {
			return Result{}, err
		}
		if err := j.died(postgres.RestoreRestored); err != nil {
			return Result{}, err
		}
	}
	result := Result{Backup: m.backup}
	if _, err := pgstore.Migrate(ctx, j.Target); err != nil {
		return result, backup.Fail(backup.MigrationFailed, "%s", reasonOf(err))
	}
	erased, err := j.replay(ctx, m)
	if err != nil {
		return result, err
	}
	if err := j.died(postgres.RestoreDone); err != nil {
		return result, err
	}
	result.Erased = erased
	return result, j.open(ctx, m, erased)
}

// died lets a test end the run.
func (j *Job) died(before postgres.RestoreState) error {
	if j.afterStep == nil {
		return nil
	}
	return j.afterStep(before)
}

// bringBack restores the backup and compares it with its manifest.
func (j *Job) bringBack(ctx context.Context, m *mark) error {
	manifest, err := j.Backup.Find(ctx, j.Name)
	if err != nil {
		return err
	}
	if known := pgstore.LatestVersion(); manifest.SchemaVersion > known {
		return backup.Fail(backup.SchemaNewer, "the backup has schema %d, and this version of the operator knows %d", manifest.SchemaVersion, known)
	}
	if slices.ContainsFunc(manifest.Tables, func(t backup.Table) bool { return t.Name == postgres.TrialTable }) {
		return backup.Fail(backup.BackupOfTrial, "the people in the backup are invented, and this network is for real ones")
	}
	j.Log.Info("Restoring", "backup", manifest.Name, "rows", manifest.Rows, "tables", len(manifest.Tables))
	if err := j.Backup.TakeIn(ctx, manifest, j.Target); err != nil {
		return err
	}
	if err := m.move(ctx, sqlRestored, m.epoch, manifest.Name, manifest.TakenAt, manifest.Rows); err != nil {
		return err
	}
	m.backup, m.takenAt = manifest.Name, &manifest.TakenAt
	return nil
}

// move takes the mark on, if it is still this run's.
func (m *mark) move(ctx context.Context, sql string, args ...any) error {
	tag, err := m.conn.Exec(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("move the mark: %w", dbconn.Classify(err))
	}
	if tag.RowsAffected() != 1 {
		return backup.Fail(backup.RestoreBusy, "another run has taken the restore over")
	}
	return nil
}

// replay erases again whoever was erased since the backup was made.
func (j *Job) replay(ctx context.Context, m *mark) (int64, error) {
	erased, err := j.readLedger(ctx, m)
	if err != nil {
		return 0, err
	}
	pool, err := j.pool(ctx)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	// The name is new to the backup, which may hold the replay of an earlier restore.
	again := retention.Replay{RunName: j.RunName + " of " + m.backup, Keys: j.Keys, Erased: erased, Log: j.Log}
	n, err := again.Run(ctx, pool)
	switch {
	case errors.Is(err, retention.ErrPepper):
		return 0, backup.Fail(backup.PepperMismatch, "the tombstones of the backup were made under another pepper: put that one into the Secret of the new network")
	case err != nil:
		return 0, backup.AsFailure(ctx, err, backup.ReplayFailed)
	}
	j.Log.Info("Erased again", "members", n, "ledger", len(erased))
	return n, nil
}

func (j *Job) pool(ctx context.Context) (*pgxpool.Pool, error) {
	pool, err := dbconn.OpenLogin(ctx, j.Target, dbconn.Options{MaxConns: connections, ApplicationName: "worker restore"})
	if err != nil {
		return nil, dbconn.Classify(err)
	}
	return pool, nil
}

// open ends what must not go on and lets people in, both or neither.
func (j *Job) open(ctx context.Context, m *mark, erased int64) error {
	return pgx.BeginFunc(ctx, m.conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlSettle, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("end what was under way: %w", dbconn.Classify(err))
		}
		return m.move(ctx, sqlDone, m.epoch, erased)
	})
}

// reasonOf tells of a migration that failed only what holds nothing of a row.
func reasonOf(err error) string {
	var newer *pgstore.NewerSchemaError
	pgErr := (*pgconn.PgError)(nil)
	switch {
	case errors.As(err, &newer):
		return newer.Error()
	case errors.As(err, &pgErr):
		return "SQLSTATE " + pgErr.Code
	default:
		return "the database did not answer"
	}
}
