// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }

// world is one server, one admin and one network, and what a test breaks in them.
type world struct {
	t     testing.TB
	super dbconn.Login
	admin dbconn.Login
	spec  Spec
}

// newWorld makes an admin role that is no superuser, unless asked for one, and a spec with random names.
func newWorld(t testing.TB, superuser bool) *world {
	t.Helper()
	return newWorldOn(t, pg.Start(t), superuser)
}

func newWorldOn(t testing.TB, server *pg.Server, superuser bool) *world {
	t.Helper()
	w := &world{t: t, super: dbconn.Login{
		Host: server.Host, Port: uint16(server.Port), Database: "postgres", Username: "postgres",
		Password: server.Password, SSLMode: dbconn.SSLDisable,
	}}
	w.admin = w.super
	suffix := strings.ToLower(rand.Text())[:10]
	if !superuser {
		w.admin.Username, w.admin.Password = "admin_"+suffix, rand.Text()
		w.exec("CREATE ROLE " + quote(w.admin.Username) + " LOGIN CREATEDB CREATEROLE PASSWORD " + literal(w.admin.Password))
	}
	w.spec = newSpec(t, "net_"+suffix, "uid-1")
	t.Cleanup(w.remove)
	return w
}

func newSpec(t testing.TB, database, uid string) Spec {
	t.Helper()
	passwords := map[naming.Role]string{}
	for _, role := range naming.Roles() {
		passwords[role] = rand.Text()
	}
	spec, err := NewSpec(database, Claim{ClusterID: "cluster", Namespace: "ns-" + database, Name: "alumni", NetworkUID: uid}, passwords)
	if err != nil {
		t.Fatalf("make a spec: %v", err)
	}
	return spec
}

// exec runs statements as the superuser in its own database.
func (w *world) exec(statements ...string) {
	w.t.Helper()
	w.execAs(w.super, statements...)
}

// execInside runs statements as the superuser in the network's database.
func (w *world) execInside(statements ...string) {
	w.t.Helper()
	login := w.super
	login.Database = w.spec.Database
	w.execAs(login, statements...)
}

func (w *world) execAs(login dbconn.Login, statements ...string) {
	w.t.Helper()
	ctx := context.Background()
	conn, err := connect(ctx, login)
	if err != nil {
		w.t.Fatalf("connect as %s: %v", login.Username, err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			w.t.Fatalf("%s: %v", sql, err)
		}
	}
}

// remove drops what the test made, as the superuser.
func (w *world) remove() {
	w.exec("DROP DATABASE IF EXISTS " + quote(w.spec.Database) + " WITH (FORCE)")
	for _, name := range w.spec.roleNames() {
		w.exec("DROP ROLE IF EXISTS " + quote(name))
	}
	if w.admin.Username != w.super.Username {
		w.exec("DROP OWNED BY "+quote(w.admin.Username), "DROP ROLE "+quote(w.admin.Username))
	}
}

func (w *world) ensure() EnsureResult {
	w.t.Helper()
	result, err := Ensure(context.Background(), EnsureInput{Admin: w.admin, Spec: w.spec})
	if err != nil {
		w.t.Fatalf("ensure the store: %v", err)
	}
	return result
}

func (w *world) check() []Step {
	w.t.Helper()
	steps, err := Check(context.Background(), w.spec.Login(w.admin, naming.RoleMetrics), w.spec)
	if err != nil {
		w.t.Fatalf("check the store: %v", err)
	}
	return steps
}

// bothAdmins runs a test as a superuser and as a role with CREATEDB and CREATEROLE.
func bothAdmins(t *testing.T, test func(*testing.T, *world)) {
	for name, superuser := range map[string]bool{"as a superuser": true, "as a role with CREATEDB and CREATEROLE": false} {
		t.Run(name, func(t *testing.T) { test(t, newWorld(t, superuser)) })
	}
}

func TestEnsureMakesAStoreAndThenFindsNothingToDo(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		g := NewWithT(t)

		first := w.ensure()
		g.Expect(first.Steps).NotTo(BeEmpty())
		g.Expect(first.SchemaVersion).To(Equal(pgstore.LatestVersion()))
		g.Expect(first.ServerVersion).NotTo(BeEmpty())
		for _, s := range first.Steps {
			t.Log(s)
		}

		g.Expect(w.ensure().Steps).To(BeEmpty())
		g.Expect(w.check()).To(BeEmpty())
	})
}
