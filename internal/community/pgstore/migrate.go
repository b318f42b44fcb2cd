// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

// VersionTable records the migrations that a store has. Provisioning makes its schema.
const VersionTable = "alumni.schema_migration"

const (
	// migrationLock is the key of the advisory lock that lets one migrator in at a time. Advisory locks are
	// per database, so that networks do not wait for each other.
	migrationLock = 0x616c756d6e690001
	// The lock is tried every second, for a minute: the caller tries again later anyway.
	lockPeriodSeconds = 1
	lockTries         = 60
)

//go:embed migrations/*.sql
var embedded embed.FS

// migrations is the embedded folder without its name.
func migrations() fs.FS {
	sub, err := fs.Sub(embedded, "migrations")
	if err != nil {
		panic(err) // the name is a constant of this file
	}
	return sub
}

// Migrations are the files of this binary's migrations, for who reads what they say.
func Migrations() fs.FS { return migrations() }

// LatestVersion is the number of the newest migration in this binary.
func LatestVersion() int64 { return latest(migrations()) }

func latest(folder fs.FS) int64 {
	names, err := fs.Glob(folder, "*.sql")
	if err != nil {
		panic(err) // the pattern is a constant of this file
	}
	var newest int64
	for _, name := range names {
		if v, err := goose.NumericComponent(name); err == nil {
			newest = max(newest, v)
		}
	}
	return newest
}

// NewerSchemaError says that the store was migrated by a newer binary. It may be used, for migrations only
// widen; it must not be migrated by this one.
type NewerSchemaError struct {
	Found, Known int64
}

// Error names both versions.
func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("the store's schema has version %d; this version of the operator knows %d", e.Found, e.Known)
}

// Migrate brings the store to LatestVersion as its owner role and returns the version it has then. One
// migration is one transaction: when it fails, the version stays what it was. Two migrators at once are
// harmless. Grants are not its task: provisioning gives them afterwards.
func Migrate(ctx context.Context, owner dbconn.Login) (int64, error) {
	return migrate(ctx, owner, "", migrations())
}

// MigrateAs is Migrate for an owner that cannot log in: a login that may act as it does the work in its name.
func MigrateAs(ctx context.Context, login dbconn.Login, owner string) (int64, error) {
	return migrate(ctx, login, owner, migrations())
}

// Digest tells this binary's migrations from any others.
func Digest() string {
	h := sha256.New()
	folder := migrations()
	names, err := fs.Glob(folder, "*.sql")
	if err != nil {
		panic(err) // the pattern is a constant of this file
	}
	for _, name := range names {
		content, err := fs.ReadFile(folder, name)
		if err != nil {
			panic(err) // it was just listed, and is part of the program
		}
		_, _ = fmt.Fprintf(h, "%s %d %s", name, len(content), content) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}

func migrate(ctx context.Context, owner dbconn.Login, role string, folder fs.FS) (version int64, err error) {
	config, err := dbconn.Config(owner, dbconn.Options{ApplicationName: "alumni-migrate"})
	if err != nil {
		return 0, err
	}
	if role != "" {
		config.RuntimeParams["role"] = role
	}
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(2) // one holds the lock
	if err := db.PingContext(ctx); err != nil {
		return 0, fmt.Errorf("migrate the store: %w", dbconn.Classify(err))
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(migrationLock),
		lock.WithLockTimeout(lockPeriodSeconds, lockTries), lock.WithUnlockTimeout(lockPeriodSeconds, lockTries))
	if err != nil {
		return 0, fmt.Errorf("make the migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, folder, goose.WithTableName(VersionTable),
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true), goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return 0, fmt.Errorf("read the migrations: %w", err)
	}
	version, err = provider.GetDBVersion(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the schema version: %w", err)
	}
	if known := latest(folder); version > known {
		return version, &NewerSchemaError{Found: version, Known: known}
	}
	_, upErr := provider.Up(ctx)
	if reached, err := provider.GetDBVersion(ctx); err == nil {
		version = reached // those before the failing one stand
	} else {
		upErr = errors.Join(upErr, err)
	}
	if upErr != nil {
		return version, fmt.Errorf("migrate the store: %w", dbconn.Classify(upErr))
	}
	return version, nil
}
