// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// rival is another network that wants the same database.
func (w *world) rival(change func(*Claim)) Spec {
	w.t.Helper()
	passwords := map[naming.Role]string{}
	for _, role := range naming.Roles() {
		passwords[role] = rand.Text()
	}
	claim := w.spec.Claim
	change(&claim)
	spec, err := NewSpec(w.spec.Database, claim, passwords)
	if err != nil {
		w.t.Fatal(err)
	}
	return spec
}

func TestADatabaseOfAnotherNetworkIsNotTouched(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		w.ensure()
		for name, change := range map[string]func(*Claim){
			"of another cluster":      func(c *Claim) { c.ClusterID = "another" },
			"of another namespace":    func(c *Claim) { c.Namespace = "another" },
			"of another name":         func(c *Claim) { c.Name = "another" },
			"of another name and UID": func(c *Claim) { c.Name, c.NetworkUID = "another", "uid-2" },
		} {
			t.Run(name, func(t *testing.T) {
				g := NewWithT(t)
				rival := w.rival(change)
				before := w.snapshot(true)

				_, err := Ensure(t.Context(), EnsureInput{Admin: w.admin, Spec: rival})

				claimed := (*ClaimedError)(nil)
				g.Expect(errors.As(err, &claimed)).To(BeTrue(), "%v", err)
				g.Expect(claimed.Database).To(Equal(w.spec.Database))
				g.Expect(err.Error()).NotTo(Or(ContainSubstring(w.spec.Claim.Namespace), ContainSubstring("uid-1")))
				same(t, w.snapshot(true), before)

				steps, err := Check(t.Context(), rival.Login(w.admin, naming.RoleMetrics), rival)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(steps).NotTo(BeEmpty(), "it cannot even log in")
				same(t, w.snapshot(true), before)
			})
		}
	})
}

func TestTheSameNetworkDeclaredAgainTakesItsDatabaseBack(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		g := NewWithT(t)
		w.ensure()
		w.execInside(`INSERT INTO alumni.member (id, state, family_name, locale) VALUES (gen_random_uuid(), 'Listed', 'x', 'ja')`)
		w.spec = w.rival(func(c *Claim) { c.NetworkUID = "uid-2" })
		w.spec.MustExist = true

		result := w.ensure()

		g.Expect(result.Steps).To(ContainElement(HaveField("Reason", ContainSubstring("declared again"))))
		g.Expect(w.check()).To(BeEmpty())
		inside := w.super
		inside.Database = w.spec.Database
		g.Expect(w.lines(inside, `SELECT network_uid FROM alumni_operator.claim`)).To(Equal([]string{"uid-2"}))
		g.Expect(w.lines(inside, `SELECT count(*)::text FROM alumni.member`)).To(Equal([]string{"1"}))
	})
}

// TestWhatIsThereAlready shows what becomes of a database or role that somebody made before.
func TestWhatIsThereAlready(t *testing.T) {
	type there struct {
		server, inside []string // DB is the database's name, ADMIN the admin role
		want           error    // nil: taken
	}
	bySuperuserToo := []string{"an empty database", "a database with a table", "a claim table that may not be read", "a database that may not be entered"}
	cases := map[string]there{
		"an empty database":                         {server: []string{"CREATE DATABASE DB OWNER ADMIN TEMPLATE template0 ENCODING 'UTF8'"}},
		"an empty database with an extension":       {server: []string{"CREATE DATABASE DB OWNER ADMIN TEMPLATE template0"}, inside: []string{"CREATE EXTENSION pg_trgm SCHEMA public"}},
		"a database with a table":                   {server: []string{"CREATE DATABASE DB OWNER ADMIN"}, inside: []string{"CREATE TABLE public.notes (n int)"}, want: ErrNotEmpty},
		"a database with a schema":                  {server: []string{"CREATE DATABASE DB OWNER ADMIN"}, inside: []string{"CREATE SCHEMA alumni"}, want: ErrNotEmpty},
		"a database with a function":                {server: []string{"CREATE DATABASE DB OWNER ADMIN"}, inside: []string{"CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'"}, want: ErrNotEmpty},
		"a database with a type":                    {server: []string{"CREATE DATABASE DB OWNER ADMIN"}, inside: []string{"CREATE TYPE public.mood AS ENUM ('calm')"}, want: ErrNotEmpty},
		"a database with a large object":            {server: []string{"CREATE DATABASE DB OWNER ADMIN"}, inside: []string{"SELECT pg_catalog.lo_create(0)"}, want: ErrNotEmpty},
		"a claim table of another make":             {server: []string{"CREATE DATABASE DB OWNER ADMIN"}, inside: []string{"CREATE SCHEMA alumni_operator AUTHORIZATION ADMIN", "CREATE TABLE alumni_operator.claim (n int)", "GRANT SELECT ON alumni_operator.claim TO ADMIN"}, want: &ClaimedError{}},
		"a claim table that may not be read":        {server: []string{"CREATE DATABASE DB"}, inside: []string{"CREATE SCHEMA alumni_operator", "CREATE TABLE alumni_operator.claim (n int)"}, want: &ClaimedError{}},
		"a database that may not be entered":        {server: []string{"CREATE DATABASE DB", "REVOKE CONNECT ON DATABASE DB FROM PUBLIC"}, want: &ClaimedError{}},
		"an empty database in another encoding":     {server: []string{"CREATE DATABASE DB OWNER ADMIN TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"}, want: ErrEncoding},
		"a role of our name that somebody made":     {server: []string{"CREATE ROLE DB_portal LOGIN"}, want: ErrRoleTaken},
		"a role of our name with another comment":   {server: []string{"CREATE ROLE DB_portal", "COMMENT ON ROLE DB_portal IS 'Reporting'"}, want: ErrRoleTaken},
		"a role of our name of another network":     {server: []string{"CREATE ROLE DB_portal", "COMMENT ON ROLE DB_portal IS '" + markerPrefix + "00'"}, want: &ClaimedError{}},
		"a role of our name in an unclaimed empty":  {server: []string{"CREATE DATABASE DB OWNER ADMIN", "CREATE ROLE DB_portal"}, want: ErrRoleTaken},
		"a role with our marker left by our crash":  {server: []string{"SET ROLE ADMIN", "CREATE ROLE DB_portal NOLOGIN", "COMMENT ON ROLE DB_portal IS 'MARKER'"}},
		"a superuser's claim table without any row": {server: []string{"CREATE DATABASE DB OWNER ADMIN"}, inside: []string{"CREATE SCHEMA alumni_operator", sqlMakeClaim, "GRANT USAGE ON SCHEMA alumni_operator TO ADMIN", "GRANT SELECT ON alumni_operator.claim TO ADMIN"}, want: ErrNotEmpty},
	}
	bothAdmins(t, func(t *testing.T, like *world) {
		superuser := like.admin.Username == like.super.Username
		for name, c := range cases {
			if superuser && !slices.Contains(bySuperuserToo, name) {
				continue // the plain admin's proof is enough
			}
			t.Run(name, func(t *testing.T) {
				if superuser && (name == "a claim table that may not be read" || name == "a database that may not be entered") {
					c.want = nil // a superuser sees what is in them; the next cases tell
					if name == "a claim table that may not be read" {
						c.want = &ClaimedError{}
					}
				}
				g := NewWithT(t)
				w := newWorld(t, superuser)
				w.exec(w.names(w.filled(c.server))...)
				if len(c.inside) > 0 {
					w.execInside(w.names(w.filled(c.inside))...)
				}
				before := w.snapshot(true)

				_, err := Ensure(t.Context(), EnsureInput{Admin: w.admin, Spec: w.spec})

				if c.want == nil {
					g.Expect(err).NotTo(HaveOccurred())
					g.Expect(w.check()).To(BeEmpty())
					return
				}
				if claimed := (*ClaimedError)(nil); errors.As(c.want, &claimed) {
					g.Expect(errors.As(err, &claimed)).To(BeTrue(), "%v", err)
				} else {
					g.Expect(err).To(MatchError(c.want))
				}
				same(t, w.snapshot(true), before)
			})
		}
	})
}

