// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

// What can be wrong with a server or a store, for errors.Is. A message says what, where and what to do, and
// holds no password and nothing of another owner.
var (
	// ErrUnreachable: no answer from the server. Try again.
	ErrUnreachable = dbconn.ErrUnreachable
	// ErrAuthentication: the admin's user name or password is wrong.
	ErrAuthentication = dbconn.ErrAuthentication
	// ErrUnfitPassword: a password that not every client prepares alike for SCRAM.
	ErrUnfitPassword = errors.New("a password must be 12 to 256 printable ASCII characters, and no space")
	// ErrTLS: no trusted encrypted connection.
	ErrTLS = dbconn.ErrTLS
	// ErrNoDatabase: the database that the admin Secret names does not exist.
	ErrNoDatabase = dbconn.ErrNoDatabase
	// ErrPrivilege: the admin role may not do what is needed.
	ErrPrivilege = errors.New("the admin role lacks a right")
	// ErrVersion: the server is older than PostgreSQL 15.
	ErrVersion = errors.New("the PostgreSQL server is too old")
	// ErrRecovery: the server is a standby, or is being restored. It is an ErrReadOnly too.
	ErrRecovery = fmt.Errorf("%w: it is in recovery", ErrReadOnly)
	// ErrReadOnly: the server or the role takes no writes.
	ErrReadOnly = errors.New("the PostgreSQL server is read-only")
	// ErrNotEmpty: the database has no claim, but holds objects. It is somebody else's.
	ErrNotEmpty = errors.New("the database is not empty and belongs to no network")
	// ErrRoleTaken: a role with one of our names exists and was not made by the operator.
	ErrRoleTaken = errors.New("a role of this name exists and was not made by the operator")
	// ErrNotForRestore: the database is this network's and in use, so no backup is restored over it.
	ErrNotForRestore = errors.New("the database of this network is in use and was not made to take a backup in")
	// ErrRestoreUnfinished: a restore into this database was begun and never finished, and none is declared any more.
	ErrRestoreUnfinished = errors.New("a restore into this database was not finished")
	// ErrNotForTrial: the network is a rehearsal, and its database was made for real people.
	ErrNotForTrial = errors.New("the database of this network was made for real people")
	// ErrMadeForTrial: the network is for real people, and its database was made for a rehearsal.
	ErrMadeForTrial = errors.New("the database of this network was made for a rehearsal")
	// ErrEncoding: the database exists and is not in UTF-8.
	ErrEncoding = errors.New("the database is not encoded in UTF-8")
	// ErrMissing: the network had a database, and it is gone. It is not replaced by an empty one.
	ErrMissing = errors.New("the database of this network is gone")
	// ErrBusy: another provisioner works on the same database. Try again.
	ErrBusy = errors.New("the database is being provisioned by another process")
	// ErrInUse: somebody holds on to a database or a role that is to be dropped, and the admin role may not end that.
	ErrInUse = errors.New("the store is still in use")
	// ErrUnsettled: the state does not become what it should be. Try again; if it stays, see the reasons.
	ErrUnsettled = errors.New("the database does not become as declared")
)

// ClaimedError says that another network holds the database. It does not say which.
type ClaimedError struct {
	Database string
}

// Error names the database only.
func (e *ClaimedError) Error() string {
	return fmt.Sprintf("database %q is claimed by another network", e.Database)
}

// MigrationError says that the store is there and its schema could not be brought up to date.
type MigrationError struct {
	Version int64 // the version it has
	Err     error
}

// Error tells the version that stands.
func (e *MigrationError) Error() string {
	return fmt.Sprintf("the schema stays at version %d: %v", e.Version, e.Err)
}

// Unwrap gives the cause.
func (e *MigrationError) Unwrap() error { return e.Err }

// explain classes an error of a statement. Errors of PostgreSQL print their message and code only, never the
// statement.
func explain(action string, err error) error {
	pgErr := (*pgconn.PgError)(nil)
	if errors.As(err, &pgErr) && pgErr.Code == "42501" {
		return fmt.Errorf("%s: %w: %s", action, ErrPrivilege, pgErr.Message)
	}
	if errors.As(err, &pgErr) && pgErr.Code == "25006" {
		return fmt.Errorf("%s: %w", action, ErrReadOnly)
	}
	return fmt.Errorf("%s: %w", action, dbconn.Classify(err))
}

// collided tells that somebody else changed the same at the same moment, and that nothing was done.
func collided(err error) bool {
	pgErr := (*pgconn.PgError)(nil)
	return errors.As(err, &pgErr) && slices.Contains([]string{"40001", "40P01", "XX000"}, pgErr.Code)
}

// overtaken tells that somebody else did the same at the same moment: observe again.
func overtaken(err error) bool {
	pgErr := (*pgconn.PgError)(nil)
	if !errors.As(err, &pgErr) {
		return false
	}
	switch pgErr.Code {
	case "42710", "42P04", "42P06", "42P07", "23505", // exists already: object, database, schema, table, row
		"42704", "3F000", "42P01", // gone again: role, schema, table
		"40001", "40P01", "55P03", "55006", // serialisation, deadlock, lock, object in use
		"XX000": // "tuple concurrently updated", in whatever language the server speaks
		return true
	}
	return false
}
