// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// freshServer is a server that never heard of the network, seen by a plain admin.
func freshServer(version int) Actual {
	return Actual{
		ServerVersion: "x", serverNumber: version, utf8Template: true, roles: map[string]roleFacts{},
		session: sessionFacts{name: "boss", createDB: true, createRole: true, inherits: true, admin: true},
	}
}

func texts(steps []Step) string {
	var all []string
	for _, s := range steps {
		for _, st := range s.statements {
			all = append(all, st.text)
		}
	}
	return strings.Join(all, "\n")
}

func TestPlanIsPureAndInAFixedOrder(t *testing.T) {
	g := NewWithT(t)
	spec := newSpec(t, "net", "uid-1")

	first, err := Plan(spec, freshServer(150000))
	g.Expect(err).NotTo(HaveOccurred())
	for range 20 { // maps have no order
		again, err := Plan(spec, freshServer(150000))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(texts(again)).To(Equal(texts(first)))
	}
	for _, s := range first {
		g.Expect(s.Reason).NotTo(BeEmpty())
		g.Expect(s.statements).NotTo(BeEmpty())
	}
}

func TestPlanKeepsPasswordsOutOfItsSteps(t *testing.T) {
	g := NewWithT(t)
	spec := newSpec(t, "net", "uid-1")
	steps, err := Plan(spec, freshServer(150000))
	g.Expect(err).NotTo(HaveOccurred())
	for _, role := range naming.Roles() {
		password := spec.Login(dbconn.Login{}, role).Password
		g.Expect(password).NotTo(BeEmpty())
		g.Expect(texts(steps)).NotTo(ContainSubstring(password))
	}
}

func TestPlanSpeaksTheServersVersion(t *testing.T) {
	for name, c := range map[string]struct {
		version int
		latin   bool
		want    []string
		never   []string
	}{
		"15":                           {150018, false, []string{"LOCALE_PROVIDER libc LC_COLLATE 'C'", `GRANT "net_owner" TO "boss"`}, []string{"INHERIT TRUE", "builtin", "LC_CTYPE"}},
		"15 with a template in EUC_JP": {150018, true, []string{"LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"}, []string{"builtin"}},
		"16":                           {160004, false, []string{"LOCALE_PROVIDER libc", `GRANT "net_owner" TO "boss" WITH INHERIT TRUE, SET TRUE`}, []string{"builtin"}},
		"17":                           {170002, false, []string{"LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"}, []string{"libc"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			actual := freshServer(c.version)
			actual.utf8Template = !c.latin
			steps, err := Plan(newSpec(t, "net", "uid-1"), actual)
			g.Expect(err).NotTo(HaveOccurred())
			for _, want := range c.want {
				g.Expect(texts(steps)).To(ContainSubstring(want))
			}
			for _, never := range c.never {
				g.Expect(texts(steps)).NotTo(ContainSubstring(never))
			}
		})
	}
}

func TestPlanRefusesServersThatCannotServe(t *testing.T) {
	spec := newSpec(t, "net", "uid-1")
	for name, c := range map[string]struct {
		change func(*Actual)
		want   error
	}{
		"too old":   {func(a *Actual) { a.serverNumber, a.ServerVersion = 140011, "14.11" }, ErrVersion},
		"a standby": {func(a *Actual) { a.readOnly = true }, ErrReadOnly},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			actual := freshServer(150000)
			c.change(&actual)
			steps, err := Plan(spec, actual)
			g.Expect(err).To(MatchError(c.want))
			g.Expect(steps).To(BeEmpty())
		})
	}
}

func TestNewSpecRefusesWhatCannotWork(t *testing.T) {
	good := func() (string, Claim, map[naming.Role]string) {
		passwords := map[naming.Role]string{}
		for _, role := range naming.Roles() {
			passwords[role] = "a-long-password"
		}
		return "net", Claim{ClusterID: "c", Namespace: "n", Name: "a", NetworkUID: "u"}, passwords
	}
	for name, change := range map[string]func(*string, *Claim, map[naming.Role]string){
		"no database":             func(d *string, _ *Claim, _ map[naming.Role]string) { *d = "" },
		"a name too long":         func(d *string, _ *Claim, _ map[naming.Role]string) { *d = strings.Repeat("x", 51) },
		"a name with a zero byte": func(d *string, _ *Claim, _ map[naming.Role]string) { *d = "a\x00b" },
		"no cluster":              func(_ *string, c *Claim, _ map[naming.Role]string) { c.ClusterID = "" },
		"no UID":                  func(_ *string, c *Claim, _ map[naming.Role]string) { c.NetworkUID = "" },
		"no password":             func(_ *string, _ *Claim, p map[naming.Role]string) { delete(p, naming.RolePortal) },
		"a short password":        func(_ *string, _ *Claim, p map[naming.Role]string) { p[naming.RolePortal] = "canary" },
		"a password in Japanese":  func(_ *string, _ *Claim, p map[naming.Role]string) { p[naming.RolePortal] = "canaryパスワード" },
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			database, claim, passwords := good()
			_, err := NewSpec(database, claim, passwords)
			g.Expect(err).NotTo(HaveOccurred())
			change(&database, &claim, passwords)
			_, err = NewSpec(database, claim, passwords)
			g.Expect(err).To(HaveOccurred())
			g.Expect(err.Error()).NotTo(ContainSubstring("canary"))
		})
	}
}

