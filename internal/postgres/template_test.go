// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

// copyWorlds runs a test as a superuser and as a plain admin, on a server of its own, for a superuser's templates would
// be shared with other tests.
func copyWorlds(t *testing.T, test func(*testing.T, *world)) {
	for name, superuser := range map[string]bool{"as a superuser": true, "as a role with CREATEDB and CREATEROLE": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOn(t, pg.New(t), superuser)
			t.Cleanup(w.dropTemplates) // before the admin role goes
			test(t, w)
		})
	}
}

// another is one more network on the same server, of the same admin.
func (w *world) another(name string) *world {
	w.t.Helper()
	return &world{t: w.t, super: w.super, admin: w.admin, spec: newSpec(w.t, name+"_"+strings.ToLower(rand.Text())[:10], "uid-1")}
}

func (w *world) template() template { return templateFor(w.admin.Username, w.spec.version) }

func (w *world) templates() []string {
	return w.lines(w.super, "SELECT datname::text FROM pg_database WHERE datname LIKE 'alumni_template%' ORDER BY 1")
}

func (w *world) dropTemplates() {
	for _, name := range w.templates() {
		w.exec("DROP DATABASE "+quote(name), "DROP ROLE IF EXISTS "+quote(name+"_owner"))
	}
}

func (w *world) copy() EnsureResult {
	w.t.Helper()
	result, err := Ensure(context.Background(), EnsureInput{Admin: w.admin, Spec: w.spec, Copy: true})
	if err != nil {
		w.t.Fatalf("ensure the store: %v", err)
	}
	return result
}

func TestACopiedStoreIsTheSameAsOneMigratedFromZero(t *testing.T) {
	copyWorlds(t, func(t *testing.T, w *world) {
		g := NewWithT(t)
		fromZero := w.another("zero")
		g.Expect(fromZero.ensure().SchemaVersion).To(Equal(pgstore.LatestVersion()))

		first := w.copy()
		g.Expect(first.WithoutCopy).NotTo(HaveOccurred())
		g.Expect(first.SchemaVersion).To(Equal(pgstore.LatestVersion()))
		g.Expect(first.Steps).To(ContainElement(HaveField("Reason", ContainSubstring("is a fresh copy of a template"))))
		second := w.another("second")
		g.Expect(second.copy().WithoutCopy).NotTo(HaveOccurred())

		g.Expect(w.templates()).To(HaveLen(1))
		for _, made := range []*world{w, second} {
			g.Expect(made.check()).To(BeEmpty())
			g.Expect(made.copy().Steps).To(BeEmpty())
			same(t, made.snapshot(false), fromZero.neutralMarkers(made))
		}
		g.Expect(w.lines(w.super, "SELECT count(*)::text FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid WHERE r.rolname = '"+
			w.template().owner+"' AND s.deptype = 'o' AND s.dbid NOT IN (SELECT oid FROM pg_database WHERE datname LIKE 'alumni_template%')")).
			To(Equal([]string{"0"}), "nothing of a network belongs to the template's role")
		if w.admin.Username != w.super.Username { // the owner of a template may open it again
			_, err := connect(t.Context(), w.admin.As(w.admin.Username, w.admin.Password, w.template().database))
			g.Expect(err).To(HaveOccurred(), "a template takes no connections")
		}
	})
}

// TestACrashAfterAnyStepOfACopyIsHealedByTheNextRun lets the provisioner die before every second step, those of the
// template included.
func TestACrashAfterAnyStepOfACopyIsHealedByTheNextRun(t *testing.T) {
	copyWorlds(t, func(t *testing.T, w *world) {
		g := NewWithT(t)
		var seen []string
		crashes := 0
		for {
			taken := 0
			result, err := Ensure(context.Background(), EnsureInput{Admin: w.admin, Spec: w.spec, Copy: true, beforeStep: func(s Step) error {
				if taken++; taken > 1 {
					return errCrash
				}
				seen = append(seen, s.Reason)
				return nil
			}})
			if err == nil {
				g.Expect(result.WithoutCopy).NotTo(HaveOccurred())
				break
			}
			g.Expect(err).To(MatchError(errCrash))
			crashes++
			g.Expect(crashes).To(BeNumerically("<", 80), "every run gets further: %v", seen)
		}
		for _, step := range []string{"the template's role is missing", "the template is missing", "the template is not marked yet",
			"the template has no schema yet", "the template is not closed yet", "is a fresh copy of a template"} {
			g.Expect(seen).To(ContainElement(ContainSubstring(step)))
		}
		g.Expect(w.check()).To(BeEmpty())
		g.Expect(w.templates()).To(HaveLen(1))
		smooth := w.another("smooth")
		smooth.ensure()
		same(t, w.snapshot(false), smooth.neutralMarkers(w))
	})
}

func TestManyNetworksAtOnceShareOneTemplate(t *testing.T) {
	copyWorlds(t, func(t *testing.T, w *world) {
		g := NewWithT(t)
		all := []*world{w}
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			all = append(all, w.another(name))
		}
		var done sync.WaitGroup
		for _, each := range all {
			done.Go(func() {
				result, err := Ensure(context.Background(), EnsureInput{Admin: each.admin, Spec: each.spec, Copy: true})
				if err != nil || result.WithoutCopy != nil {
					t.Errorf("%v, %v", err, result.WithoutCopy)
				}
			})
		}
		done.Wait()

		g.Expect(w.templates()).To(HaveLen(1))
		for _, each := range all {
			g.Expect(each.check()).To(BeEmpty())
		}
	})
}

