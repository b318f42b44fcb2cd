// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// observeInside reads the inside of the database. The claim comes first and alone: of a database that is not
// ours nothing more is read than whether it is empty.
func observeInside(ctx context.Context, conn *pgx.Conn, spec Spec) (*insideFacts, error) {
	facts := &insideFacts{schemas: map[string]string{}, tables: map[string][]string{}, own: map[string]string{}, held: map[privilege]bool{}}
	if err := observeClaim(ctx, conn, facts); err != nil {
		return nil, err
	}
	if facts.hidden || (facts.claim != nil && !facts.claim.sameNetwork(spec.Claim)) {
		return facts, nil
	}
	batch := &pgx.Batch{}
	if facts.claim == nil {
		batch.Queue(sqlCopiedFrom, templateMarkPrefix, templatePrefix).Query(func(rows pgx.Rows) error {
			return eachRow(rows, func() error { return rows.Scan(&facts.copiedFrom) })
		})
		batch.Queue(sqlForeign).QueryRow(func(row pgx.Row) error { return row.Scan(&facts.objects) })
	}
	batch.Queue(sqlPublicCreate).QueryRow(func(row pgx.Row) error { return row.Scan(&facts.publicCreate) })
	batch.Queue(sqlSchemas).Query(func(rows pgx.Rows) error {
		return eachRow(rows, func() error {
			var name, owner string
			err := rows.Scan(&name, &owner)
			facts.schemas[name] = owner
			return err
		})
	})
	batch.Queue(sqlObjects, schemas(), spec.tablesWithColumns()).Query(func(rows pgx.Rows) error {
		return eachRow(rows, func() error {
			var (
				name     string
				columns  []string
				sequence bool
				owner    string
			)
			err := rows.Scan(&name, &columns, &sequence, &owner)
			kind := onSequence
			if !sequence {
				kind, facts.tables[name] = onTable, columns
			}
			if owner == spec.ownerName() || owner == facts.copiedFrom {
				facts.own[name] = kind
			}
			return err
		})
	})
	batch.Queue(sqlPrivileges, spec.roleNames(), spec.ownerName()).Query(func(rows pgx.Rows) error {
		return eachRow(rows, func() error {
			var p privilege
			err := rows.Scan(&p.kind, &p.object, &p.column, &p.role, &p.right)
			facts.held[p] = true
			return err
		})
	})
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return nil, explain("read the database's catalogs", err)
	}
	if facts.claim == nil {
		// A claim made between the two looks comes with its table in one transaction: look again before the
		// table is taken for somebody else's.
		return facts, observeClaim(ctx, conn, facts)
	}
	if err := observeRestore(ctx, conn, facts); err != nil {
		return nil, err
	}
	return facts, observeVersion(ctx, conn, facts)
}

// observeVersion reads the version of the schema. A role that may not read it has lost a grant, which shows by
// itself.
func observeVersion(ctx context.Context, conn *pgx.Conn, facts *insideFacts) error {
	if _, there := facts.tables[versionView]; !there {
		return nil
	}
	err := conn.QueryRow(ctx, sqlSchemaVersion).Scan(&facts.version)
	pgErr := (*pgconn.PgError)(nil)
	if errors.As(err, &pgErr) && (pgErr.Code == "42501" || pgErr.Code == "42P01") {
		return nil
	}
	if err != nil {
		return explain("read the schema version", err)
	}
	return nil
}

// observeClaim reads the claim row. No table and no schema mean no claim; a claim that may not be read is
// marked as hidden.
func observeClaim(ctx context.Context, conn *pgx.Conn, facts *insideFacts) error {
	var c Claim
	err := conn.QueryRow(ctx, sqlClaim).Scan(&c.ClusterID, &c.Namespace, &c.Name, &c.NetworkUID)
	pgErr := (*pgconn.PgError)(nil)
	switch {
	case err == nil:
		facts.claim, facts.claimTable = &c, true
	case errors.Is(err, pgx.ErrNoRows):
		facts.claimTable = true
	case errors.As(err, &pgErr) && (pgErr.Code == "42P01" || pgErr.Code == "3F000"):
	case errors.As(err, &pgErr) && pgErr.Code == "42501":
		facts.claimTable, facts.hidden = true, true
	case errors.As(err, &pgErr) && pgErr.Code == "42703": // a claim table that is not of our making
		facts.claim, facts.claimTable = &Claim{}, true
	default:
		return explain("read the claim", err)
	}
	return nil
}

// tablesWithColumns names the tables on which a grant speaks of columns.
func (s Spec) tablesWithColumns() []string {
	var names []string
	for _, g := range s.grants {
		if len(g.Columns) > 0 {
			names = append(names, g.Object)
		}
	}
	return names
}
