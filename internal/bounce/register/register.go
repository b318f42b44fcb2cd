// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package register

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/alumni-operator/alumni-operator/internal/bounce"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

//go:embed sql/*.sql
var files embed.FS

// statement reads one embedded statement.
func statement(name string) string {
	b, err := files.ReadFile("sql/" + name + ".sql")
	if err != nil {
		panic(err) // the file is part of the program
	}
	return string(b)
}

var (
	sqlLock   = statement("lock")
	sqlNote   = statement("note")
	sqlLedger = statement("ledger")
	sqlClear  = statement("clear")
)

// The rule for soft bounces.
const (
	// SoftBounces is how many of them, without a success between them, suppress an address.
	SoftBounces = 5
	// SoftWindowDays is how long one counts.
	SoftWindowDays = 30
	// SoftSuppressionDays is how long the suppression lasts.
	SoftSuppressionDays = 30
	// SettledDays is after how long a mail that did not come back counts as a success: as long as servers usually try.
	SettledDays = 5
)

// channelEmail is the one channel on which mail comes back.
const channelEmail = "Email"

// The reasons of the ledger for what came back.
const (
	reasonHardBounce = "HardBounce"
	reasonRefused    = "Refused"
)

// Notes gathers failures and complaints to be noted in one batch. The zero value is empty.
type Notes struct {
	members         [][16]byte // as pgx encodes them without a detour
	runs            []int64
	kinds, statuses []string
}

// Add adds one. Kinds that are not kept are passed over.
func (n *Notes) Add(member uuid.UUID, run int64, kind bounce.Kind, status bounce.Status) {
	switch kind {
	case bounce.HardBounce, bounce.SoftBounce, bounce.Complaint:
		n.members, n.runs = append(n.members, member), append(n.runs, run)
		n.kinds, n.statuses = append(n.kinds, kind.String()), append(n.statuses, status.String())
	}
}

// Reset empties the notes and keeps their memory.
func (n *Notes) Reset() {
	n.members, n.runs, n.kinds, n.statuses = n.members[:0], n.runs[:0], n.kinds[:0], n.statuses[:0]
}

// Queue adds to a batch what notes them, after whatever the batch already does; without notes it adds nothing. The batch
// must be one transaction.
func (n *Notes) Queue(b *pgx.Batch) {
	if len(n.members) == 0 {
		return
	}
	b.Queue(sqlLock, n.members)
	b.Queue(sqlNote, n.members, n.runs, n.kinds, n.statuses, channelEmail, SoftBounces, SoftWindowDays, SoftSuppressionDays, SettledDays)
}

// QueueClear adds to a batch what forgives soft bounces: a mail has reached the member.
func QueueClear(b *pgx.Batch, member uuid.UUID) { b.Queue(sqlClear, member, channelEmail) }

// Register notes what is reported after a mail was taken, one report at a time.
type Register struct{ pool *pgxpool.Pool }

// New uses a pool of the portal's role.
func New(pool *pgxpool.Pool) *Register { return &Register{pool: pool} }

// noteLimit bounds one note: the mail server at the other end waits for it.
const noteLimit = 20 * time.Second

// Note writes a report down, with everything that follows from it, in one transaction: what failed is no longer counted as
// sent, and what was delivered forgives soft bounces. An error means that nothing was written.
func (r *Register) Note(ctx context.Context, claim bounce.Claim, report bounce.Report) error {
	b := &pgx.Batch{}
	if report.Kind.Failed() {
		b.Queue(sqlLock, [][16]byte{claim.Member}) // before the ledger, as an erasure does
		reason := reasonRefused
		if report.Kind == bounce.HardBounce {
			reason = reasonHardBounce
		}
		b.Queue(sqlLedger, claim.Member, claim.Run, channelEmail, reason, int16(report.Code))
	}
	if report.Kind == bounce.Delivered {
		QueueClear(b, claim.Member)
	}
	var notes Notes
	notes.Add(claim.Member, claim.Run, report.Kind, report.Status)
	notes.Queue(b)
	if b.Len() == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, noteLimit)
	defer cancel()
	if err := r.pool.SendBatch(ctx, b).Close(); err != nil {
		return &failure{kind: report.Kind, cause: err}
	}
	return nil
}

// failure says that a report could not be noted. The server's own text may quote a row, so it is reachable by errors.As
// only.
type failure struct {
	kind  bounce.Kind
	cause error
}

// Error names the kind of the report and the class of the cause.
func (f *failure) Error() string {
	var refusal *pgconn.PgError
	if errors.As(f.cause, &refusal) {
		return fmt.Sprintf("note a %s: SQLSTATE %s", f.kind, refusal.Code)
	}
	for _, class := range []error{dbconn.ErrUnreachable, dbconn.ErrAuthentication, dbconn.ErrTLS, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(dbconn.Classify(f.cause), class) {
			return fmt.Sprintf("note a %s: %s", f.kind, class)
		}
	}
	return fmt.Sprintf("note a %s: %T", f.kind, f.cause)
}

// Unwrap is the database's error.
func (f *failure) Unwrap() error { return f.cause }
