// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

func (w *world) dropInput() DropInput {
	return DropInput{Admin: w.admin, Database: w.spec.Database, Claim: w.spec.Claim}
}

// left lists what is on the server of the network's names.
func (w *world) left() []string {
	w.t.Helper()
	return w.lines(w.super, w.names([]string{
		"SELECT datname FROM pg_database WHERE datname IN ('DB', 'DB_drill') UNION ALL SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'DB_')",
	})[0])
}

const oneMember = `INSERT INTO alumni.member (id, state, family_name, locale) VALUES (gen_random_uuid(), 'Listed', 'x', 'ja')`

func TestDropRemovesTheStoreAndNothingElse(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		g, ctx := NewWithT(t), t.Context()
		other := newWorld(t, true)
		other.ensure()
		other.execInside(oneMember)
		before := other.snapshot(false)
		w.ensure()
		w.execInside(oneMember, oneMember)
		g.Expect(MakeScratch(ctx, w.admin, w.spec)).To(Succeed())
		open, err := dbconn.Connect(ctx, w.spec.Login(w.admin, naming.RolePortal), dbconn.Options{})
		g.Expect(err).NotTo(HaveOccurred())
		defer func() { _ = open.Close(ctx) }()

		stock, err := TakeStock(ctx, w.dropInput())
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(stock.Found).To(BeTrue())
		g.Expect(stock.SchemaVersion).To(BeNumerically(">", 0))
		g.Expect(stock.ServerVersion).NotTo(BeEmpty())
		g.Expect(stock.Tables).To(ContainElements(TableRows{"alumni.member", 2}, TableRows{"alumni_operator.claim", 1}))

		g.Expect(Drop(ctx, w.dropInput())).To(Succeed())

		g.Expect(w.left()).To(BeEmpty())
		g.Expect(open.Ping(ctx)).NotTo(Succeed(), "its sessions are ended")
		same(t, other.snapshot(false), before)
		g.Expect(other.check()).To(BeEmpty())
		g.Expect(Drop(ctx, w.dropInput())).To(Succeed(), "again is harmless")
		stock, err = TakeStock(ctx, w.dropInput())
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(stock.Found).To(BeFalse())
	})
}

func TestDropGoesOnAfterACrashAtEveryStep(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		g := NewWithT(t)
		w.ensure()
		g.Expect(MakeScratch(t.Context(), w.admin, w.spec)).To(Succeed())
		crashes := 0
		for {
			in, taken := w.dropInput(), 0
			in.beforeStep = func(Step) error {
				if taken++; taken > 1 {
					return errCrash
				}
				return nil
			}
			err := Drop(context.Background(), in)
			if err == nil {
				break
			}
			g.Expect(err).To(MatchError(errCrash))
			crashes++
			g.Expect(crashes).To(BeNumerically("<", 20), "every run gets further")
		}
		steps := 2 + len(naming.Roles()) // two databases, and then the roles one by one
		if w.admin.Username != w.super.Username {
			steps++ // the right to end sessions comes first
		}
		g.Expect(crashes).To(Equal(steps - 1))
		g.Expect(w.left()).To(BeEmpty())
	})
}

func TestDropGoesOnWhereTheServerStoppedInTheMiddleOfIt(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		g := NewWithT(t)
		w.ensure()
		w.exec("UPDATE pg_database SET datconnlimit = -2 WHERE datname = " + literal(w.spec.Database)) // as PostgreSQL marks it
		stock, err := TakeStock(t.Context(), w.dropInput())
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(stock.Found).To(BeFalse())
		g.Expect(Drop(t.Context(), w.dropInput())).To(Succeed())
		g.Expect(w.left()).To(BeEmpty())
	})
}

func TestDropGoesOnWithAStoreThatWasNeverFinished(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		for crashAt := 1; ; crashAt++ {
			g, steps := NewWithT(t), 0
			_, err := Ensure(t.Context(), EnsureInput{Admin: w.admin, Spec: w.spec, beforeStep: func(Step) error {
				if steps++; steps > crashAt {
					return errCrash
				}
				return nil
			}})
			if err != nil {
				g.Expect(err).To(MatchError(errCrash))
			}
			g.Expect(Drop(t.Context(), w.dropInput())).To(Succeed(), "after %d steps", crashAt)
			g.Expect(w.left()).To(BeEmpty(), "after %d steps", crashAt)
			if err == nil || crashAt > 12 {
				return
			}
		}
	})
}

