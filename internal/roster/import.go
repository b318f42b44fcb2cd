// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
	"github.com/alumni-operator/alumni-operator/internal/tombstone/pepper"
)

const (
	// importLock is the advisory lock of imports. A database belongs to one network, so one import runs at a time
	// for each network. The number is "roster" in ASCII.
	importLock = 0x726f73746572
	// A file with more bad rows than both of these is a wrong file, and must not half-replace a roster.
	maxBadRows, maxBadShare = 20, 20 // rows; percent
	// applyTries bounds how often the transaction is tried again after a clash with the portal.
	applyTries = 5
	applyPause = 200 * time.Millisecond
	// endingLimit bounds the time to write down that an import failed, when it was told to stop.
	endingLimit = 10 * time.Second
)

// Job is one import.
type Job struct {
	Pool    *pgxpool.Pool // as the roster role; two connections are used
	RunName string
	Source  Source
	Format  Format
	Zone    *time.Location // of the network: a consent's day begins there
	Pepper  []byte
	Log     *slog.Logger
}

// Result is what an import did. Rows is the sum of the others.
type Result struct {
	Rows        int64
	Inserted    int64
	Updated     int64
	Unchanged   int64
	Quarantined int64
	Tombstoned  int64
	// Quarantine lists the quarantined rows, at most 10,000.
	Quarantine []Bad
	// Repeated tells that this run succeeded before and nothing was done.
	Repeated bool
}

// Run imports the roster. It fails with a *Failure in the chain when the file, its source or the store is at
// fault; then nothing of the file is in the store but the quarantine.
func (j Job) Run(ctx context.Context) (Result, error) {
	keyer, err := tombstone.New(j.Pepper)
	if err != nil {
		return Result{}, err
	}
	conn, err := j.session(ctx)
	if err != nil {
		return Result{}, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // frees lock and staged rows
	var id int64
	err = conn.QueryRow(ctx, beginSQL, j.RunName).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Result{Repeated: true}, nil
	}
	if err != nil {
		return Result{}, storeError("begin the import", err)
	}
	result, err := j.take(ctx, conn, id, keyer)
	if err != nil {
		return result, j.giveUp(ctx, id, result, err)
	}
	return result, nil
}

// session opens the import's own session and waits for the lock.
func (j Job) session(ctx context.Context) (*pgx.Conn, error) {
	pooled, err := j.Pool.Acquire(ctx)
	if err != nil {
		return nil, storeError("connect to the store", err)
	}
	conn := pooled.Hijack()
	for _, sql := range []string{sessionSQL, fmt.Sprintf("SELECT pg_advisory_lock(%d)", importLock), stageSQL, markSQL} {
		if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
			_ = conn.Close(context.WithoutCancel(ctx))
			if sqlState(err) == lockNotAvailable {
				return nil, errors.New("another import of this network is running")
			}
			return nil, storeError("prepare the import", err)
		}
	}
	return conn, nil
}

// take reads the file into the stage and applies it.
func (j Job) take(ctx context.Context, conn *pgx.Conn, id int64, keyer *tombstone.Keyer) (Result, error) {
	if err := pepper.Check(ctx, conn, keyer); errors.Is(err, pepper.ErrOther) {
		return Result{}, finally(PepperMismatch, "", "%v", err)
	} else if err != nil {
		return Result{}, storeError("check the pepper", err)
	}
	file, err := j.Source.Open(ctx)
	if err != nil {
		return Result{}, err
	}
	defer func() { _ = file.Close() }()
	reader, err := NewReader(file, j.Format)
	if err != nil {
		return Result{}, err
	}
	s := newStager(reader, keyer, j.Zone)
	begun := time.Now()
	_, err = conn.PgConn().CopyFrom(ctx, s, "COPY pg_temp.roster_stage ("+stageColumns+") FROM STDIN (FORMAT binary)")
	result := Result{Rows: reader.Rows(), Quarantined: s.badCount, Quarantine: s.bad}
	switch {
	case s.err != nil && !errors.Is(s.err, io.EOF):
		return result, s.err // the store only echoes it
	case err != nil:
		return result, storeError("stage the rows", err)
	}
	j.Log.Info("Staging done", "rows", result.Rows, "quarantined", result.Quarantined, "seconds", time.Since(begun).Seconds())
	if _, err := conn.Exec(ctx, "ANALYZE pg_temp.roster_stage (line, employee_number, email)"); err != nil {
		return result, storeError("stage the rows", err)
	}
	return j.applyPatiently(ctx, conn, id, result)
}

// applyPatiently tries the transaction again when it met a deadlock, or an address that somebody took meanwhile.
func (j Job) applyPatiently(ctx context.Context, conn *pgx.Conn, id int64, staged Result) (Result, error) {
	for try := 1; ; try++ {
		result := staged
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return apply(ctx, tx, applying{id: id, job: j, result: &result}) })
		if err == nil || try == applyTries || !clash(err) {
			return result, storeError("apply the rows", err)
		}
		j.Log.Info("Trying again after a clash", "try", try)
		select {
		case <-ctx.Done():
			return result, ctx.Err()
		case <-time.After(time.Duration(try) * applyPause):
		}
	}
}

// giveUp writes down why an import failed. It works when the import was told to stop, too.
func (j Job) giveUp(ctx context.Context, id int64, result Result, err error) error {
	failure, told := asFailure(err)
	if ctx.Err() != nil {
		failure, err = forNow(Interrupted, "the import was told to stop"), errors.Join(err, ctx.Err())
	} else if !told {
		failure = forNow(StoreFailed, "")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endingLimit)
	defer cancel()
	written := pgx.BeginFunc(ctx, j.Pool, func(tx pgx.Tx) error {
		if failure.Code == TooManyBadRows {
			if err := quarantine(ctx, tx, id, result.Quarantine); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, finishSQL, id, "Failed", string(failure.Code), failure.Detail, result.Rows, 0, 0, 0, result.Quarantined, 0)
		return err
	})
	if written != nil {
		return errors.Join(err, storeError("record the failure", written))
	}
	return err
}

// The SQLSTATEs that are told apart.
const (
	lockNotAvailable     = "55P03"
	deadlockDetected     = "40P01"
	serializationFailure = "40001"
	uniqueViolation      = "23505"
)

func sqlState(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return ""
}

// clash tells errors that are gone when the transaction runs again.
func clash(err error) bool {
	switch sqlState(err) {
	case lockNotAvailable, deadlockDetected, serializationFailure, uniqueViolation:
		return true
	}
	return false
}

// storeError keeps the SQLSTATE and drops the server's words: they can quote a row.
func storeError(action string, err error) error {
	if err == nil {
		return nil
	}
	if _, told := asFailure(err); told || errors.Is(err, context.Canceled) {
		return err
	}
	for _, class := range []error{dbconn.ErrUnreachable, dbconn.ErrAuthentication, dbconn.ErrTLS, dbconn.ErrNoDatabase, dbconn.ErrNotPermitted} {
		if errors.Is(dbconn.Classify(err), class) {
			f := forNow(StoreFailed, "%s: %s", action, class)
			f.Detail = sqlState(err)
			return f
		}
	}
	if state := sqlState(err); state != "" {
		f := forNow(StoreFailed, "%s: SQLSTATE %s", action, state)
		f.Detail = state
		return f
	}
	return forNow(StoreFailed, "%s: %s", action, cause(err))
}