// filled puts the admin's name and our marker into statements.
func (w *world) filled(statements []string) []string {
	all := make([]string, len(statements))
	for i, s := range statements {
		all[i] = replaceAll(s, "ADMIN", quote(w.admin.Username), "MARKER", w.spec.Claim.Marker())
	}
	return all
}

func TestALostDatabaseIsNotReplacedByAnEmptyOne(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, false)
	w.ensure()
	w.exec("DROP DATABASE " + w.spec.Database)
	w.spec.MustExist = true

	g.Expect(w.check()).NotTo(BeEmpty())
	_, err := Ensure(t.Context(), EnsureInput{Admin: w.admin, Spec: w.spec})
	g.Expect(err).To(MatchError(ErrMissing))

	w.spec.MustExist = false
	w.ensure()
	g.Expect(w.check()).To(BeEmpty())
}

// TestProvisionersAtTheSameTimeDoNoHarm runs several on one network: with one lock between them, and with none,
// because they use different databases of the admin.
func TestProvisionersAtTheSameTimeDoNoHarm(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		g := NewWithT(t)
		other := w.spec.Database + "_meeting"
		w.exec("CREATE DATABASE " + other)
		t.Cleanup(func() { w.exec("DROP DATABASE " + other + " WITH (FORCE)") })
		admins := []dbconn.Login{w.admin, w.admin, w.admin, w.admin}
		admins[1].Database, admins[3].Database = other, other

		var group sync.WaitGroup
		errs := make([]error, len(admins))
		for i, admin := range admins {
			group.Go(func() {
				errs[i] = ErrBusy
				for errors.Is(errs[i], ErrBusy) { // the lock's patience is shorter than a slow machine's work
					_, errs[i] = Ensure(context.Background(), EnsureInput{Admin: admin, Spec: w.spec})
				}
			})
		}
		group.Wait()

		for _, err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		g.Expect(w.check()).To(BeEmpty())
		g.Expect(w.ensure().Steps).To(BeEmpty())
	})
}

// TestTwoNetworksRacingForOneDatabaseHaveOneWinner lets two networks name the same database on purpose.
func TestTwoNetworksRacingForOneDatabaseHaveOneWinner(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, false)
	specs := []Spec{w.spec, w.rival(func(c *Claim) { c.Namespace, c.NetworkUID = "rival", "uid-2" })}
	errs := make([]error, len(specs))
	var group sync.WaitGroup
	for i, spec := range specs {
		group.Go(func() { _, errs[i] = Ensure(context.Background(), EnsureInput{Admin: w.admin, Spec: spec}) })
	}
	group.Wait()

	claimed := (*ClaimedError)(nil)
	if errs[0] != nil {
		errs[0], errs[1] = errs[1], errs[0]
		w.spec = specs[1]
	}
	g.Expect(errs[0]).NotTo(HaveOccurred())
	g.Expect(errors.As(errs[1], &claimed)).To(BeTrue(), "%v", errs[1])
	g.Expect(w.check()).To(BeEmpty())
}
