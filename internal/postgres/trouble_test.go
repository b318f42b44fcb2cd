// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

func replaceAll(s string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(s) }

// TestTroubleIsToldApart meets every trouble for real. No error holds a password.
func TestTroubleIsToldApart(t *testing.T) {
	w := newWorld(t, false)
	bare := w.admin
	bare.Username = "bare_" + w.spec.Database
	for name, c := range map[string]struct {
		server []string
		admin  func() dbconn.Login
		want   error
		text   string
	}{
		"nobody listens":           {admin: func() dbconn.Login { l := w.admin; l.Port = closedPort(t); return l }, want: ErrUnreachable},
		"no such host":             {admin: func() dbconn.Login { l := w.admin; l.Host = "nowhere.invalid"; return l }, want: ErrUnreachable},
		"a wrong password":         {admin: func() dbconn.Login { l := w.admin; l.Password = "canary-wrong"; return l }, want: ErrAuthentication},
		"an unknown role":          {admin: func() dbconn.Login { l := w.admin; l.Username = "stranger"; return l }, want: ErrAuthentication},
		"a server without TLS":     {admin: func() dbconn.Login { l := w.admin; l.SSLMode = dbconn.SSLRequire; return l }, want: ErrTLS},
		"an unknown database":      {admin: func() dbconn.Login { l := w.admin; l.Database = "nowhere"; return l }, want: ErrNoDatabase},
		"no right to databases":    {server: []string{"ALTER ROLE BARE NOCREATEDB CREATEROLE"}, admin: func() dbconn.Login { return bare }, want: ErrPrivilege, text: "CREATEDB"},
		"no right to roles":        {server: []string{"ALTER ROLE BARE CREATEDB NOCREATEROLE"}, admin: func() dbconn.Login { return bare }, want: ErrPrivilege, text: "CREATEROLE"},
		"a server that only reads": {server: []string{"ALTER ROLE BARE CREATEDB CREATEROLE", "ALTER ROLE BARE SET default_transaction_read_only TO on"}, admin: func() dbconn.Login { return bare }, want: ErrReadOnly},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w.exec("CREATE ROLE " + bare.Username + " LOGIN PASSWORD " + literal(bare.Password))
			defer w.exec("DROP ROLE " + bare.Username)
			for _, s := range c.server {
				w.exec(strings.ReplaceAll(s, "BARE", bare.Username))
			}
			before := w.snapshot(true)
			admin := c.admin()

			_, err := Ensure(t.Context(), EnsureInput{Admin: admin, Spec: w.spec})

			g.Expect(err).To(MatchError(c.want))
			for _, other := range []error{ErrUnreachable, ErrAuthentication, ErrTLS, ErrNoDatabase, ErrPrivilege, ErrReadOnly, ErrVersion} {
				g.Expect(errors.Is(err, other)).To(Equal(errors.Is(c.want, other)), other.Error())
			}
			g.Expect(err.Error()).To(ContainSubstring(c.text))
			g.Expect(fmt.Sprintf("%v %+v %#v", err, err, admin)).NotTo(Or(ContainSubstring(admin.Password), ContainSubstring(w.admin.Password)))
			same(t, w.snapshot(true), before)
		})
	}
}

func closedPort(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	address, err := net.ResolveTCPAddr("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return uint16(address.Port)
}

// TestATroubledCheckIsToldApart: what Check cannot see is an error, and what only an admin can heal is a step.
func TestATroubledCheckIsToldApart(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, false)
	metrics := w.spec.Login(w.admin, naming.RoleMetrics)

	steps, err := Check(t.Context(), metrics, w.spec)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(steps).To(HaveLen(1), "nothing is there yet")

	metrics.Port = closedPort(t)
	_, err = Check(t.Context(), metrics, w.spec)
	g.Expect(err).To(MatchError(ErrUnreachable))
}

// TestAnAdminThatInheritsNothing is of no use before PostgreSQL 16, and is told so; from then on it is.
func TestAnAdminThatInheritsNothing(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, false)
	w.exec("ALTER ROLE " + quote(w.admin.Username) + " NOINHERIT")

	_, err := Ensure(t.Context(), EnsureInput{Admin: w.admin, Spec: w.spec})

	if err != nil {
		g.Expect(err).To(MatchError(ErrPrivilege))
		g.Expect(err.Error()).To(ContainSubstring("INHERIT"))
		g.Expect(w.lines(w.super, "SELECT (current_setting('server_version_num')::int < 160000)::text")).To(Equal([]string{"true"}))
		return
	}
	g.Expect(w.check()).To(BeEmpty())
	g.Expect(w.ensure().Steps).To(BeEmpty())
}

// TestAnAdminThatLostTheOwnerRole can neither enter nor see whose the database is; the markers tell.
func TestAnAdminThatLostTheOwnerRole(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, false)
	w.ensure()
	w.execAs(w.admin, w.names(w.filled([]string{"REVOKE DB_owner FROM ADMIN CASCADE"}))...)

	g.Expect(w.check()).To(BeEmpty(), "the steady state does not need it")
	g.Expect(w.ensure().Steps).To(HaveLen(1))
	g.Expect(w.ensure().Steps).To(BeEmpty())
}

