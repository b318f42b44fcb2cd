// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

var (
	//go:embed sql/snapshot.sql
	sqlSnapshot string
	//go:embed sql/tables.sql
	sqlTables string
	//go:embed sql/restored.sql
	sqlRestored string
)

// schemas are what a backup holds.
func schemas() []string { return []string{"alumni", "alumni_operator", "alumni_stats"} }

// journalTable is backed up without its rows.
const journalTable = "alumni.backup_run"

// snapshot is a moment of the store that two sessions see alike: the one that counts, and pg_dump's.
type snapshot struct {
	conn    *pgx.Conn
	tx      pgx.Tx
	id      string
	taken   time.Time
	number  int    // of the server, for example 150018
	version string // of the server
	schema  int64
	foreign []string // tables in our schemas that belong to somebody else
	tables  []Table
}

// takeSnapshot opens one. It lives until close.
func takeSnapshot(ctx context.Context, login dbconn.Login) (*snapshot, error) {
	conn, err := dbconn.Connect(ctx, login, dbconn.Options{ApplicationName: "worker backup"})
	if err != nil {
		return nil, err
	}
	s := &snapshot{conn: conn}
	if err := s.begin(ctx); err != nil {
		s.close(ctx)
		return nil, dbconn.Classify(err)
	}
	return s, nil
}

func (s *snapshot) begin(ctx context.Context) error {
	var err error
	if s.tx, err = s.conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}); err != nil {
		return err
	}
	if err := s.tx.QueryRow(ctx, sqlSnapshot).Scan(&s.id, &s.taken, &s.number, &s.version, &s.schema); err != nil {
		return err
	}
	s.tables, s.foreign, err = listTables(ctx, s.tx, sqlTables)
	return err
}

func (s *snapshot) close(ctx context.Context) { _ = s.conn.Close(context.WithoutCancel(ctx)) }

// major of the server, for example 15.
func (s *snapshot) major() int { return s.number / 10000 }

// listTables names the tables whose rows are backed up, and those that are somebody else's.
func listTables(ctx context.Context, tx pgx.Tx, sql string) (tables []Table, foreign []string, err error) {
	rows, err := tx.Query(ctx, sql, schemas())
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			schema, name string
			own          bool
		)
		if err := rows.Scan(&schema, &name, &own); err != nil {
			return nil, nil, err
		}
		full := schema + "." + name
		switch {
		case !own:
			foreign = append(foreign, pgx.Identifier{schema, name}.Sanitize())
		case full != journalTable:
			tables = append(tables, Table{Name: full})
		}
	}
	return tables, foreign, rows.Err()
}

// textForm pins how values are written, so that a checksum means the same on every server.
const textForm = "SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL TimeZone = 'UTC'; SET LOCAL IntervalStyle = 'postgres'; " +
	"SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'"

// count fills in rows and checksum of each table, as the transaction sees them.
func count(ctx context.Context, tx pgx.Tx, tables []Table) (int64, error) {
	if _, err := tx.Exec(ctx, textForm, pgx.QueryExecModeSimpleProtocol); err != nil {
		return 0, dbconn.Classify(err)
	}
	var total int64
	for i := range tables {
		t := &tables[i]
		if err := tx.QueryRow(ctx, checksumOf(t.Name)).Scan(&t.Rows, &t.Checksum); err != nil {
			return 0, dbconn.Classify(err)
		}
		total += t.Rows
	}
	return total, nil
}

// checksumOf adds up parts of the digests of all rows of a table, so that their order does not matter.
func checksumOf(table string) string {
	return fmt.Sprintf("SELECT count(*), coalesce(sum(('x' || left(encode(sha256(convert_to(backed_up::text, 'UTF8')), 'hex'), 15))::bit(60)::bigint::numeric), 0)::text FROM %s backed_up",
		identifier(table))
}

// sqlState names the class of a database's error, which holds nothing of a row.
func sqlState(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return "SQLSTATE " + pgErr.Code
	}
	return ""
}
