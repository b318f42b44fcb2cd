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
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// DropInput names a store that is to go, and who may drop it. No password of its roles is needed.
type DropInput struct {
	// Admin is the role that made the store, or one with the same rights.
	Admin dbconn.Login
	// Database is the name of the database; the roles' names follow from it.
	Database string
	// Claim must be the database's own, UID included: what a network never took up it does not drop.
	Claim Claim

	beforeStep func(Step) error
}

// Inventory is what a store holds, in numbers.
type Inventory struct {
	// ServerVersion is PostgreSQL's own version text.
	ServerVersion string
	// Found says whether there is a database of this network.
	Found bool
	// SchemaVersion is the number of the last migration; 0 when there was none.
	SchemaVersion int64
	// Tables counts the rows of each table, in the order of their names.
	Tables []TableRows
}

// TableRows is the number of rows of one table.
type TableRows struct {
	Table string // schema and name
	Rows  int64
}

// TakeStock counts what Drop would remove, after the same checks. It changes nothing.
func TakeStock(ctx context.Context, in DropInput) (Inventory, error) {
	ctx, cancel := context.WithTimeout(ctx, ensureTimeout)
	defer cancel()
	s, err := openSession(ctx, in.Admin, in.spec(), nil)
	if err != nil {
		return Inventory{}, err
	}
	defer s.close(ctx)
	if err := s.lock(ctx); err != nil {
		return Inventory{}, err
	}
	found, err := s.observeRemains(ctx)
	if err != nil {
		return Inventory{}, err
	}
	stock := Inventory{ServerVersion: found.ServerVersion}
	if _, err := planDrop(s.spec, found); err != nil || found.torn || !found.ours(s.spec) {
		return stock, err
	}
	stock.Found, stock.SchemaVersion = true, found.inside.version
	stock.Tables, err = s.countRows(ctx, found)
	return stock, err
}

// Drop removes the network's database with every session in it, the scratch database of its drills, and the roles that carry
// its marker. What belongs to somebody else is refused before anything is touched. It may be called again after any failure, and
// goes on with what is left; a store that is gone is fine.
func Drop(ctx context.Context, in DropInput) error {
	ctx, cancel := context.WithTimeout(ctx, ensureTimeout)
	defer cancel()
	s, err := openSession(ctx, in.Admin, in.spec(), in.beforeStep)
	if err != nil {
		return err
	}
	defer s.close(ctx)
	if err := s.lock(ctx); err != nil {
		return err
	}
	for range rounds {
		found, err := s.observeRemains(ctx)
		if err != nil {
			return err
		}
		steps, err := planDrop(s.spec, found)
		if err != nil || len(steps) == 0 {
			return err
		}
		if err := s.prepareDrop(ctx); err != nil {
			return err
		}
		if err := s.execute(ctx, steps); err != nil {
			return explainDrop(err)
		}
	}
	return ErrUnsettled
}

// spec is a Spec with names only.
func (in DropInput) spec() Spec {
	s := Spec{Database: in.Database, Claim: in.Claim}
	for _, role := range naming.Roles() {
		s.roles = append(s.roles, roleSpec{role: role, name: naming.DatabaseRole(in.Database, role)})
	}
	for _, r := range s.roles {
		s.roles = append(s.roles, r.twin(in.Database))
	}
	return s
}

// remains is what is there of a store that is to go.
type remains struct {
	Actual
	scratchOwner string // empty: no scratch database
	torn         bool   // the server stopped in the middle of dropping the database: nobody can enter it any more
}

// marked says whether a role is there and carries the network's marker.
func (a Actual) marked(spec Spec, role string) bool {
	found, ok := a.roles[role]
	return ok && found.comment == spec.Claim.Marker()
}

// ours says whether the database is there and the network's own: by its claim, or, before it has one and after a drop that was
// torn, by its owner.
func (r remains) ours(spec Spec) bool {
	switch {
	case r.database == nil, r.inside == nil && !r.torn:
		return false
	case !r.torn && r.inside.claim != nil:
		return *r.inside.claim == spec.Claim
	default:
		return r.database.owner == spec.ownerName() && r.marked(spec, spec.ownerName())
	}
}

// observeRemains reads the server and the inside of the database. No login of a role is tried.
func (s *session) observeRemains(ctx context.Context) (remains, error) {
	found := remains{}
	actual, err := observeServer(ctx, s.server, s.spec)
	if err != nil {
		return found, err
	}
	found.Actual = actual
	if err := s.join(ctx, actual); err != nil {
		return found, err
	}
	err = s.server.QueryRow(ctx, sqlScratchOwner, naming.ScratchDatabase(s.spec.Database)).Scan(&found.scratchOwner)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return found, explain("look for the scratch database", err)
	}
	err = s.server.QueryRow(ctx, sqlTorn, s.spec.Database).Scan(&found.torn)
	if err != nil {
		return found, explain("look for the database", err)
	}
	if found.database == nil || found.torn || !found.database.sessionMayConnect {
		return found, nil
	}
	inside, err := s.insideConn(ctx)
	if err != nil {
		return found, explain("connect to the database", err)
	}
	found.inside, err = observeInside(ctx, inside, s.spec)
	return found, err
}

// sqlScratchOwner finds who owns a database, if it is there.
const sqlScratchOwner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1"