func TestDropRefusesWhatIsNotTheNetworksOwn(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		w.ensure()
		for name, change := range map[string]func(*Claim){
			"of another cluster":                  func(c *Claim) { c.ClusterID = "another" },
			"of another namespace":                func(c *Claim) { c.Namespace = "another" },
			"of another name":                     func(c *Claim) { c.Name = "another" },
			"of an earlier network, not taken up": func(c *Claim) { c.NetworkUID = "uid-2" },
		} {
			t.Run(name, func(t *testing.T) {
				g := NewWithT(t)
				in := w.dropInput()
				change(&in.Claim)
				before := w.snapshot(false)

				_, err := TakeStock(t.Context(), in)
				claimed := (*ClaimedError)(nil)
				g.Expect(errors.As(err, &claimed)).To(BeTrue(), "%v", err)
				err = Drop(t.Context(), in)
				g.Expect(errors.As(err, &claimed)).To(BeTrue(), "%v", err)
				g.Expect(err.Error()).NotTo(ContainSubstring("uid-1"))

				same(t, w.snapshot(false), before)
			})
		}
	})
}

func TestDropLeavesWhatAStrangerMade(t *testing.T) {
	t.Run("a database with tables and no claim", func(t *testing.T) {
		g, w := NewWithT(t), newWorld(t, true)
		w.exec("CREATE DATABASE " + w.spec.Database)
		w.execInside("CREATE TABLE public.notes (n int)")
		g.Expect(Drop(t.Context(), w.dropInput())).To(MatchError(ErrNotEmpty))
		g.Expect(w.left()).To(ConsistOf(w.spec.Database))
	})
	t.Run("an empty database, a scratch database and a role of our names", func(t *testing.T) {
		g, w := NewWithT(t), newWorld(t, true)
		scratch, role := naming.ScratchDatabase(w.spec.Database), naming.DatabaseRole(w.spec.Database, naming.RolePortal)
		w.exec("CREATE DATABASE "+w.spec.Database, "CREATE DATABASE "+scratch, "CREATE ROLE "+role)
		t.Cleanup(func() { w.exec("DROP DATABASE " + scratch) })
		g.Expect(Drop(t.Context(), w.dropInput())).To(Succeed())
		g.Expect(w.left()).To(ConsistOf(w.spec.Database, scratch, role))
	})
	t.Run("what a role owns elsewhere", func(t *testing.T) {
		g, w := NewWithT(t), newWorld(t, true)
		w.ensure()
		name := "notes_" + w.spec.Database
		w.exec("CREATE TABLE public."+name+" (n int)", "ALTER TABLE public."+name+" OWNER TO "+naming.DatabaseRole(w.spec.Database, naming.RoleOwner))
		err := Drop(t.Context(), w.dropInput())
		g.Expect(err).To(MatchError(ErrInUse))
		g.Expect(strings.Contains(err.Error(), w.spec.roles[1].password)).To(BeFalse())
		w.exec("DROP TABLE public." + name)
		g.Expect(Drop(t.Context(), w.dropInput())).To(Succeed())
		g.Expect(w.left()).To(BeEmpty())
	})
}

func TestDropByAPlainAdminDoesNotEndASuperusersSession(t *testing.T) {
	g, w, ctx := NewWithT(t), newWorld(t, false), t.Context()
	w.ensure()
	login := w.super
	login.Database = w.spec.Database
	conn, err := connect(ctx, login)
	g.Expect(err).NotTo(HaveOccurred())

	g.Expect(Drop(ctx, w.dropInput())).To(MatchError(ErrInUse))

	g.Expect(conn.Close(ctx)).To(Succeed())
	g.Eventually(func() error { return Drop(ctx, w.dropInput()) }).Should(Succeed())
	g.Expect(w.left()).To(BeEmpty())
}
