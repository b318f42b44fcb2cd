// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"context"
	_ "embed"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

// The kinds of runs.
const (
	kindBackup = "Backup"
	kindDrill  = "Drill"
)

// recordLimit bounds the last words of a run that was told to stop.
const recordLimit = 10 * time.Second

var (
	//go:embed sql/begin.sql
	sqlBegin string
	//go:embed sql/finish.sql
	sqlFinish string
)

// Result is what a run has done.
type Result struct {
	Manifest Manifest // of the backup that was made or restored
	Pruned   int      // older backups that went
	Repeated bool     // this run succeeded before, and nothing was done
}

// journal notes in the store how runs go. Each note is a session of its own, for hours may lie between two.
type journal struct {
	login dbconn.Login
	run   string
}

// begin says false when the run succeeded before.
func (j journal) begin(ctx context.Context, kind string, due time.Time) (bool, error) {
	var id int64
	err := j.session(ctx, func(conn *pgx.Conn) error { return conn.QueryRow(ctx, sqlBegin, j.run, kind, due).Scan(&id) })
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// finish notes the outcome, even of a run that was told to stop.
func (j journal) finish(ctx context.Context, r Result, failure *Failure) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	state, code := "Succeeded", Code("")
	if failure != nil {
		code = failure.Code
		if code != PruneFailed {
			state = "Failed"
		}
	}
	m := r.Manifest
	var taken *time.Time
	if !m.TakenAt.IsZero() {
		taken = &m.TakenAt
	}
	return j.session(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sqlFinish, j.run, state, string(code), m.Name, m.Encrypted.Bytes, len(m.Tables), m.Rows, r.Pruned, taken)
		return err
	})
}

func (j journal) session(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := dbconn.Connect(ctx, j.login, dbconn.Options{ApplicationName: "worker backup", ExecMode: pgx.QueryExecModeExec})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return dbconn.Classify(do(conn))
}
