// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"crypto/rand"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// turn gives every role other logins: next makes them of the present ones.
func (w *world) turn(logins map[naming.Role]Logins, next func(Logins) Logins) map[naming.Role]Logins {
	w.t.Helper()
	all := map[naming.Role]Logins{}
	for _, role := range naming.Roles() {
		all[role] = next(logins[role])
	}
	var err error
	if w.spec, err = w.spec.WithLogins(all); err != nil {
		w.t.Fatalf("turn the logins: %v", err)
	}
	return all
}

// present are the logins that a spec began with.
func (w *world) present() map[naming.Role]Logins {
	all := map[naming.Role]Logins{}
	for _, role := range naming.Roles() {
		all[role] = Logins{Current: naming.GenerationA, Password: w.spec.Login(w.admin, role).Password}
	}
	return all
}

func opened(l Logins) Logins {
	l.Other, l.OtherPassword = OtherOpened, rand.Text()
	return l
}

func closed(l Logins) Logins {
	l.Other, l.OtherPassword = OtherClosed, ""
	return l
}

// admits tells whether the server takes a login of each role.
func (w *world) admits(spec Spec) map[naming.Role]bool {
	w.t.Helper()
	all := map[naming.Role]bool{}
	for _, role := range naming.Roles() {
		err := TryLogin(context.Background(), spec.Login(w.admin, role))
		if err != nil && !NewWithT(w.t).Expect(err).To(MatchError(dbconn.ErrAuthentication)) {
			w.t.FailNow()
		}
		all[role] = err == nil
	}
	return all
}

func everyRole(admitted bool) map[naming.Role]bool {
	all := map[naming.Role]bool{}
	for _, role := range naming.Roles() {
		all[role] = admitted
	}
	return all
}

// TestLoginsTakeTurns rotates four times: at every moment the logins that workloads are told of work, before and after each
// change, and a former one ends only when it is closed. The rights never move.
func TestLoginsTakeTurns(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		g := NewWithT(t)
		w.ensure()
		logins, whole := w.present(), []string(nil)
		for turn := range 4 {
			former := w.spec

			logins = w.turn(logins, opened)
			g.Expect(w.check()).NotTo(BeEmpty())
			w.ensure()
			g.Expect(w.check()).To(BeEmpty())
			g.Expect(w.ensure().Steps).To(BeEmpty())
			g.Expect(w.admits(former)).To(Equal(everyRole(true)), "the present logins work on")

			logins = w.turn(logins, Logins.Next)
			g.Expect(w.check()).To(BeEmpty(), "the next logins work before anybody is told of them")
			g.Expect(w.admits(w.spec)).To(Equal(everyRole(true)))
			g.Expect(w.admits(former)).To(Equal(everyRole(true)), "the former are kept")
			open, err := connect(t.Context(), former.Login(w.admin, naming.RolePortal))
			g.Expect(err).NotTo(HaveOccurred())

			logins = w.turn(logins, closed)
			g.Expect(w.check()).NotTo(BeEmpty())
			w.ensure()
			g.Expect(w.check()).To(BeEmpty())
			g.Expect(w.ensure().Steps).To(BeEmpty())
			g.Expect(w.admits(w.spec)).To(Equal(everyRole(true)))
			g.Expect(w.admits(former)).To(Equal(everyRole(false)), "the former are closed")
			_, err = open.Exec(t.Context(), "SELECT count(*) FROM alumni.member")
			g.Expect(err).NotTo(HaveOccurred(), "a session that is open goes on")
			g.Expect(open.Close(t.Context())).To(Succeed())
			if turn == 1 {
				whole = w.snapshot(false)
			}
		}
		same(t, w.snapshot(false), whole)

		g.Expect(Drop(t.Context(), w.dropInput())).To(Succeed())
		g.Expect(w.left()).To(BeEmpty(), "both logins of each role go with the store")
	})
}