func TestAFailingMigrationIsToldApartAndHeals(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, false)
	w.ensure()
	w.execInside("DELETE FROM alumni.schema_migration WHERE version_id > 0")

	_, err := Ensure(t.Context(), EnsureInput{Admin: w.admin, Spec: w.spec})

	failed := (*MigrationError)(nil)
	g.Expect(errors.As(err, &failed)).To(BeTrue(), "%v", err)
	g.Expect(failed.Version).To(BeZero())
}

// TestNoPasswordIsSeenAnywhere plants passwords, does everything that sets one, and searches the server's log and
// whatever is printed.
func TestNoPasswordIsSeenAnywhere(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		g := NewWithT(t)
		passwords := map[naming.Role]string{}
		for _, role := range naming.Roles() {
			passwords[role] = "canary-" + rand.Text()
		}
		var err error
		w.spec, err = NewSpec(w.spec.Database, w.spec.Claim, passwords)
		g.Expect(err).NotTo(HaveOccurred())
		result := w.ensure()
		w.exec("ALTER ROLE " + w.spec.Database + "_portal PASSWORD NULL")
		again := w.ensure()
		w.execInside("COMMENT ON SCHEMA alumni IS 'the end of the test'")

		log := func() string {
			content, err := os.ReadFile(pg.Start(t).LogFile())
			g.Expect(err).NotTo(HaveOccurred())
			return string(content)
		}
		g.Eventually(log).Should(ContainSubstring("the end of the test"))
		g.Expect(log()).To(ContainSubstring("CREATE ROLE "+quote(w.spec.Database+"_portal")), "the log holds what changes roles")
		g.Expect(log()).NotTo(ContainSubstring("canary-"))
		printed := fmt.Sprintf("%v %+v %#v %v %v %s", w.spec, w.spec, w.spec, result.Steps, again.Steps, w.spec.Login(w.admin, naming.RolePortal))
		g.Expect(printed).NotTo(ContainSubstring("canary-"))
	})
}

// TestTheSteadyStateIsCheap counts what the server is asked, by its own log.
func TestTheSteadyStateIsCheap(t *testing.T) {
	g := NewWithT(t)
	server := pg.New(t)
	w := newWorldOn(t, server, false)
	w.exec("ALTER SYSTEM SET log_statement TO 'all'", "ALTER SYSTEM SET log_connections TO on", "SELECT pg_catalog.pg_reload_conf()")
	count := func(work func()) (statements, writes, sessions int) {
		before := len(readFile(g, server.LogFile()))
		work()
		w.exec("DO $$ BEGIN RAISE LOG 'the end of the count'; END $$")
		var text string
		g.Eventually(func() string {
			text = readFile(g, server.LogFile())[before:]
			return text
		}).Should(ContainSubstring("LOG:  the end of the count"))
		text = text[:strings.Index(text, "DO $$ BEGIN RAISE LOG 'the end of the count'")]
		all := regexp.MustCompile(`(?:statement|execute [^:]*): (?s:(--[^\n]*\n\s*)*)\s*(\w+)`).FindAllStringSubmatch(text, -1)
		for _, match := range all {
			if verb := strings.ToUpper(match[2]); verb != "SELECT" && verb != "WITH" {
				writes++
			}
		}
		return len(all), writes, strings.Count(text, "connection authorized")
	}

	statements, _, sessions := count(func() { w.ensure() })
	t.Logf("first provisioning with migrations: %d messages in %d sessions", statements, sessions)
	statements, writes, sessions := count(func() { g.Expect(w.check()).To(BeEmpty()) })
	t.Logf("check of a store as declared: %d statements, %d of them not reads, in %d sessions", statements, writes, sessions)
	g.Expect(writes).To(BeZero())
	g.Expect(statements).To(BeNumerically("<=", 12))
	g.Expect(sessions-1).To(Equal(len(naming.Roles())), "one to look, and one knock as each other role")
	statements, writes, sessions = count(func() { w.ensure() })
	t.Logf("ensure of a store as declared: %d statements, %d of them not reads, in %d sessions", statements, writes, sessions)
}

func readFile(g *WithT, path string) string {
	content, err := os.ReadFile(path)
	g.Expect(err).NotTo(HaveOccurred())
	return string(content)
}

// TestHostileNamesStayNames provisions a database whose name is full of SQL.
func TestHostileNamesStayNames(t *testing.T) {
	for name, database := range map[string]string{
		"all kinds of signs": "we\"ird'; DROP ROLE x; -- %s {verifier} b\\s$$アル",
		"a reserved word":    `select`,
		"the longest":        strings.Repeat("l", 50),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t, false)
			var err error
			claim := Claim{ClusterID: `c'\`, Namespace: `n"'; --`, Name: "改行\n", NetworkUID: `u\'`}
			passwords := map[naming.Role]string{}
			for _, role := range naming.Roles() {
				passwords[role] = `'; {verifier} \ "` + rand.Text()
				passwords[role] = strings.ReplaceAll(passwords[role], " ", "")
			}
			w.spec, err = NewSpec(database, claim, passwords)
			g.Expect(err).NotTo(HaveOccurred())

			w.ensure()

			g.Expect(w.check()).To(BeEmpty())
			g.Expect(w.ensure().Steps).To(BeEmpty())
		})
	}
}
