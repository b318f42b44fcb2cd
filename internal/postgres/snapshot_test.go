// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

// serverSnapshot lists everything of a server that provisioning could change.
const serverSnapshot = `
SELECT format('role %s %s %s %s', rolname, to_jsonb(a) - 'oid' - 'rolname' - 'rolpassword', shobj_description(oid, 'pg_authid'), rolpassword) FROM pg_authid a
UNION ALL
SELECT format('member %s in %s by %s', m.member::regrole, m.roleid::regrole, m.grantor::regrole) FROM pg_auth_members m
UNION ALL
SELECT format('database %s owner %s encoding %s %s %s acl %s', datname, datdba::regrole, encoding, datcollate, datctype,
              (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(datacl) x)) FROM pg_database
UNION ALL
SELECT format('setting %s in %s: %s', s.setrole::regrole, d.datname, (SELECT array_agg(x ORDER BY x) FROM unnest(s.setconfig) x)) FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase
ORDER BY 1`

// insideSnapshot lists the same of a database: schemas, relations, columns and functions with owners and rights.
const insideSnapshot = `
SELECT format('schema %s owner %s acl %s', nspname, nspowner::regrole, (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(nspacl) x))
FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)'
UNION ALL
SELECT format('relation %s %s owner %s acl %s', relkind, c.oid::regclass, relowner::regrole, (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(relacl) x))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT format('column %s.%s acl %s', attrelid::regclass, attname, (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(attacl) x)) FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid >= 16384
UNION ALL
SELECT format('function %s owner %s acl %s', p.oid::regprocedure, proowner::regrole, (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(proacl) x))
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1`

// snapshot reads both, without the verifiers' salts when passwords is false. Our names are made neutral, so that
// snapshots of two networks can be compared.
func (w *world) snapshot(passwords bool) []string {
	w.t.Helper()
	lines := w.lines(w.super, serverSnapshot)
	inside := w.super
	inside.Database = w.spec.Database
	lines = append(lines, w.lines(inside, insideSnapshot)...)
	if passwords {
		return lines
	}
	var ours []string
	for _, line := range lines {
		kind, _, _ := strings.Cut(line, " ")
		if !strings.Contains(line, w.spec.Database) && slices.Contains([]string{"role", "member", "database", "setting"}, kind) {
			continue
		}
		if before, _, ok := strings.Cut(line, "SCRAM-SHA-256$"); ok {
			line = before
		}
		line = strings.ReplaceAll(line, `"rolvaliduntil": "infinity"`, `"rolvaliduntil": null`) // the same to PostgreSQL
		line = strings.ReplaceAll(line, w.spec.Database, "DB")
		line = strings.ReplaceAll(line, w.admin.Username, "ADMIN")
		ours = append(ours, ownRights.ReplaceAllString(line, ""))
	}
	slices.Sort(ours)
	return ours
}

// ownRights are the owner's own, which PostgreSQL spells out once anything was ever granted.
var ownRights = regexp.MustCompile(`\{DB_owner=\w+/DB_owner\}$`)

// same shows where two snapshots differ.
func same(t testing.TB, got, want []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the store differs (- wanted, + found):\n%s", diff)
	}
}

func (w *world) lines(login dbconn.Login, query string) []string {
	w.t.Helper()
	ctx := context.Background()
	conn, err := connect(ctx, login)
	if errors.Is(err, dbconn.ErrNoDatabase) {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, query, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		w.t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.t.Fatal(err)
	}
	return lines
}