// TestAStoreThatBeginsWithItsSecondLogins is one that was restored, or whose roles were lost: what is made belongs to the roles.
func TestAStoreThatBeginsWithItsSecondLogins(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		g := NewWithT(t)
		w.onSecond()
		g.Expect(w.ensure().SchemaVersion).To(Equal(w.spec.version))

		g.Expect(w.check()).To(BeEmpty())
		g.Expect(w.ensure().Steps).To(BeEmpty())
		inside := w.super
		inside.Database = w.spec.Database
		g.Expect(w.lines(inside, `SELECT DISTINCT pg_get_userbyid(relowner)::text FROM pg_class WHERE relnamespace::regnamespace::text LIKE 'alumni%'`)).
			To(Equal([]string{w.spec.ownerName()}), "the second login of the owner migrated in the owner's name")
		g.Expect(w.lines(w.super, `SELECT rolname::text FROM pg_roles WHERE rolcanlogin AND starts_with(rolname, '`+w.spec.Database+`') AND rolname NOT LIKE '%\_b'`)).To(BeEmpty())
	})
}

// onSecond lets every role log in by its second login alone.
func (w *world) onSecond() {
	w.turn(w.present(), func(l Logins) Logins { l.Current = naming.GenerationB; return l })
}

// TestDriftOfASecondLoginIsRepaired breaks what makes a second login as good as the first.
func TestDriftOfASecondLoginIsRepaired(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		w.onSecond()
		w.ensure()
		whole := w.snapshot(false)
		for name, drift := range map[string]string{
			"a lost membership":       "REVOKE DB_portal FROM DB_portal_b",
			"a right of its own":      "GRANT TEMPORARY ON DATABASE DB TO DB_portal_b",
			"another password":        "ALTER ROLE DB_portal_b PASSWORD 'somebody-elses'",
			"no login":                "ALTER ROLE DB_campaign_b NOLOGIN",
			"a login that was closed": "ALTER ROLE DB_campaign LOGIN PASSWORD 'somebody-elses'",
			"a membership too many":   "GRANT DB_owner TO DB_portal_b",
			"a search path":           "ALTER ROLE DB_portal_b IN DATABASE DB SET search_path TO public",
			"a dropped role":          "DROP ROLE DB_roster_b",
			"no bound on sessions":    "ALTER ROLE DB_roster_b CONNECTION LIMIT -1",
		} {
			t.Run(name, func(t *testing.T) {
				g := NewWithT(t)
				w.execAs(w.admin, w.names([]string{drift})...)
				g.Expect(w.check()).NotTo(BeEmpty(), "Check sees it")
				w.ensure()
				g.Expect(w.check()).To(BeEmpty())
				same(t, w.snapshot(false), whole)
			})
		}
	})
}

// TestACrashAfterAnyStepOfARotationLeavesLoginsThatWork lets the provisioner die before every second step while it opens the
// next logins, each time with other passwords, as an operator that starts again has.
func TestACrashAfterAnyStepOfARotationLeavesLoginsThatWork(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		g := NewWithT(t)
		w.ensure()
		present, first, crashes := w.present(), w.spec, 0
		for {
			logins := w.turn(present, opened)
			taken := 0
			_, err := Ensure(context.Background(), EnsureInput{Admin: w.admin, Spec: w.spec, beforeStep: func(Step) error {
				if taken++; taken > 3 {
					return errCrash
				}
				return nil
			}})
			g.Expect(w.admits(first)).To(Equal(everyRole(true)), "whatever happened, the present logins work")
			if err == nil {
				w.turn(logins, Logins.Next)
				break
			}
			g.Expect(err).To(MatchError(errCrash))
			crashes++
			if crashes%3 == 0 { // the request was withdrawn
				w.spec = first
				w.ensure()
				g.Expect(w.check()).To(BeEmpty())
			}
			if crashes == 6 { // and made again on a calm day
				logins = w.turn(present, opened)
				w.ensure()
				w.turn(logins, Logins.Next)
				break
			}
		}
		g.Expect(crashes).To(BeNumerically(">", 3))
		g.Expect(w.check()).To(BeEmpty())
		g.Expect(w.admits(w.spec)).To(Equal(everyRole(true)))
	})
}

func TestALoginThatCannotWorkIsRefused(t *testing.T) {
	g := NewWithT(t)
	spec := newSpec(t, "net", "uid")
	_, err := spec.WithLogins(map[naming.Role]Logins{naming.RolePortal: {Password: "canary"}})
	g.Expect(err).To(MatchError(ContainSubstring("role portal")))
	g.Expect(err.Error()).NotTo(ContainSubstring("canary"))
	_, err = spec.WithLogins(map[naming.Role]Logins{naming.RolePortal: {Password: "a-long-password", Other: OtherOpened}})
	g.Expect(err).To(MatchError(ContainSubstring("role portal")))
}
