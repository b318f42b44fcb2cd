// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

func TestWhatProgramsAreToldOfTheServer(t *testing.T) {
	t.Setenv("SSL_CERT_FILE", "/alumni/ca-certificates.crt")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "not-for-them")
	t.Setenv("PGSSLMODE", "allow")
	login := dbconn.Login{Host: "pg.example", Port: 5433, Database: "d", Username: "u", Password: "correct-horse"}
	for name, c := range map[string]struct {
		mode, ca, roots string
	}{
		"an authority of its own":         {dbconn.SSLVerifyFull, "-----BEGIN", "ca.crt"},
		"the usual authorities":           {dbconn.SSLVerifyFull, "", "/alumni/ca-certificates.crt"},
		"encryption alone looks for none": {dbconn.SSLRequire, "", "none"},
		"no encryption":                   {dbconn.SSLDisable, "", "none"},
	} {
		t.Run(name, func(t *testing.T) {
			g, dir := NewWithT(t), t.TempDir()
			login.SSLMode, login.CA = c.mode, []byte(c.ca)
			env, err := environment(login, dir)
			g.Expect(err).NotTo(HaveOccurred())
			roots := c.roots
			if !filepath.IsAbs(roots) {
				roots = filepath.Join(dir, roots)
			}
			g.Expect(env).To(ContainElements("PGHOST=pg.example", "PGPORT=5433", "PGUSER=u", "PGPASSWORD=correct-horse",
				"PGSSLMODE="+c.mode, "PGSSLROOTCERT="+roots))
			g.Expect(strings.Join(env, " ")).NotTo(Or(ContainSubstring("not-for-them"), ContainSubstring("allow")))
			if c.ca != "" {
				g.Expect(os.ReadFile(roots)).To(BeEquivalentTo(c.ca))
			}
		})
	}
	for _, args := range [][]string{dumpArguments("snapshot", nil), restoreArguments("d", nil)} {
		NewWithT(t).Expect(args).To(ContainElement("--no-password"), "a wrong password must not wait for a person")
	}
}

func TestOnlyKnownSayingsOfProgramsAreRepeated(t *testing.T) {
	p := program{path: "/usr/bin/pg_restore", code: RestoreFailed}
	for words, want := range map[string]string{
		"pg_restore: error: COPY failed: invalid input: \"Zephyrine\"":                   "RestoreFailed: pg_restore ended with code 1",
		"pg_dump: error: aborting because of server version mismatch":                    "ServerNewer: pg_restore says: server version mismatch",
		"ERROR: permission denied for table employment":                                  "NotPermitted: pg_restore says: permission denied for",
		"connection to server at \"10.0.0.1\", port 5432 failed: password for Zephyrine": "StoreUnreachable: pg_restore says: connection to server",
	} {
		NewWithT(t).Expect(p.explain(words, 1)).To(MatchError(want))
	}
}