// sqlTorn says whether a database was left behind by a DROP DATABASE that did not come to its end.
const sqlTorn = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datconnlimit = -2)"

// join makes an admin that is no superuser a member of the owner role, without which it could not see whose the database is.
// It mostly is one since it made the database.
func (s *session) join(ctx context.Context, a Actual) error {
	grant := a.memberships(s.spec, s.spec.roles[:1])
	if grant == nil {
		return nil
	}
	if _, err := s.server.Exec(ctx, grant[0], pgx.QueryExecModeSimpleProtocol); err != nil {
		return explain("become a member of the owner role", err)
	}
	return nil
}

// memberships are the grants that the looking role lacks to act for some of the network's roles.
func (a Actual) memberships(spec Spec, roles []roleSpec) []string {
	var grants []string
	for _, r := range roles {
		f := a.roles[r.name]
		if a.session.superuser || !a.marked(spec, r.name) || (f.sessionMaySet && f.sessionInherits) {
			continue
		}
		grant := fmt.Sprintf("GRANT %s TO %s", quote(r.name), quote(a.session.name))
		if a.serverNumber >= 160000 {
			grant += " WITH INHERIT TRUE, SET TRUE"
		}
		grants = append(grants, grant)
	}
	return grants
}

// prepareDrop ends the session inside the database, which would hold it, and gives a drop the time that a large store takes.
func (s *session) prepareDrop(ctx context.Context) error {
	if s.inside != nil {
		_ = s.inside.Close(ctx)
		s.inside = nil
	}
	if _, err := s.server.Exec(ctx, "SET statement_timeout = '4min'"); err != nil {
		return explain("prepare to drop the store", err)
	}
	return nil
}

// planDrop lists what goes, or refuses. It is pure. An empty database that is not the network's is left, and so is a role without
// its marker.
func planDrop(spec Spec, found remains) ([]Step, error) {
	if err := vetDrop(spec, found); err != nil {
		return nil, err
	}
	p := &planner{spec: spec}
	drop := func(name string) {
		p.onServer("database "+name+" is to go", "DROP DATABASE "+quote(name)+" WITH (FORCE)")
	}
	if grants := found.memberships(spec, spec.roles); found.database != nil && len(grants) > 0 {
		p.onServer("the admin role may not end the sessions of the network's roles", grants...)
	}
	if found.scratchOwner == spec.ownerName() && found.marked(spec, spec.ownerName()) {
		drop(naming.ScratchDatabase(spec.Database))
	}
	if found.ours(spec) {
		drop(spec.Database)
	}
	for _, r := range spec.roles {
		if found.marked(spec, r.name) {
			p.onServer("role "+r.name+" is to go", "DROP ROLE "+quote(r.name))
		}
	}
	return p.steps, nil
}

// vetDrop refuses what is not ours, and what cannot be told to be.
func vetDrop(spec Spec, found remains) error {
	for _, role := range found.roles {
		if strings.HasPrefix(role.comment, markerPrefix) && role.comment != spec.Claim.Marker() {
			return &ClaimedError{Database: spec.Database}
		}
	}
	switch {
	case found.readOnly:
		return ErrReadOnly
	case found.database == nil, found.torn && found.ours(spec), found.freshCopy(spec):
		return nil
	case found.blind():
		return fmt.Errorf("%w: it may not read whose database %q is", ErrPrivilege, spec.Database)
	case found.inside.claim != nil && *found.inside.claim != spec.Claim:
		return &ClaimedError{Database: spec.Database}
	case found.inside.claim == nil && (found.inside.claimTable || found.inside.objects > 0 || hasSchemas(found.inside)):
		return fmt.Errorf("%w: %q", ErrNotEmpty, spec.Database)
	}
	return nil
}

// countRows counts every table of our schemas in one snapshot.
func (s *session) countRows(ctx context.Context, found remains) ([]TableRows, error) {
	inside, err := s.insideConn(ctx)
	if err != nil {
		return nil, explain("connect to the database", err)
	}
	tx, err := inside.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, explain("count the rows", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if !found.session.superuser {
		if _, err := tx.Exec(ctx, "SET LOCAL ROLE "+quote(s.spec.ownerName())); err != nil {
			return nil, explain("count the rows", err)
		}
	}
	rows, err := tx.Query(ctx, sqlTables, schemas())
	if err != nil {
		return nil, explain("list the tables", err)
	}
	names, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (pgx.Identifier, error) {
		var schema, table string
		err := row.Scan(&schema, &table)
		return pgx.Identifier{schema, table}, err
	})
	if err != nil {
		return nil, explain("list the tables", err)
	}
	all := make([]TableRows, len(names))
	for i, name := range names {
		all[i].Table = name[0] + "." + name[1]
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM "+name.Sanitize()).Scan(&all[i].Rows); err != nil {
			return nil, explain("count the rows", err)
		}
	}
	return all, nil
}

// explainDrop tells that somebody holds on to what is to go: a session that the admin role may not end, a replication slot, a
// prepared transaction, or an object elsewhere that a role owns.
func explainDrop(err error) error {
	pgErr := (*pgconn.PgError)(nil)
	inUse := errors.Is(err, ErrPrivilege)
	if errors.As(err, &pgErr) {
		inUse = inUse || pgErr.Code == "55006" || pgErr.Code == "2BP01"
	}
	if inUse {
		return fmt.Errorf("%w: %w", ErrInUse, err)
	}
	return err
}
