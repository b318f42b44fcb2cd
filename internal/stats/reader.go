// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

// ErrNotMigrated says that the store does not have the aggregates yet: its schema is missing or older.
var ErrNotMigrated = errors.New("the store's schema is not up to date")

// Reader reads aggregates over one session. It is for one goroutine; close it after use.
type Reader struct {
	conn *pgx.Conn
}

// Open connects as the metrics role. Errors are classed as dbconn classes them.
func Open(ctx context.Context, login dbconn.Login) (*Reader, error) {
	conn, err := dbconn.Connect(ctx, login, dbconn.Options{
		ApplicationName: "alumni-operator", ExecMode: pgx.QueryExecModeExec, OneSnapshot: true,
	})
	if err != nil {
		return nil, fmt.Errorf("read the store's aggregates: %w", err)
	}
	return &Reader{conn: conn}, nil
}

// Close ends the session. An error would say nothing about what was read.
func (r *Reader) Close(ctx context.Context) { _ = r.conn.Close(context.WithoutCancel(ctx)) }

// send runs a batch in one round trip, and on one snapshot: numbers that are read together belong together.
func (r *Reader) send(ctx context.Context, what string, batch *pgx.Batch) error {
	if err := r.conn.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("read %s: %w", what, class(err))
	}
	return nil
}

// class names a missing view as what it means.
func class(err error) error {
	pgErr := (*pgconn.PgError)(nil)
	if errors.As(err, &pgErr) && (pgErr.Code == "42P01" || pgErr.Code == "3F000" || pgErr.Code == "42703") {
		return fmt.Errorf("%w: %w", ErrNotMigrated, err)
	}
	return dbconn.Classify(err)
}

// one scans the only row of a query, and leaves the target alone when there is none.
func one(target ...any) func(pgx.Row) error {
	return func(row pgx.Row) error {
		if err := row.Scan(target...); err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		return nil
	}
}

// each scans all rows.
func each(scan func(pgx.Rows) error) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}
