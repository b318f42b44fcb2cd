// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/alumni-operator/alumni-operator/internal/mail"
)

//go:embed sql/record.sql
var sqlRecord string

// Connections is how many more connections to the store a pool needs for recorders that are at work at once.
const Connections = 2

// Store is a pool, a connection or a transaction of a role that may add captured mails.
type Store interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// Recorder keeps every letter in the store of a trial.
type Recorder struct{ store Store }

var _ mail.Recorder = (*Recorder)(nil)

// NewRecorder makes a recorder over a store; it does nothing until a letter comes.
func NewRecorder(s Store) *Recorder { return &Recorder{store: s} }

// Record implements mail.Recorder.
func (r *Recorder) Record(ctx context.Context, l *mail.Letter) mail.Outcome {
	o := mail.Outcome{Kind: mail.Accepted, Stage: mail.StageDot}
	if err := ctx.Err(); err != nil {
		o.Kind, o.Err = mail.Trouble, err // nothing was asked of the store
		return o
	}
	kept, err := r.store.Exec(ctx, sqlRecord, l.Member, storable(l.To.Mailbox), storable(Read(l.Body).Subject), l.Body)
	switch {
	case err != nil:
		o.Kind, o.Err = kindOf(err)
	case kept.RowsAffected() == 0:
		o.Kind, o.Err = mail.Permanent, errErased
	}
	return o
}

// storable is a text as PostgreSQL takes it.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

var errErased = errors.New("keep the mail in the store: its member was erased meanwhile")

// integrityViolation is the class of SQLSTATEs of a row that can never be stored: the message is too long.
const integrityViolation = "23"

// kindOf reads what the store said. Its own words may quote the row, so only the SQLSTATE is kept.
func kindOf(err error) (mail.Kind, error) {
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused) && strings.HasPrefix(refused.Code, integrityViolation):
		return mail.Permanent, fmt.Errorf("keep the mail in the store: SQLSTATE %s", refused.Code)
	case errors.As(err, &refused):
		return mail.Trouble, fmt.Errorf("keep the mail in the store: SQLSTATE %s", refused.Code)
	case pgconn.SafeToRetry(err):
		return mail.Trouble, errors.New("keep the mail in the store: the store does not answer")
	default:
		return mail.Unknown, errors.New("keep the mail in the store: the store's answer was lost")
	}
}
