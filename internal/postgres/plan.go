// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"fmt"
	"strings"
)

// Step is one change, done as a whole or not at all.
type Step struct {
	// Reason says what was found and is put right, for people.
	Reason string

	statements []statement
	inside     bool // in the network's database; otherwise in the admin's own
	alone      bool // cannot share a transaction
	asOwner    bool // as the owner role; otherwise as the admin role
}

// String is the reason.
func (s Step) String() string { return s.Reason }

// statement is SQL. With a password, Execute appends the password's verifier as a literal.
type statement struct {
	text     string
	password string
	role     string // whose password it is
}

// Plan compares what should be with what is. It returns the steps in order, and none when nothing is to be
// done; or an error when the store is not ours or cannot be made. It is pure.
func Plan(spec Spec, actual Actual) ([]Step, error) {
	if err := vet(spec, actual); err != nil {
		return nil, err
	}
	p := &planner{spec: spec, actual: actual}
	for _, r := range spec.roles {
		p.role(r)
		p.twinMembership(r)
	}
	p.adminMembership()
	if actual.blind() {
		return p.steps, nil // the next look will see more
	}
	p.database()
	if actual.database != nil || actual.from == nil { // what is in a copy shows at the next look
		p.claim()
		p.schemas()
		p.privileges()
	}
	for _, r := range spec.roles {
		p.settings(r)
		p.foreignMemberships(r)
	}
	return p.steps, nil
}

type planner struct {
	spec   Spec
	actual Actual
	steps  []Step
}

func (p *planner) onServer(reason string, texts ...string) {
	p.steps = append(p.steps, Step{Reason: reason, statements: plain(texts)})
}

func (p *planner) insideAsOwner(reason string, texts ...string) {
	p.steps = append(p.steps, Step{Reason: reason, statements: plain(texts), inside: true, asOwner: true})
}

func plain(texts []string) []statement {
	all := make([]statement, len(texts))
	for i, t := range texts {
		all[i] = statement{text: t}
	}
	return all
}

// role makes a role, or puts its attributes, password and marker right.
func (p *planner) role(r roleSpec) {
	name := quote(r.name)
	marker := "COMMENT ON ROLE " + name + " IS " + literal(p.spec.Claim.Marker())
	found, ok := p.actual.roles[r.name]
	if !ok {
		if !p.notMade(r) {
			p.makeRole(r, marker)
		}
		return
	}
	if found.comment != p.spec.Claim.Marker() {
		p.onServer(fmt.Sprintf("role %s has lost its marker", r.name), marker)
	}
	if wrong := wrongAttributes(r, found); len(wrong) > 0 {
		p.onServer(fmt.Sprintf("role %s has attributes of another kind", r.name), "ALTER ROLE "+name+" "+strings.Join(wrong, " "))
	}
	if r.login == loginOpen && (found.password == passwordWrong || (!found.login && found.password != passwordRight)) {
		p.steps = append(p.steps, Step{
			Reason:     fmt.Sprintf("role %s has another password", r.name),
			statements: []statement{{text: "ALTER ROLE " + name + " PASSWORD ", password: r.password, role: r.name}},
		})
	}
}

func (p *planner) makeRole(r roleSpec, marker string) {
	create := func(login string) string {
		return fmt.Sprintf("CREATE ROLE %s %s NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT %d", quote(r.name), login, r.connectionLimit)
	}
	made := statement{text: create("NOLOGIN")}
	if r.login == loginOpen {
		made = statement{text: create("LOGIN") + " PASSWORD ", password: r.password, role: r.name}
	}
	p.steps = append(p.steps, Step{Reason: fmt.Sprintf("role %s is missing", r.name), statements: []statement{made, {text: marker}}})
}

// wrongAttributes lists only what differs: PostgreSQL lets some attributes be named by superusers only.
func wrongAttributes(r roleSpec, found roleFacts) []string {
	var wrong []string
	for _, a := range []struct {
		isWrong bool
		right   string
	}{
		{r.login == loginOpen && !found.login, "LOGIN"},
		{r.login == loginClosed && found.login, "NOLOGIN PASSWORD NULL"},
		{found.superuser, "NOSUPERUSER"},
		{found.createDB, "NOCREATEDB"},
		{found.createRole, "NOCREATEROLE"},
		{found.replication, "NOREPLICATION"},
		{found.bypassRLS, "NOBYPASSRLS"},
		{found.expires, "VALID UNTIL 'infinity'"},
		{found.connectionLimit != r.connectionLimit, fmt.Sprintf("CONNECTION LIMIT %d", r.connectionLimit)},
	} {
		if a.isWrong {
			wrong = append(wrong, a.right)
		}
	}
	return wrong
}

// adminMembership lets an admin that is no superuser act as the owner role: to make the database for it, and
// to give grants in its name. PostgreSQL 16 and newer ask for both options by name.
func (p *planner) adminMembership() {
	s := p.actual.session
	if s.superuser || !s.admin {
		return
	}
	owner := p.actual.roles[p.spec.ownerName()]
	if owner.sessionMaySet && owner.sessionInherits {
		return
	}
	grant := fmt.Sprintf("GRANT %s TO %s", quote(p.spec.ownerName()), quote(s.name))
	if p.actual.serverNumber >= 160000 {
		grant += " WITH INHERIT TRUE, SET TRUE"
	}
	p.onServer("the admin role is no member of the owner role", grant)
}

