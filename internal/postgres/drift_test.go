// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// drift is one thing that goes wrong. In the statements, DB is the database and DB_portal and the like are roles.
type drift struct {
	server, inside []string
	reason         string // part of what Ensure gives as reason
	superuserOnly  bool   // a plain admin is not let to repair it
	bySuperuserToo bool   // a superuser goes another way to it; otherwise the plain admin's proof is enough
}

var drifts = map[string]drift{
	"a dropped role":                     {inside: []string{"DROP OWNED BY DB_portal", "DROP ROLE DB_portal"}, reason: "role DB_portal is missing", bySuperuserToo: true},
	"the operator's own role dropped":    {inside: []string{"DROP OWNED BY DB_metrics", "DROP ROLE DB_metrics"}, reason: "role DB_metrics is missing"},
	"a lost grant":                       {inside: []string{"REVOKE SELECT ON alumni.member FROM DB_portal"}, reason: "lacks SELECT on alumni.member"},
	"a lost grant on a column":           {inside: []string{"REVOKE SELECT (post) ON alumni.employment FROM DB_portal"}, reason: "lacks SELECT on alumni.employment.post"},
	"a lost grant on a schema":           {inside: []string{"REVOKE USAGE ON SCHEMA alumni FROM DB_roster"}, reason: "lacks USAGE on alumni"},
	"the claim closed to the operator":   {inside: []string{"REVOKE SELECT ON alumni_operator.claim FROM DB_metrics"}, reason: "lacks SELECT on alumni_operator.claim"},
	"no right to connect":                {server: []string{"REVOKE CONNECT ON DATABASE DB FROM DB_campaign"}, reason: "lacks CONNECT"},
	"the operator may not connect":       {server: []string{"REVOKE CONNECT ON DATABASE DB FROM DB_metrics"}, reason: "lacks CONNECT"},
	"no temporary tables for the roster": {server: []string{"REVOKE TEMPORARY ON DATABASE DB FROM DB_roster"}, reason: "lacks TEMPORARY"},
	"an excess grant":                    {inside: []string{"GRANT DELETE ON alumni.member TO DB_portal"}, reason: "holds more than it should: DELETE on alumni.member"},
	"an excess grant over columns":       {inside: []string{"GRANT SELECT ON alumni.employment TO DB_portal"}, reason: "holds more than it should: SELECT on alumni.employment", bySuperuserToo: true},
	"an excess grant on a column":        {inside: []string{"GRANT SELECT (departure_reason) ON alumni.employment TO DB_portal"}, reason: "SELECT on alumni.employment.departure_reason"},
	"an excess grant on a schema":        {inside: []string{"GRANT CREATE ON SCHEMA alumni TO DB_campaign"}, reason: "CREATE on alumni"},
	"an excess grant on a sequence":      {inside: []string{"GRANT USAGE ON SEQUENCE alumni.consent_id_seq TO DB_campaign"}, reason: "USAGE on alumni.consent_id_seq"},
	"an excess grant on a function":      {inside: []string{"GRANT EXECUTE ON FUNCTION alumni.consent_fold() TO DB_campaign"}, reason: "EXECUTE on alumni.consent_fold()"},
	"an excess grant on the database":    {server: []string{"GRANT CREATE ON DATABASE DB TO DB_campaign"}, reason: "CREATE on \"DB\""},
	"people open to everybody":           {inside: []string{"GRANT SELECT ON alumni.member TO PUBLIC"}, reason: "PUBLIC holds more than it should: SELECT on alumni.member"},
	"the database open to everybody":     {server: []string{"GRANT CONNECT ON DATABASE DB TO PUBLIC"}, reason: "PUBLIC holds more than it should: CONNECT"},
	"schema public open to everybody":    {inside: []string{"GRANT CREATE ON SCHEMA public TO PUBLIC"}, reason: "everybody may make objects in schema public", bySuperuserToo: true},
	"a changed password":                 {server: []string{"ALTER ROLE DB_portal PASSWORD 'another-password'"}, reason: "role DB_portal has another password", bySuperuserToo: true},
	"no password":                        {server: []string{"ALTER ROLE DB_roster PASSWORD NULL"}, reason: "role DB_roster has another password", bySuperuserToo: true},
	"the operator's password changed":    {server: []string{"ALTER ROLE DB_metrics PASSWORD 'another-password'"}, reason: "role DB_metrics has another password", bySuperuserToo: true},
	"a missing schema":                   {inside: []string{"DROP SCHEMA alumni_stats CASCADE", "DROP SCHEMA alumni CASCADE"}, reason: "schema alumni_stats is missing"},
	"a role that may not log in":         {server: []string{"ALTER ROLE DB_portal NOLOGIN"}, reason: "role DB_portal has attributes of another kind"},
	"a role that expired":                {server: []string{"ALTER ROLE DB_portal VALID UNTIL '2020-01-01'"}, reason: "role DB_portal has attributes of another kind"},
	"a role without bounds":              {server: []string{"ALTER ROLE DB_portal CONNECTION LIMIT -1"}, reason: "role DB_portal has attributes of another kind"},
	"a role that makes roles":            {server: []string{"ALTER ROLE DB_portal CREATEROLE CREATEDB"}, reason: "role DB_portal has attributes of another kind"},
	"a role that became superuser":       {server: []string{"ALTER ROLE DB_portal SUPERUSER"}, reason: "role DB_portal has attributes of another kind", superuserOnly: true},
	"a role that replicates":             {server: []string{"ALTER ROLE DB_portal REPLICATION BYPASSRLS"}, reason: "role DB_portal has attributes of another kind", superuserOnly: true},
	"a role in another of ours":          {server: []string{"GRANT DB_owner TO DB_portal"}, reason: "role DB_portal was made a member of another role", superuserOnly: true},
	"a role in one of PostgreSQL's":      {server: []string{"GRANT pg_read_all_data TO DB_portal"}, reason: "role DB_portal was made a member of another role", superuserOnly: true},
	"a lost marker":                      {server: []string{"COMMENT ON ROLE DB_portal IS NULL"}, reason: "role DB_portal has lost its marker"},
	"a search path that finds tables":    {server: []string{"ALTER ROLE DB_portal IN DATABASE DB SET search_path TO public"}, reason: "role DB_portal lacks settings: search_path"},
	"no bound on statements":             {server: []string{"ALTER ROLE DB_metrics IN DATABASE DB RESET ALL"}, reason: "role DB_metrics lacks settings: statement_timeout"},
	"another owner of the database":      {server: []string{"ALTER DATABASE DB OWNER TO postgres"}, reason: "database DB has another owner", superuserOnly: true},
}

