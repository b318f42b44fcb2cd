// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

// RequiredSchemaVersion is the oldest schema with which the portal's queries work. Newer ones only widen.
const RequiredSchemaVersion = 31

// Portal implements the domain's services and the mail queue over a pool of the portal's role.
type Portal struct {
	pool *pgxpool.Pool
	key  []byte // the network's, for what the store keeps of addresses that it must not know
	now  func() time.Time
	// staff lists those of the office who may enter the console now; nil in a network that has none.
	staff func() []community.StaffMember
	fit   atomic.Bool // the schema was found to be one that these queries work with; it only ever widens
}

var (
	_ community.SignInService      = (*Portal)(nil)
	_ community.SessionService     = (*Portal)(nil)
	_ community.MemberService      = (*Portal)(nil)
	_ community.AddressService     = (*Portal)(nil)
	_ community.NoticeService      = (*Portal)(nil)
	_ community.EventService       = (*Portal)(nil)
	_ community.FeedService        = (*Portal)(nil)
	_ community.LINEService        = (*Portal)(nil)
	_ community.UnsubscribeService = (*Portal)(nil)
	_ community.TrackingService    = (*Portal)(nil)
	_ community.SurveyService      = (*Portal)(nil)
	_ community.MailQueue          = (*Portal)(nil)
	_ community.Housekeeper        = (*Portal)(nil)
	_ community.TrialService       = (*Portal)(nil)
	_ community.StaffService       = (*Portal)(nil)
	_ community.ConsoleService     = (*Portal)(nil)
)

// NewPortal makes the services with the key of the network's tokens. The clock is the caller's, so that tests can let time pass.
func NewPortal(pool *pgxpool.Pool, key []byte, now func() time.Time) *Portal {
	return &Portal{pool: pool, key: key, now: now}
}

// Employ says where the list of staff is. It is asked again whenever it matters who they are. It is called before anything else.
func (p *Portal) Employ(staff func() []community.StaffMember) { p.staff = staff }

// Ready answers nil when the database is there and its schema is one that the portal can use.
func (p *Portal) Ready(ctx context.Context) error {
	var version int64
	if err := p.pool.QueryRow(ctx, sqlSchemaVersion).Scan(&version); err != nil {
		return fault("read the schema version", err)
	}
	if version >= RequiredSchemaVersion {
		p.fit.Store(true)
	}
	if !p.fit.Load() {
		return fmt.Errorf("the schema has version %d, the portal needs %d", version, RequiredSchemaVersion)
	}
	return nil
}

// newToken makes a secret of 256 random bits, of which only the hash is stored.
func newToken() string {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	return tokenEncoding.EncodeToString(secret[:])
}

// hashToken is what the store keeps of a token. Text that cannot be a token has a hash that is never stored.
func hashToken(token string) [32]byte { return sha256.Sum256([]byte(token)) }

// inTx runs an act in one transaction; an error of the act rolls it back.
func (p *Portal) inTx(ctx context.Context, act string, do func(pgx.Tx) error) error {
	err := pgx.BeginFunc(ctx, p.pool, do)
	if domain := (*community.Error)(nil); err == nil || errors.As(err, &domain) {
		return err
	}
	return fault(act, err)
}

// lockMember begins every change of a member: it waits for others and refuses people who no longer take part.
func lockMember(ctx context.Context, tx pgx.Tx, member uuid.UUID) error {
	var state community.State
	err := tx.QueryRow(ctx, sqlMemberLock, member).Scan(&state)
	if errors.Is(err, pgx.ErrNoRows) || (err == nil && !state.Joined()) {
		return &community.Error{Code: community.CodeForbidden, Message: "error.forbidden"}
	}
	return err
}

// send runs statements in one round trip.
func send(ctx context.Context, tx pgx.Tx, fill func(*pgx.Batch)) error {
	batch := &pgx.Batch{}
	fill(batch)
	return tx.SendBatch(ctx, batch).Close()
}

// fault makes an error of the database fit for logs: the act, and the SQLSTATE or class. The server's own text
// may quote a person's data, so it is reachable by errors.As only.
func fault(act string, err error) error {
	return community.Internal(act, &quiet{text: describe(err), cause: err})
}

type quiet struct {
	text  string
	cause error
}

func (q *quiet) Error() string { return q.text }
func (q *quiet) Unwrap() error { return q.cause }

func describe(err error) string {
	if pgErr := (*pgconn.PgError)(nil); errors.As(err, &pgErr) {
		return "SQLSTATE " + pgErr.Code
	}
	for _, class := range []error{dbconn.ErrUnreachable, dbconn.ErrAuthentication, dbconn.ErrTLS, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(dbconn.Classify(err), class) {
			return class.Error()
		}
	}
	return fmt.Sprintf("%T", err)
}