// TestPlanMakesASecondLoginAMemberInTheServersWords opens the second login of one role: no other is made, and it gets no right.
func TestPlanMakesASecondLoginAMemberInTheServersWords(t *testing.T) {
	for version, grant := range map[int]string{
		150018: `GRANT "net_portal" TO "net_portal_b"` + "\n",
		160004: `GRANT "net_portal" TO "net_portal_b" WITH INHERIT TRUE, SET TRUE` + "\n",
	} {
		g := NewWithT(t)
		spec, err := newSpec(t, "net", "uid-1").WithLogins(map[naming.Role]Logins{
			naming.RolePortal: {Password: "a-long-password", Other: OtherOpened, OtherPassword: "another-password"},
		})
		g.Expect(err).NotTo(HaveOccurred())
		steps, err := Plan(spec, freshServer(version))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(texts(steps)).To(And(ContainSubstring(grant), ContainSubstring(`ALTER ROLE "net_portal_b" IN DATABASE "net" SET statement_timeout`)))
		g.Expect(texts(steps)).NotTo(Or(ContainSubstring("net_campaign_b"), ContainSubstring(`ON DATABASE "net" TO "net_portal_b"`)))
	}
}

// TestScramVerifier holds the verifier against one that PostgreSQL 15 itself made of the same password and salt, and
// against verifiers that are none.
func TestScramVerifier(t *testing.T) {
	g := NewWithT(t)
	made, err := scramVerifier("a-long-password")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(made).To(MatchRegexp(`^SCRAM-SHA-256\$4096:[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$`))
	g.Expect(scramMatches(made, "a-long-password")).To(BeTrue())
	g.Expect(scramMatches(made, "a-long-passwore")).To(BeFalse())
	other, err := scramVerifier("a-long-password")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(other).NotTo(Equal(made), "every verifier has its own salt")

	w := newWorld(t, true)
	w.exec("CREATE ROLE "+w.spec.Database+"_portal", "SET password_encryption TO 'scram-sha-256'; ALTER ROLE "+w.spec.Database+"_portal PASSWORD 'a-long-password'")
	stored := w.lines(w.super, "SELECT rolpassword FROM pg_authid WHERE rolname = '"+w.spec.Database+"_portal'")
	g.Expect(scramMatches(stored[0], "a-long-password")).To(BeTrue(), "PostgreSQL makes the same of it")

	for _, none := range []string{"", "md5abc", "SCRAM-SHA-256", "SCRAM-SHA-256$", "SCRAM-SHA-256$x:y$z", "SCRAM-SHA-256$0:c2FsdA==$a:b",
		"SCRAM-SHA-256$99999999999:c2FsdA==$a:b", "SCRAM-SHA-256$4096:!$a:b", "SCRAM-SHA-256$4096$a:b"} {
		g.Expect(scramMatches(none, "a-long-password")).To(BeFalse(), none)
	}
}

func TestPlanOfATemplateGoesOnFromWhatIsThere(t *testing.T) {
	tp := templateFor("boss", 7)
	there := templateFacts{role: true, roleComment: tp.mark, sessionMaySet: true, database: true, sessionOwns: true,
		comment: tp.mark, serverNumber: 150000, session: "boss"}
	but := func(change func(*templateFacts)) templateFacts { f := there; change(&f); return f }
	for name, c := range map[string]struct {
		facts   templateFacts
		want    string // part of the statements; empty: none
		refusal bool
		nothing bool
	}{
		"nothing on 15":                    {facts: templateFacts{serverNumber: 150000, session: "boss"}, want: `GRANT "` + tp.owner + `" TO "boss"` + "\nCREATE DATABASE"},
		"nothing on 16":                    {facts: templateFacts{serverNumber: 160000, session: "boss"}, want: `TO "boss" WITH INHERIT TRUE, SET TRUE`},
		"nothing on 17":                    {facts: templateFacts{serverNumber: 170000, session: "boss"}, want: "BUILTIN_LOCALE 'C.UTF-8'"},
		"an empty one without a mark":      {facts: but(func(f *templateFacts) { f.comment, f.empty = "", true }), want: unfinished},
		"a full one without a mark":        {facts: but(func(f *templateFacts) { f.comment = "" }), refusal: true},
		"somebody else's":                  {facts: but(func(f *templateFacts) { f.sessionOwns = false }), refusal: true},
		"another mark":                     {facts: but(func(f *templateFacts) { f.comment = templateMarkPrefix + "00" }), refusal: true},
		"a role with another mark":         {facts: but(func(f *templateFacts) { f.roleComment = "Reporting" }), refusal: true},
		"unfinished":                       {facts: but(func(f *templateFacts) { f.comment += unfinished }), want: "CREATE SCHEMA"},
		"migrated":                         {facts: but(func(f *templateFacts) { f.comment += bare }), want: "ALLOW_CONNECTIONS false"},
		"opened again by somebody":         {facts: but(func(f *templateFacts) { f.takesConnections = true }), want: "ALLOW_CONNECTIONS false"},
		"finished":                         {facts: there, nothing: true},
		"finished, and the role is no use": {facts: but(func(f *templateFacts) { f.sessionMaySet = false }), want: `TO "boss"`},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			steps, err := planTemplate(tp, c.facts)
			if c.refusal {
				g.Expect(err).To(MatchError(errTemplateTaken))
				return
			}
			g.Expect(err).NotTo(HaveOccurred())
			if c.nothing {
				g.Expect(steps).To(BeEmpty())
				return
			}
			g.Expect(texts(steps)).To(ContainSubstring(c.want))
		})
	}
}
