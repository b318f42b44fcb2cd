// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
)

const (
	// templatePrefix starts the name of each template and of the role that owns what is in it.
	templatePrefix = "alumni_template_v"
	// templateMarkPrefix starts the comment on a template, on its role, and on the operator's schema in it.
	templateMarkPrefix = "Managed by alumni-operator, template "
	// unfinished ends the comment on a template that is being made, and bare that on one with nothing but its schemas.
	unfinished = " (unfinished)"
	bare       = " (to be migrated)"
)

// template is a database with the schema of this version and nobody in it, of which the databases of networks are copies.
// Each admin role has its own: a copy of what another role made would hold whatever that role put into it.
//
// What is in a template belongs to a role of its own, the database itself to the admin role. So all that the role owns in
// a copy can be given to the network's owner role in one statement, and never the template with it.
type template struct {
	database string
	owner    string
	mark     string
	version  int64
}

// templateFor names the template of an admin role for the schema of this version.
func templateFor(admin string, version int64) template {
	h := sha256.New()
	for _, part := range []string{admin, sqlMakeClaim, strings.Join(schemas(), " "), pgstore.Digest()} {
		_, _ = fmt.Fprintf(h, "%d %s", len(part), part) // a hash takes everything
	}
	sum := hex.EncodeToString(h.Sum(nil))
	name := fmt.Sprintf("%s%d_%s", templatePrefix, version, sum[:16])
	return template{database: name, owner: name + "_owner", mark: templateMarkPrefix + sum[:32], version: version}
}

// templateFacts are what the catalogs say of a template and of its role.
type templateFacts struct {
	role                bool
	roleComment         string
	sessionMaySet       bool // the session may act as the role
	database            bool
	sessionOwns         bool // the database
	comment             string
	takesConnections    bool
	empty               bool // nothing was made inside; known only where it matters
	serverNumber        int
	superuser, utf8Zero bool
	session             string
}

// planTemplate compares a template with what it should be. No steps mean that it can be copied. A bare one must have been
// migrated before. It refuses what is not ours.
func planTemplate(t template, f templateFacts) ([]Step, error) {
	var steps []Step
	onServer := func(reason string, texts ...string) {
		steps = append(steps, Step{Reason: reason, statements: plain(texts)})
	}
	name, owner := quote(t.database), quote(t.owner)
	switch {
	case !f.role:
		onServer("the template's role is missing",
			"CREATE ROLE "+owner+" NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS",
			"COMMENT ON ROLE "+owner+" IS "+literal(t.mark))
	case f.roleComment != t.mark:
		return nil, fmt.Errorf("%w: role %q", errTemplateTaken, t.owner)
	}
	if !f.superuser && !f.sessionMaySet {
		grant := fmt.Sprintf("GRANT %s TO %s", owner, quote(f.session))
		if f.serverNumber >= 160000 {
			grant += " WITH INHERIT TRUE, SET TRUE"
		}
		onServer("the admin role is no member of the template's role", grant)
	}
	switch {
	case !f.database:
		step := Step{Reason: "the template is missing", alone: true, statements: plain([]string{
			createDatabase(t.database, f.session, Actual{serverNumber: f.serverNumber, utf8Template: f.utf8Zero})})}
		return append(steps, step), nil
	case !f.sessionOwns, f.comment != "" && f.comment != t.mark && f.comment != t.mark+unfinished && f.comment != t.mark+bare, f.comment == "" && !f.empty:
		return nil, fmt.Errorf("%w: database %q", errTemplateTaken, t.database)
	case f.comment == "":
		onServer("the template is not marked yet",
			fmt.Sprintf("REVOKE ALL ON DATABASE %s FROM PUBLIC", name),
			fmt.Sprintf("GRANT CREATE ON DATABASE %s TO %s", name, owner),
			fmt.Sprintf("COMMENT ON DATABASE %s IS %s", name, literal(t.mark+unfinished)))
	case f.comment == t.mark && !f.takesConnections:
	case f.comment == t.mark+unfinished:
		steps = append(steps, t.fill())
	default:
		onServer("the template is not closed yet",
			fmt.Sprintf("COMMENT ON DATABASE %s IS %s", name, literal(t.mark)),
			fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS false", name))
	}
	return steps, nil
}

// fill makes inside the template what the migrations build on.
func (t template) fill() Step {
	texts := []string{fmt.Sprintf("COMMENT ON DATABASE %s IS %s", quote(t.database), literal(t.mark+bare))}
	for _, schema := range schemas() {
		texts = append(texts, fmt.Sprintf("CREATE SCHEMA %s AUTHORIZATION %s", quote(schema), quote(t.owner)))
	}
	texts = append(texts, "SET LOCAL ROLE "+quote(t.owner),
		sqlMakeClaim,
		fmt.Sprintf("COMMENT ON SCHEMA %s IS %s", SchemaOperator, literal(t.mark)))
	return Step{Reason: "the template has no schema yet", statements: plain(texts), inside: true}
}

// copyDatabase is the statement that makes a database from a template. The blocks are copied through the log: the other
// way writes out everything that the server has in memory, twice for each database.
func copyDatabase(name, owner string, from template) string {
	return fmt.Sprintf("CREATE DATABASE %s OWNER %s TEMPLATE %s STRATEGY WAL_LOG", quote(name), quote(owner), quote(from.database))
}

// takeCopy gives a fresh copy to the network, and writes the claim in the same moment. The schemas go first, for their
// owner must be able to make in them what comes after.
func (p *planner) takeCopy(from string) {
	owner := quote(p.spec.ownerName())
	var texts []string
	for _, schema := range schemas() {
		texts = append(texts, fmt.Sprintf("ALTER SCHEMA %s OWNER TO %s", quote(schema), owner))
	}
	texts = append(texts, fmt.Sprintf("REASSIGN OWNED BY %s TO %s", quote(from), owner), "SET LOCAL ROLE "+owner,
		fmt.Sprintf("COMMENT ON SCHEMA %s IS NULL", SchemaOperator), insertClaim(p.spec.Claim))
	texts = append(texts, markTrial(p.spec)...)
	p.steps = append(p.steps, Step{
		Reason: fmt.Sprintf("database %s is a fresh copy of a template", p.spec.Database), statements: plain(texts), inside: true,
	})
}
