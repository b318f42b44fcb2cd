// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// Schemas that provisioning makes. The migrations fill the first two.
const (
	SchemaPeople   = "alumni"
	SchemaStats    = "alumni_stats"
	SchemaOperator = "alumni_operator"
)

// schemas lists them in the order in which they are made.
func schemas() []string { return []string{SchemaPeople, SchemaStats, SchemaOperator} }

// claimTable holds the one row that says whose database this is.
const claimTable = SchemaOperator + ".claim"

// versionView tells the version of the schema.
const versionView = SchemaStats + ".schema_version"

// Claim says which network a database belongs to. The same cluster, namespace and name with a new UID is the
// same network, declared again.
type Claim struct {
	ClusterID  string
	Namespace  string
	Name       string
	NetworkUID string
}

// sameNetwork compares everything but the UID.
func (c Claim) sameNetwork(other Claim) bool {
	return c.ClusterID == other.ClusterID && c.Namespace == other.Namespace && c.Name == other.Name
}

// markerPrefix starts the comment on each of our roles.
const markerPrefix = "Managed by alumni-operator, claim "

// Marker is the comment that our roles carry. It names the network by hash only, for every role of the server
// can read it.
func (c Claim) Marker() string {
	sum := sha256.Sum256([]byte(c.ClusterID + "\x00" + c.Namespace + "\x00" + c.Name))
	return markerPrefix + hex.EncodeToString(sum[:16])
}

// Spec is what a network's database should be. Make it with NewSpec.
type Spec struct {
	// Database is the name of the database; the roles' names follow from it.
	Database string
	// Claim is the network it belongs to.
	Claim Claim
	// MustExist refuses to make the database: set it for a network that had one before, so that a lost store
	// is seen and not replaced by an empty one.
	MustExist bool
	// KeepRights leaves our roles the rights on tables that this version does not need: set it while programs of the
	// version before still run.
	KeepRights bool
	// Restore says that a backup is to be restored into the database: one that is made is left empty and closed, with a
	// mark, until the mark is Done; one that is in use without a mark is refused.
	Restore bool
	// Trial says that the network is a rehearsal. A database is made for one or for real people, and refused to the other.
	Trial bool

	unread  bool  // made without passwords: for Check only
	version int64 // of the schema that the grants are made for
	roles   []roleSpec
	schemas map[naming.Role][]string
	grants  []pgstore.Grant
}

// roleSpec is what one login role should be.
type roleSpec struct {
	role            naming.Role
	name            string
	twinOf          string // the role whose second login this is; empty for the role itself
	login           loginState
	current         bool   // the login that the workload is told
	password        string // of a login that is open
	connectionLimit int
	temporary       bool // may make temporary tables
	settings        []setting
}

// setting is a parameter of a role in our database.
type setting struct{ name, value string }

// NewSpec describes a network's database with the roles, schemas and grants of this version. A password is
// needed for each of naming.Roles; it must be printable ASCII without spaces, as the operator makes them. Without any, for nil,
// the spec is good for a Check that takes it that the logins work, and for nothing else.
func NewSpec(database string, claim Claim, passwords map[naming.Role]string) (Spec, error) {
	s := Spec{Database: database, Claim: claim, unread: passwords == nil, version: pgstore.LatestVersion(), schemas: pgstore.Schemas(), grants: pgstore.Grants()}
	for _, role := range []naming.Role{naming.RoleMetrics, naming.RoleBackup} {
		s.grants = append(s.grants, pgstore.Grant{Role: role, Privileges: []string{"SELECT"}, Object: claimTable},
			pgstore.Grant{Role: role, Privileges: []string{"SELECT"}, Object: RestoreTable})
	}
	s.grants = append(s.grants, pgstore.Grant{Role: naming.RoleBackup, Privileges: []string{"SELECT"}, Object: TrialTable})
	if database == "" || len(database) > 50 || strings.ContainsRune(database, 0) {
		return Spec{}, errors.New("describe the database: its name must have 1 to 50 bytes")
	}
	if claim.ClusterID == "" || claim.Namespace == "" || claim.Name == "" || claim.NetworkUID == "" {
		return Spec{}, errors.New("describe the database: the claim must name cluster, namespace, network and UID")
	}
	for _, role := range naming.Roles() {
		r := frame(role)
		r.role, r.name = role, naming.DatabaseRole(database, role)
		r.settings = append(r.settings, setting{"search_path", dbconn.SearchPath}, setting{"timezone", "UTC"})
		if err := r.setLogin(Logins{Password: passwords[role]}, s.unread); err != nil {
			return Spec{}, err
		}
		s.roles = append(s.roles, r)
	}
	for _, r := range s.roles {
		s.roles = append(s.roles, r.twin(database))
	}
	return s, nil
}

// frame bounds what a role may take of the server: sessions, time of a statement, time of an idle transaction,
// and time to wait for a lock. Workloads may set tighter ones for themselves.
func frame(role naming.Role) roleSpec {
	bounds := func(limit int, statement, idle, lock string) roleSpec {
		return roleSpec{connectionLimit: limit, settings: []setting{
			{"statement_timeout", statement}, {"idle_in_transaction_session_timeout", idle}, {"lock_timeout", lock},
		}}
	}
	switch role {
	case naming.RoleOwner:
		return bounds(5, "15min", "1min", "10s")
	case naming.RolePortal:
		return bounds(80, "10s", "15s", "5s")
	case naming.RoleCampaign:
		return bounds(60, "5min", "1min", "10s")
	case naming.RoleRetention:
		return bounds(10, "10min", "1min", "10s")
	case naming.RoleRoster:
		r := bounds(10, "10min", "5min", "30s")
		r.temporary = true // an import is staged in a temporary table
		return r
	case naming.RoleBackup:
		return bounds(6, "6h", "6h", "1min") // a snapshot is held open for as long as the dump takes
	default:
		return bounds(10, "30s", "15s", "5s")
	}
}

// fitPassword keeps to characters that every client prepares alike for SCRAM.
func fitPassword(password string) bool {
	if len(password) < 12 || len(password) > 256 {
		return false
	}
	return !strings.ContainsFunc(password, func(r rune) bool { return r <= ' ' || r > '~' })
}

// Login is the present login of one role, on the server that the admin login names.
func (s Spec) Login(admin dbconn.Login, role naming.Role) dbconn.Login {
	for _, r := range s.roles {
		if r.role == role && r.current {
			return admin.As(r.name, r.password, s.Database)
		}
	}
	return dbconn.Login{}
}

// ownerName is the role that owns database, schemas and tables.
func (s Spec) ownerName() string { return naming.DatabaseRole(s.Database, naming.RoleOwner) }

func (s Spec) roleNames() []string {
	names := make([]string, 0, len(s.roles))
	for _, r := range s.roles {
		names = append(names, r.name)
	}
	return names
}

// String keeps passwords out of printed specs.
func (s Spec) String() string {
	return fmt.Sprintf("database %s of %s/%s", s.Database, s.Claim.Namespace, s.Claim.Name)
}

// GoString keeps passwords out of %#v.
func (s Spec) GoString() string { return "postgres.Spec(" + s.String() + ")" }