// TestDriftIsSeenAndRepaired breaks one store in every way, one after the other. After each repair the store is
// again what it was at first.
func TestDriftIsSeenAndRepaired(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		w.ensure()
		whole := w.snapshot(false)
		for name, d := range drifts {
			if superuser := w.admin.Username == w.super.Username; superuser && !d.superuserOnly && !d.bySuperuserToo || !superuser && d.superuserOnly {
				continue
			}
			t.Run(name, func(t *testing.T) {
				g := NewWithT(t)
				w.exec(w.names(d.server)...)
				w.execInside(w.names(d.inside)...)
				g.Expect(w.check()).NotTo(BeEmpty(), "Check sees it")

				var reasons []string
				for _, s := range w.ensure().Steps {
					reasons = append(reasons, s.Reason)
				}
				g.Expect(reasons).To(ContainElement(ContainSubstring(strings.ReplaceAll(d.reason, "DB", w.spec.Database))))
				same(t, w.snapshot(false), whole)
			})
		}
		NewWithT(t).Expect(w.check()).To(BeEmpty(), "Check is content")
	})
}

func (w *world) names(statements []string) []string {
	all := make([]string, len(statements))
	for i, s := range statements {
		all[i] = strings.ReplaceAll(s, "DB", w.spec.Database)
		// CREATEDB and the like are words of SQL.
		all[i] = strings.ReplaceAll(all[i], "CREATE"+w.spec.Database, "CREATEDB")
	}
	return all
}

// TestDriftThatAPlainAdminMayNotRepairIsSaid shows that the trouble is named and the rest of the store repaired.
func TestDriftThatAPlainAdminMayNotRepairIsSaid(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, false)
	w.ensure()
	w.exec("ALTER ROLE " + w.spec.Database + "_portal SUPERUSER")

	g.Expect(w.check()).NotTo(BeEmpty())
	_, err := Ensure(t.Context(), EnsureInput{Admin: w.admin, Spec: w.spec})

	g.Expect(err).To(MatchError(ErrPrivilege))
	g.Expect(err.Error()).To(ContainSubstring("role " + w.spec.Database + "_portal has attributes of another kind"))
}

func TestRotatedPasswordsReplaceTheOld(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		g := NewWithT(t)
		w.ensure()
		old := w.spec
		passwords := map[naming.Role]string{}
		for _, role := range naming.Roles() {
			passwords[role] = rand.Text()
		}
		var err error
		w.spec, err = NewSpec(old.Database, old.Claim, passwords)
		g.Expect(err).NotTo(HaveOccurred())

		g.Expect(w.check()).NotTo(BeEmpty())
		w.ensure()

		g.Expect(w.check()).To(BeEmpty())
		for _, role := range naming.Roles() {
			_, err := dbconn.Connect(t.Context(), old.Login(w.admin, role), dbconn.Options{})
			g.Expect(err).To(MatchError(dbconn.ErrAuthentication), string(role))
			conn, err := dbconn.Connect(t.Context(), w.spec.Login(w.admin, role), dbconn.Options{})
			g.Expect(err).NotTo(HaveOccurred(), string(role))
			g.Expect(conn.Close(t.Context())).To(Succeed())
		}
	})
}

