// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

// Observe reads the catalogs as the admin role: the server from the admin's own database, then the network's
// database from inside when it is there. It changes nothing.
func Observe(ctx context.Context, admin dbconn.Login, spec Spec) (Actual, error) {
	s, err := openSession(ctx, admin, spec, nil)
	if err != nil {
		return Actual{}, err
	}
	defer s.close(ctx)
	return s.observe(ctx)
}

// observe reads the server and the database over the session's connections.
func (s *session) observe(ctx context.Context) (Actual, error) {
	actual, err := observeServer(ctx, s.server, s.spec)
	if err != nil {
		return Actual{}, err
	}
	actual.session.admin = true
	if actual.session.superuser {
		if err := s.comparePasswords(ctx, &actual); err != nil {
			return Actual{}, err
		}
	}
	if actual.database == nil || !actual.database.sessionMayConnect {
		return actual, nil
	}
	inside, err := s.insideConn(ctx)
	if err != nil {
		return Actual{}, explain("connect to the database", err)
	}
	actual.inside, err = observeInside(ctx, inside, s.spec)
	if err != nil {
		return Actual{}, err
	}
	// Only a database that is ours is worth knocking at: the roles of others are none of our business.
	if !actual.session.superuser && actual.claimedBy(s.spec.Claim) {
		if err := tryPasswords(ctx, s.admin, s.spec, &actual, s.proven); err != nil {
			return Actual{}, err
		}
	}
	return actual, nil
}

// observeServer reads what can be seen from any database of the server, in one round trip.
func observeServer(ctx context.Context, conn *pgx.Conn, spec Spec) (Actual, error) {
	a := Actual{roles: map[string]roleFacts{}}
	batch := &pgx.Batch{}
	exists := false
	batch.Queue(sqlServer, spec.Database).QueryRow(func(row pgx.Row) error {
		return row.Scan(&a.serverNumber, &a.ServerVersion, &a.recovery, &a.readOnly, &a.session.name, &a.session.superuser,
			&a.session.createDB, &a.session.createRole, &a.session.inherits, &a.utf8Template, &exists)
	})
	batch.Queue(sqlRoles, spec.roleNames(), spec.Database).Query(func(rows pgx.Rows) error {
		return eachRow(rows, func() error { return a.scanRole(rows) })
	})
	database := databaseFacts{held: map[privilege]bool{}}
	batch.Queue(sqlDatabase, spec.Database).Query(func(rows pgx.Rows) error {
		return eachRow(rows, func() error {
			var encoding string
			err := rows.Scan(&database.owner, &encoding, &database.sessionMayConnect)
			database.utf8 = encoding == "UTF8"
			return err
		})
	})
	batch.Queue(sqlDatabasePrivileges, spec.Database, spec.roleNames()).Query(func(rows pgx.Rows) error {
		return eachRow(rows, func() error {
			p := privilege{kind: onDatabase, object: quote(spec.Database)}
			err := rows.Scan(&p.role, &p.right)
			database.held[p] = true
			return err
		})
	})
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return Actual{}, explain("read the server's catalogs", err)
	}
	if exists {
		a.database = &database
	}
	return a, nil
}

// scanRole reads one row of sqlRoles.
func (a *Actual) scanRole(rows pgx.Rows) error {
	var (
		f                          roleFacts
		name                       string
		settings, groups, grantors []string
		inherited                  []bool
	)
	err := rows.Scan(&name, &f.login, &f.superuser, &f.createDB, &f.createRole, &f.replication, &f.bypassRLS,
		&f.connectionLimit, &f.expires, &f.comment, &settings, &groups, &grantors, &inherited, &f.sessionMaySet, &f.sessionInherits)
	if err != nil {
		return err
	}
	f.settings = map[string]string{}
	for _, entry := range settings {
		if key, value, ok := strings.Cut(entry, "="); ok {
			f.settings[strings.ToLower(key)] = value
		}
	}
	for i, group := range groups {
		f.memberOf = append(f.memberOf, membership{group: group, grantor: grantors[i], inherits: inherited[i]})
	}
	a.roles[name] = f
	return nil
}

// comparePasswords holds the stored verifiers, which a superuser sees, against the wanted passwords.
func (s *session) comparePasswords(ctx context.Context, a *Actual) error {
	rows, err := s.server.Query(ctx, sqlVerifiers, s.spec.roleNames())
	if err != nil {
		return explain("read the password verifiers", err)
	}
	stored := map[string]string{}
	err = eachRow(rows, func() error {
		var name, verifier string
		err := rows.Scan(&name, &verifier)
		stored[name] = verifier
		return err
	})
	if err != nil {
		return explain("read the password verifiers", err)
	}
	for _, r := range s.spec.roles {
		f, ok := a.roles[r.name]
		if !ok || r.login != loginOpen {
			continue
		}
		f.password = passwordWrong
		if verifier := stored[r.name]; s.proven[verifier] || scramMatches(verifier, r.password) {
			f.password, s.proven[verifier] = passwordRight, true
		}
		a.roles[r.name] = f
	}
	return nil
}

// tryPasswords logs in as each of our roles, for those who may not see the verifiers.
func tryPasswords(ctx context.Context, server dbconn.Login, spec Spec, a *Actual, proven map[string]bool) error {
	for _, r := range spec.roles {
		f, ok := a.roles[r.name]
		if !ok || !f.login || r.login != loginOpen || proven[r.name] {
			continue
		}
		state, err := tryPassword(ctx, server.As(r.name, r.password, spec.Database))
		if err != nil {
			return err
		}
		f.password, proven[r.name] = state, state == passwordRight
		a.roles[r.name] = f
	}
	return nil
}

// tryPassword knocks once. A refusal for another cause than the password (no right to connect, too many
// sessions) comes after the password was accepted.
func tryPassword(ctx context.Context, login dbconn.Login) (passwordState, error) {
	conn, err := dbconn.Connect(ctx, login, dbconn.Options{ApplicationName: applicationName})
	if err == nil {
		_ = conn.Close(ctx)
		return passwordRight, nil
	}
	pgErr := (*pgconn.PgError)(nil)
	switch {
	case errors.Is(err, dbconn.ErrAuthentication):
		return passwordWrong, nil
	case errors.As(err, &pgErr) && (pgErr.Code == "42501" || pgErr.Code == "53300"):
		return passwordRight, nil
	default:
		return passwordUnknown, fmt.Errorf("try the login of role %s: %w", login.Username, err)
	}
}

// TryLogin opens one session and closes it.
func TryLogin(ctx context.Context, login dbconn.Login) error {
	conn, err := connect(ctx, login)
	if err != nil {
		return fmt.Errorf("try the login of role %s: %w", login.Username, err)
	}
	return conn.Close(ctx)
}

// eachRow scans all rows and closes them.
func eachRow(rows pgx.Rows, scan func() error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(); err != nil {
			return err
		}
	}
	return rows.Err()
}
