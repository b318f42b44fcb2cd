// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// ErrScratchTaken tells that a database with the scratch database's name exists and is not this network's.
var ErrScratchTaken = errors.New("a database with the name of the scratch database belongs to somebody else")

// ErrScratchBusy tells that somebody still has a session in the scratch database. Try again.
var ErrScratchBusy = errors.New("the scratch database is in use")

// MakeScratch makes the empty database into which a drill restores. The network's owner role owns it, so that it is
// told from a stranger's; the backup role may connect and make schemas in it, and holds CREATEDB nowhere. Calling it
// again is harmless.
func MakeScratch(ctx context.Context, admin dbconn.Login, spec Spec) error {
	return onScratch(ctx, admin, spec, func(s *session, there bool) error {
		name := naming.ScratchDatabase(spec.Database)
		var texts []string
		if !there {
			actual, err := observeServer(ctx, s.server, spec)
			if err != nil {
				return err
			}
			texts = append(texts, createDatabase(name, spec.ownerName(), actual))
		}
		backup := naming.DatabaseRole(spec.Database, naming.RoleBackup)
		texts = append(texts,
			fmt.Sprintf("ALTER DATABASE %s CONNECTION LIMIT 4", quote(name)),
			fmt.Sprintf("REVOKE ALL ON DATABASE %s FROM PUBLIC", quote(name)),
			fmt.Sprintf("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %s TO %s", quote(name), quote(backup)))
		return s.each(ctx, texts)
	})
}

// DropScratch removes the scratch database, if it is there and this network's own. It waits for nobody: a session in it
// is ErrScratchBusy, and the caller tries again.
func DropScratch(ctx context.Context, admin dbconn.Login, spec Spec) error {
	return onScratch(ctx, admin, spec, func(s *session, there bool) error {
		if !there {
			return nil
		}
		err := s.each(ctx, []string{"DROP DATABASE " + quote(naming.ScratchDatabase(spec.Database))})
		if pgErr := (*pgconn.PgError)(nil); errors.As(err, &pgErr) && pgErr.Code == "55006" {
			return ErrScratchBusy
		}
		return err
	})
}

// onScratch opens an admin session under the lock of the network's database, and looks whose the scratch database is.
func onScratch(ctx context.Context, admin dbconn.Login, spec Spec, do func(s *session, there bool) error) error {
	ctx, cancel := context.WithTimeout(ctx, ensureTimeout)
	defer cancel()
	s, err := openSession(ctx, admin, spec, nil)
	if err != nil {
		return err
	}
	defer s.close(ctx)
	if err := s.lock(ctx); err != nil {
		return err
	}
	var owner string
	err = s.server.QueryRow(ctx, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1",
		naming.ScratchDatabase(spec.Database)).Scan(&owner)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return do(s, false)
	case err != nil:
		return explain("look for the scratch database", err)
	case owner != spec.ownerName():
		return ErrScratchTaken
	default:
		return do(s, true)
	}
}

// each sends statements one by one, for neither making nor dropping a database fits into a transaction.
func (s *session) each(ctx context.Context, texts []string) error {
	for _, text := range texts {
		if _, err := s.server.Exec(ctx, text, pgx.QueryExecModeSimpleProtocol); err != nil {
			return explain("change the scratch database", err)
		}
	}
	return nil
}
