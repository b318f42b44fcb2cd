// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

// Actual is what the catalogs say. Observe and Check fill it; Plan reads it.
type Actual struct {
	// ServerVersion is PostgreSQL's own version text.
	ServerVersion string

	serverNumber int  // for example 150018
	recovery     bool // a standby, or being restored
	readOnly     bool // takes no writes
	utf8Template bool // template0 is in UTF-8, so its character classes may be kept
	session      sessionFacts
	roles        map[string]roleFacts // by name; ours only
	database     *databaseFacts       // nil: not there
	inside       *insideFacts         // nil: not looked into
	from         *template            // nil: a missing database is made empty; else it is copied
}

// sessionFacts describe the role that looks.
type sessionFacts struct {
	name                                      string
	superuser, createDB, createRole, inherits bool
	admin                                     bool // looks in order to change things
}

// roleFacts describe one of our roles.
type roleFacts struct {
	login, superuser, createDB, createRole, replication, bypassRLS, expires bool
	connectionLimit                                                         int
	comment                                                                 string
	settings                                                                map[string]string // in our database
	memberOf                                                                []membership
	password                                                                passwordState
	sessionMaySet, sessionInherits                                          bool // towards the role that looks
}

// membership is a role that one of our roles was made a member of, by whom, and whether it has that role's rights by it.
type membership struct {
	group, grantor string
	inherits       bool
}

// passwordState is what is known of a role's password.
type passwordState int

const (
	passwordUnknown passwordState = iota
	passwordRight
	passwordWrong
)

type databaseFacts struct {
	owner             string
	utf8              bool
	sessionMayConnect bool
	held              map[privilege]bool
}

// insideFacts describe the inside of the database.
type insideFacts struct {
	claim         *Claim   // nil: no claim row
	claimTable    bool     // there is a claim table, with or without a row
	copiedFrom    string   // the role that owns everything, where the database is a fresh copy of a template
	restore       *Restore // nil: the database was not made to take a backup in
	restoreHidden bool     // there is a mark of a restore, and the session may not read it
	hidden        bool     // there is a claim table, and the session may not read it
	objects       int64    // relations, functions and types, ours included
	publicCreate  bool     // everybody may make objects in schema public
	schemas       map[string]string
	tables        map[string][]string // schema.table; columns where they matter
	own           map[string]string   // tables and sequences of our owner role; schema.name to kind
	version       int64               // of the schema; 0: not made, or not to be read
	held          map[privilege]bool
}

// blind tells that the database is there and the session cannot see whose it is.
func (a Actual) blind() bool {
	return a.database != nil && (!a.database.sessionMayConnect || a.inside == nil || a.inside.hidden)
}

// claimedBy tells whether the claim row names this network.
func (a Actual) claimedBy(c Claim) bool {
	return a.inside != nil && a.inside.claim != nil && a.inside.claim.sameNetwork(c)
}

// freshCopy tells that the database was copied from a template for this network, and not claimed yet. Its owner role has
// this network's marker, which only an admin can give.
func (a Actual) freshCopy(spec Spec) bool {
	return a.database != nil && a.inside != nil && a.inside.claim == nil && a.inside.copiedFrom != "" &&
		a.database.owner == spec.ownerName() && a.roles[spec.ownerName()].comment == spec.Claim.Marker()
}

// Kinds of objects that carry privileges, in PostgreSQL's words.
const (
	onDatabase = "DATABASE"
	onSchema   = "SCHEMA"
	onTable    = "TABLE"
	onSequence = "SEQUENCE"
)

// privilege is one right of one role on one object. An empty role means PUBLIC. Object is written as SQL wants it.
type privilege struct {
	role, kind, object, column, right string
}