// TestWhatIsNotOurTemplateIsNeitherUsedNorChanged: the network is migrated from zero beside it.
func TestWhatIsNotOurTemplateIsNeitherUsedNorChanged(t *testing.T) {
	cases := map[string]struct{ server, inside []string }{
		"a database of that name with a table":     {[]string{"CREATE DATABASE TEMPLATE_ OWNER ADMIN"}, []string{"CREATE TABLE public.notes (n int)"}},
		"a database of that name of another owner": {[]string{"CREATE DATABASE TEMPLATE_"}, nil},
		"a database with another comment":          {[]string{"CREATE DATABASE TEMPLATE_ OWNER ADMIN", "COMMENT ON DATABASE TEMPLATE_ IS 'Reporting'"}, nil},
		"a role of that name without our mark":     {[]string{"CREATE ROLE TEMPLATE__owner"}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t, false)
			theirs := w.super
			theirs.Database = w.template().database
			t.Cleanup(func() {
				w.exec("DROP DATABASE IF EXISTS "+quote(w.template().database), "DROP ROLE IF EXISTS "+quote(w.template().owner))
			})
			fill := func(statements []string) []string {
				var filled []string
				for _, s := range statements {
					filled = append(filled, strings.NewReplacer("TEMPLATE_", w.template().database, "ADMIN", w.admin.Username).Replace(s))
				}
				return filled
			}
			w.exec(fill(c.server)...)
			if c.inside != nil {
				w.execAs(theirs, fill(c.inside)...)
			}
			look := func() []string {
				return append(w.lines(theirs, insideSnapshot), w.lines(w.super,
					"SELECT format('%s %s %s %s', datname, datdba::regrole, datallowconn, shobj_description(oid, 'pg_database')) FROM pg_database WHERE datname = '"+w.template().database+"'")...)
			}
			before := look()

			result := w.copy()

			g.Expect(result.WithoutCopy).To(MatchError(errTemplateTaken))
			g.Expect(result.SchemaVersion).To(Equal(pgstore.LatestVersion()))
			g.Expect(w.check()).To(BeEmpty())
			same(t, look(), before)
		})
	}
}

// TestACopyThatSomebodyElseMadeIsNotTaken: a template in a database proves nothing, the owner role with the network's
// marker does.
func TestACopyThatSomebodyElseMadeIsNotTaken(t *testing.T) {
	copyWorlds(t, func(t *testing.T, w *world) {
		first := w.another("first")
		first.copy()
		for name, statements := range map[string][]string{
			"for themselves":              {"CREATE DATABASE DB TEMPLATE " + w.template().database},
			"for another network's owner": {"CREATE DATABASE DB TEMPLATE " + w.template().database + " OWNER " + first.spec.ownerName()},
		} {
			t.Run(name, func(t *testing.T) {
				g := NewWithT(t)
				w.exec(w.names(statements)...)
				defer func() { w.exec("DROP DATABASE " + quote(w.spec.Database)) }()
				before := w.snapshot(true)

				_, err := Ensure(t.Context(), EnsureInput{Admin: w.admin, Spec: w.spec, Copy: true})

				g.Expect(err).To(Or(MatchError(ErrNotEmpty), MatchError(&ClaimedError{Database: w.spec.Database})))
				same(t, w.snapshot(true), before)
			})
		}
		t.Run("with something of theirs in it", func(t *testing.T) {
			g := NewWithT(t)
			crashed := 0
			_, err := Ensure(t.Context(), EnsureInput{Admin: w.admin, Spec: w.spec, Copy: true, beforeStep: func(s Step) error {
				if strings.Contains(s.Reason, "lacks settings") {
					crashed++
					return errCrash
				}
				return nil
			}})
			g.Expect(err).To(MatchError(errCrash))
			w.execInside("CREATE TABLE public.theirs (n int)")

			_, err = Ensure(t.Context(), EnsureInput{Admin: w.admin, Spec: w.spec, Copy: true})

			g.Expect(err).To(MatchError(ErrNotEmpty))
			w.execInside("DROP TABLE public.theirs")
			w.copy()
			g.Expect(w.check()).To(BeEmpty())
		})
	})
}

func TestTemplatesOfOlderVersionsAreDropped(t *testing.T) {
	copyWorlds(t, func(t *testing.T, w *world) {
		g := NewWithT(t)
		older, newer, theirs := templateFor(w.admin.Username, 1), templateFor(w.admin.Username, 9999), "alumni_template_v1_of_somebody"
		older.version = 1
		for _, other := range []template{older, newer} {
			w.execAs(w.admin, "CREATE ROLE "+other.owner, "COMMENT ON ROLE "+other.owner+" IS "+literal(other.mark),
				"CREATE DATABASE "+other.database, "COMMENT ON DATABASE "+other.database+" IS "+literal(other.mark))
		}
		w.execAs(w.admin, "CREATE DATABASE "+theirs)

		w.copy()

		g.Expect(w.templates()).To(ConsistOf(w.template().database, newer.database, theirs))
		g.Expect(w.lines(w.super, "SELECT rolname::text FROM pg_roles WHERE rolname = '"+older.owner+"'")).To(BeEmpty())
	})
}

// TestATemplateOfAnAdminIsNotAnothers: what one admin role could change, another does not copy.
func TestATemplateOfAnAdminIsNotAnothers(t *testing.T) {
	g := NewWithT(t)
	server := pg.New(t)
	one, two := newWorldOn(t, server, false), newWorldOn(t, server, false)
	t.Cleanup(one.dropTemplates)
	one.copy()
	two.copy()
	g.Expect(one.template().database).NotTo(Equal(two.template().database))
	g.Expect(one.templates()).To(ConsistOf(one.template().database, two.template().database))
}
