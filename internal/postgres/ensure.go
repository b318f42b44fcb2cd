// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

const (
	// rounds bounds how often Ensure makes the same repairs before it calls the state unsettled.
	rounds = 4
	// overtakes bounds how often it looks again because another did the same at the same moment; the pause
	// before each look is random up to this.
	overtakes     = 60
	overtakePause = 300 * time.Millisecond
	// ensureTimeout bounds the whole of Ensure, migrations included.
	ensureTimeout = 5 * time.Minute
)

// EnsureInput is what Ensure needs.
type EnsureInput struct {
	// Admin is a superuser, or a role with CREATEDB and CREATEROLE.
	Admin dbconn.Login
	// Spec is what the database should be.
	Spec Spec
	// Copy lets a database that is yet to be made be a copy of a template, which is made first where it is missing. It is
	// for servers with many networks.
	Copy bool

	beforeStep func(Step) error
}

// EnsureResult tells what Ensure found and did.
type EnsureResult struct {
	// Steps are the repairs made, in order; each has a reason for people.
	Steps []Step
	// WithoutCopy says why no template could be copied; nil when one was, or none was wanted.
	WithoutCopy error
	// ServerVersion is PostgreSQL's own version text.
	ServerVersion string
	// SchemaVersion is the number of the last migration.
	SchemaVersion int64
	// Restoring says that the database waits for a backup to be restored, or for the rest of that; nothing was migrated.
	Restoring bool
}

// Ensure makes the database what the spec says: roles, database, claim and schemas first, then the migrations
// as the owner role, then the grants on what they made. It may be called at any time, by several at once, and
// again after any failure. A *MigrationError says that the store is there and its schema is not up to date;
// every other error is about the server or the store.
func Ensure(ctx context.Context, in EnsureInput) (EnsureResult, error) {
	ctx, cancel := context.WithTimeout(ctx, ensureTimeout)
	defer cancel()
	result := EnsureResult{}
	if in.Spec.unread {
		return result, errors.New("make the store as declared: its spec has no passwords")
	}
	s, err := openSession(ctx, in.Admin, in.Spec, in.beforeStep)
	if err != nil {
		return result, err
	}
	defer s.close(ctx)
	s.copying = in.Copy && !in.Spec.Restore
	if err := s.lock(ctx); err != nil {
		return result, err
	}
	err = s.converge(ctx, &result)
	result.WithoutCopy = s.withoutCopy
	if err != nil || result.Restoring || result.SchemaVersion >= in.Spec.version {
		return result, err
	}
	result.SchemaVersion, err = migrate(ctx, in)
	if newer := (*pgstore.NewerSchemaError)(nil); err != nil && !errors.As(err, &newer) {
		return result, &MigrationError{Version: result.SchemaVersion, Err: err}
	}
	return result, s.converge(ctx, &result)
}

// migrate brings the schema up to date. A migration that meets the grants of another provisioner on the same table is tried
// again: it was rolled back as a whole.
func migrate(ctx context.Context, in EnsureInput) (version int64, err error) {
	for range rounds {
		version, err = pgstore.MigrateAs(ctx, in.Spec.Login(in.Admin, naming.RoleOwner), in.Spec.ownerName())
		if !collided(err) {
			return version, err
		}
		if err := pause(ctx, rand.N(overtakePause)); err != nil { //nolint:gosec // jitter
			return version, err
		}
	}
	return version, err
}

// lock lets one provisioner at a database at a time. It ends with the session. Two operators that use different
// admin databases do not meet here; they meet at unique names, which converge handles.
func (s *session) lock(ctx context.Context) error {
	const wait = `SET lock_timeout = '20s'; SET statement_timeout = '120s'; SELECT pg_advisory_lock(hashtextextended(` // the name follows
	_, err := s.server.PgConn().Exec(ctx, wait+literal("alumni-operator/"+s.spec.Database)+", 0))").ReadAll()
	if pgErr := (*pgconn.PgError)(nil); errors.As(err, &pgErr) && pgErr.Code == "55P03" {
		return ErrBusy
	}
	if err != nil {
		return explain("lock the database's name", err)
	}
	return nil
}

// converge looks and repairs until nothing is left to repair. What differs from the round before is no sign of trouble: another
// provisioner may be migrating the same store, and each of its migrations brings something new to grant.
func (s *session) converge(ctx context.Context, result *EnsureResult) error {
	var left []Step
	for calm, hurried := 0, 0; calm < rounds; {
		done, steps, err := s.round(ctx, result)
		switch {
		case overtaken(err) && hurried < overtakes:
			hurried++
			if err := pause(ctx, rand.N(overtakePause)); err != nil { //nolint:gosec // jitter
				return err
			}
			continue
		case err != nil || done:
			return err
		}
		if !slices.EqualFunc(steps, left, func(a, b Step) bool { return a.Reason == b.Reason }) {
			calm = 0
		}
		calm, left = calm+1, steps
	}
	reasons := make([]string, 0, len(left))
	for _, step := range left {
		reasons = append(reasons, step.Reason)
	}
	return fmt.Errorf("%w: %s", ErrUnsettled, strings.Join(reasons, "; "))
}

// round looks once, and repairs what it finds. Done means that there was nothing to repair.
func (s *session) round(ctx context.Context, result *EnsureResult) (done bool, steps []Step, err error) {
	actual, err := s.observe(ctx)
	if err != nil {
		return false, nil, err
	}
	result.ServerVersion = actual.ServerVersion
	if actual.inside != nil {
		result.SchemaVersion = actual.inside.version
	}
	result.Restoring = actual.restoring()
	if steps, err = Plan(s.spec, actual); err != nil || len(steps) == 0 {
		return true, nil, err
	}
	if actual.database == nil && s.copying {
		if err := s.useTemplate(ctx, actual); err != nil {
			return false, nil, err
		}
		actual.from = s.from
		if steps, err = Plan(s.spec, actual); err != nil {
			return false, nil, err
		}
	}
	if err = s.execute(ctx, steps); err == nil {
		result.Steps = append(result.Steps, steps...)
	}
	return false, steps, err
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