func TestWhatIsNotOursIsLeftAlone(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		g := NewWithT(t)
		w.ensure()
		dba := "dba_" + w.spec.Database
		w.exec("CREATE ROLE "+dba+" LOGIN PASSWORD 'some-password' CREATEDB", "CREATE ROLE "+w.spec.Database+"_reports NOLOGIN")
		t.Cleanup(func() { w.exec("DROP OWNED BY "+dba, "DROP ROLE "+dba, "DROP ROLE "+w.spec.Database+"_reports") })
		w.exec(w.names([]string{"GRANT CONNECT ON DATABASE DB TO " + dba, "GRANT DB_portal TO DB_reports",
			"ALTER ROLE DB_portal IN DATABASE DB SET work_mem TO '8MB'", "ALTER ROLE DB_portal SET default_statistics_target TO 50"})...)
		w.execInside("CREATE SCHEMA tools AUTHORIZATION "+dba, "CREATE TABLE tools.notes (n int)", "CREATE TABLE alumni.dba_notes (n int)",
			"GRANT SELECT ON alumni.member TO "+dba, "GRANT ALL ON alumni.dba_notes TO "+dba, "GRANT USAGE ON SCHEMA alumni TO "+dba,
			"CREATE FUNCTION public.helper() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE VIEW public.everything AS SELECT 1 AS one")
		t.Cleanup(func() { w.execInside("DROP SCHEMA tools CASCADE", "DROP OWNED BY "+dba) })
		before := w.snapshot(true)

		g.Expect(w.check()).To(BeEmpty())
		g.Expect(w.ensure().Steps).To(BeEmpty())
		same(t, w.snapshot(true), before)

		w.execInside(w.names([]string{"REVOKE SELECT ON alumni.contact FROM DB_portal"})...)
		g.Expect(w.ensure().Steps).To(HaveLen(1))
		same(t, w.snapshot(true), before)
	})
}

// TestAnOlderOperatorLeavesTheGrantsOfANewerOne: after a roll-back of the operator the newer portal still runs.
func TestAnOlderOperatorLeavesTheGrantsOfANewerOne(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, false)
	w.ensure()
	w.execInside(w.names([]string{
		"SET ROLE DB_owner", "CREATE TABLE alumni.invention (n int)", "GRANT SELECT, INSERT ON alumni.invention TO DB_portal",
		"INSERT INTO alumni.schema_migration (version_id, is_applied) VALUES (99999, true)", "REVOKE SELECT ON alumni.member FROM DB_portal",
		"GRANT SELECT ON alumni.member TO PUBLIC",
	})...)

	g.Expect(w.ensure().Steps).To(HaveLen(3), "what this version knows is repaired, and the backup reads what it does not know")
	g.Expect(w.check()).To(BeEmpty())
	inside := w.super
	inside.Database = w.spec.Database
	g.Expect(w.lines(inside, w.names([]string{"SELECT (has_table_privilege('DB_portal', 'alumni.invention', 'INSERT'))::text"})[0])).To(Equal([]string{"true"}))

	w.execInside("DELETE FROM alumni.schema_migration WHERE version_id = 99999")
	g.Expect(w.check()).To(HaveLen(1), "without the newer version the grant is an excess")
}

var errCrash = errors.New("crash")

// TestACrashAfterAnyStepIsHealedByTheNextRun lets the provisioner die before every second step it takes: each run
// gets one step further. At the end the store is the same as one that was made in one go.
func TestACrashAfterAnyStepIsHealedByTheNextRun(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, false)
	crashes := 0
	for {
		taken := 0
		_, err := Ensure(context.Background(), EnsureInput{Admin: w.admin, Spec: w.spec, beforeStep: func(Step) error {
			if taken++; taken > 1 {
				return errCrash
			}
			return nil
		}})
		if err == nil {
			break
		}
		g.Expect(err).To(MatchError(errCrash))
		crashes++
		g.Expect(crashes).To(BeNumerically("<", 60), "every run gets further")
	}
	g.Expect(crashes).To(BeNumerically(">", 15))
	g.Expect(w.check()).To(BeEmpty())

	smooth := newWorld(t, false)
	smooth.ensure()
	same(t, w.snapshot(false), smooth.neutralMarkers(w))
}

// neutralMarkers is the snapshot of one network with the marker of another.
func (w *world) neutralMarkers(other *world) []string {
	lines := w.snapshot(false)
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], w.spec.Claim.Marker(), other.spec.Claim.Marker())
	}
	return lines
}