// database makes the database, or gives it to its owner. Sorting is by code point, which is the same on every
// system and never breaks an index after an update of the operating system.
func (p *planner) database() {
	name, owner := quote(p.spec.Database), quote(p.spec.ownerName())
	found := p.actual.database
	if found == nil {
		text := createDatabase(p.spec.Database, p.spec.ownerName(), p.actual)
		if p.actual.from != nil {
			text = copyDatabase(p.spec.Database, p.spec.ownerName(), *p.actual.from)
		}
		p.steps = append(p.steps, Step{
			Reason: fmt.Sprintf("database %s is missing", p.spec.Database), statements: plain([]string{text}), alone: true,
		})
		return
	}
	if found.owner != p.spec.ownerName() {
		p.onServer(fmt.Sprintf("database %s has another owner", p.spec.Database), fmt.Sprintf("ALTER DATABASE %s OWNER TO %s", name, owner))
	}
}

// createDatabase is the statement that makes an empty database.
func createDatabase(name, owner string, actual Actual) string {
	locale := "LOCALE_PROVIDER libc LC_COLLATE 'C'"
	switch {
	case actual.serverNumber >= 170000:
		locale = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE 'C'"
	case !actual.utf8Template:
		locale += " LC_CTYPE 'C'"
	}
	return fmt.Sprintf("CREATE DATABASE %s OWNER %s TEMPLATE template0 ENCODING 'UTF8' %s", quote(name), quote(owner), locale)
}

// claim writes the claim row before anything else is made inside. A second claimant hits the primary key.
func (p *planner) claim() {
	c := p.spec.Claim
	if p.actual.freshCopy(p.spec) {
		p.takeCopy(p.actual.inside.copiedFrom)
		return
	}
	if p.actual.inside == nil || p.actual.inside.claim == nil {
		texts := append([]string{"CREATE SCHEMA " + SchemaOperator, sqlMakeClaim, insertClaim(c)}, markTrial(p.spec)...)
		if p.spec.Restore {
			texts = append(texts, sqlMakeRestore, "INSERT INTO "+RestoreTable+" DEFAULT VALUES")
		}
		p.insideAsOwner(fmt.Sprintf("database %s is not claimed yet", p.spec.Database), texts...)
		return
	}
	if p.actual.inside.claim.NetworkUID != c.NetworkUID {
		p.insideAsOwner("the network was declared again and takes its database back",
			fmt.Sprintf("UPDATE %s SET network_uid = %s", claimTable, literal(c.NetworkUID)))
	}
}

func insertClaim(c Claim) string {
	return fmt.Sprintf("INSERT INTO %s (cluster_id, namespace, name, network_uid) VALUES (%s, %s, %s, %s)",
		claimTable, literal(c.ClusterID), literal(c.Namespace), literal(c.Name), literal(c.NetworkUID))
}

// schemas makes what is missing and closes schema public.
func (p *planner) schemas() {
	inside := p.actual.inside
	if inside == nil {
		inside = &insideFacts{}
	}
	for _, name := range schemas() {
		_, there := inside.schemas[name]
		if there || (name == SchemaOperator && inside.claim == nil) { // made with the claim
			continue
		}
		p.insideAsOwner(fmt.Sprintf("schema %s is missing", name), "CREATE SCHEMA "+quote(name))
	}
	if inside.publicCreate {
		p.steps = append(p.steps, Step{
			Reason:     "everybody may make objects in schema public",
			statements: plain([]string{"REVOKE CREATE ON SCHEMA public FROM PUBLIC"}),
			inside:     true, asOwner: !p.actual.session.superuser,
		})
	}
}

// settings pins the parameters of a role in our database. Others are left as they are.
func (p *planner) settings(r roleSpec) {
	if p.notMade(r) {
		return
	}
	var texts, names []string
	for _, s := range r.settings {
		if p.actual.roles[r.name].settings[s.name] == s.value {
			continue
		}
		value := literal(s.value)
		if s.name == "search_path" {
			value = s.value // a list; quoted it would be one name
		}
		names = append(names, s.name)
		texts = append(texts, fmt.Sprintf("ALTER ROLE %s IN DATABASE %s SET %s TO %s", quote(r.name), quote(p.spec.Database), s.name, value))
	}
	if len(texts) > 0 {
		p.onServer(fmt.Sprintf("role %s lacks settings: %s", r.name, strings.Join(names, ", ")), texts...)
	}
}

// foreignMemberships takes our roles out of every other role: what they may do is in the grants alone. Only a second login is
// a member of the first.
func (p *planner) foreignMemberships(r roleSpec) {
	for _, m := range p.actual.roles[r.name].memberOf {
		if r.isTwin() && m.group == r.twinOf {
			continue
		}
		text := fmt.Sprintf("REVOKE %s FROM %s", quote(m.group), quote(r.name))
		if p.actual.serverNumber >= 160000 {
			text += " GRANTED BY " + quote(m.grantor)
		}
		p.onServer(fmt.Sprintf("role %s was made a member of another role", r.name), text)
	}
}
