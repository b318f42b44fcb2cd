// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/retention/audit"
	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
	"github.com/alumni-operator/alumni-operator/internal/retention/evidence"
)

var update = flag.Bool("update", false, "write the report anew")

func sum(members, rows int64) certificate.Total {
	return certificate.Total{Members: members, Rows: rows}
}

// withheld is one of each ground.
func withheld() []certificate.Withheld {
	kept := func(name, basis, law string) certificate.Withheld {
		return certificate.Withheld{Ground: certificate.GroundMinimum, Minimum: "group-default/" + name, Basis: basis, LegalBasis: law,
			Keep: "P3Y", Since: "Created", Until: "2028-01-11", Total: sum(2, 20)}
	}
	return []certificate.Withheld{kept("provision", "Statutory", "APPI 29, 30"), kept("figures", "Business", ""),
		{Ground: certificate.GroundCatalogue, Total: sum(1, 10)}, {Ground: certificate.GroundHold, Hold: "group-default/dispute", Total: sum(1, 10)}}
}

// files writes a certificate with the public key that signed it, and a chain that is not its own.
func files(t *testing.T) (file string, o Options) {
	t.Helper()
	g, dir := NewWithT(t), t.TempDir()
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	c := certificate.Certificate{
		Format: certificate.Format, Network: "7c9e6679-7425-40de-944b-e07fc1f90ae7",
		Policy: certificate.Policy{UID: "u", Name: "group-default", Generation: 3, Digest: "d1", TimeZone: "Asia/Tokyo"},
		Run: certificate.Run{Name: "r", Kind: "Scheduled", AsOf: "2026-04-01T00:00:00Z", StartedAt: "2026-04-01T00:00:01Z",
			FinishedAt: "2026-04-01T00:00:09Z", PlanHash: "p1", Starts: 1},
		Rules: []certificate.Rule{
			{Name: "leavers", Category: "Profile", Since: "Departed", After: "P5Y", Cutoff: "2021-03-31", Action: "Delete", LegalBasis: "APPI article 22",
				Due: sum(10, 100), Withheld: withheld(), Erased: sum(2, 20), Changed: sum(1, 10), Failed: sum(1, 10)},
			{Name: "idle", Category: "Profile", Since: "LastActivity", After: "P3Y", Cutoff: "2023-03-31", Action: "Delete",
				Due: sum(1, 3), Erased: sum(1, 3)},
		},
		Erased: sum(3, 23), Changed: sum(1, 10), Failed: sum(1, 10),
		Checks: audit.Checks{Tombstones: 3, TombstonesWant: 3}, Sanitisation: certificate.Logical(),
	}
	signed, err := certificate.Sign(c, private)
	g.Expect(err).NotTo(HaveOccurred())
	text, err := signed.Encode()
	g.Expect(err).NotTo(HaveOccurred())
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	g.Expect(err).NotTo(HaveOccurred())
	r, err := audit.Append(audit.Head{}, audit.RunStarted, audit.Body{Run: "another"})
	g.Expect(err).NotTo(HaveOccurred())
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		g.Expect(os.WriteFile(path, content, 0o600)).To(Succeed())
		return path
	}
	return write("c.json", text), Options{
		Output: "text", Key: write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		Chain: write("chain", fmt.Appendf(nil, "%s %s\n", r.Hash, r.Body)), Ledger: dir,
	}
}

func TestAReaderIsToldWhatWasErasedWhatWasNotAndWhatIsNotProven(t *testing.T) {
	g := NewWithT(t)
	file, o := files(t)
	var out bytes.Buffer
	g.Expect(Certificate(&out, file, Options{Key: o.Key, Output: "text"})).To(Succeed())
	golden := filepath.Join("testdata", "genuine.txt")
	if *update {
		g.Expect(os.WriteFile(golden, out.Bytes(), 0o600)).To(Succeed())
	}
	want, err := os.ReadFile(golden)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(out.String()).To(Equal(string(want)))
}

func TestWithoutAKeyAWarningComesFirst(t *testing.T) {
	g := NewWithT(t)
	file, _ := files(t)
	var out bytes.Buffer
	g.Expect(Certificate(&out, file, Options{Output: "text"})).To(Succeed())
	g.Expect(out.String()).To(HavePrefix("WARNING: this shows that nothing was changed since it was signed, and not who signed it."))
}

func TestWhatIsNotTrueIsAnErrorAndComesFirst(t *testing.T) {
	g := NewWithT(t)
	file, o := files(t)
	var out bytes.Buffer
	err := Certificate(&out, file, o)
	g.Expect(err).To(MatchError(ErrFalse))
	g.Expect(err).To(MatchError(ContainSubstring("the chain has 1 records, and none that the certificate names")))
	g.Expect(out.String()).To(HavePrefix("DO NOT RELY ON THIS PROOF."))
	g.Expect(out.String()).To(MatchRegexp(`Is it the chain of this certificate\? +NO +the chain has 1 records`))
}

func TestMachinesReadTheReportAsJSON(t *testing.T) {
	g := NewWithT(t)
	file, o := files(t)
	var out bytes.Buffer
	g.Expect(Certificate(&out, file, Options{Key: o.Key, Output: "json"})).To(Succeed())
	var report evidence.Report
	g.Expect(json.Unmarshal(out.Bytes(), &report)).To(Succeed())
	g.Expect(report.Verified).To(BeTrue())
	g.Expect(report.Certificate.Erased).To(Equal(sum(3, 23)))
}

func TestAProofThatCannotBeCheckedSaysWhy(t *testing.T) {
	file, o := files(t)
	missing := filepath.Join(t.TempDir(), "none")
	cases := map[string]struct {
		file string
		o    Options
		want string
	}{
		"an output that is not known": {file, Options{Output: "yaml"}, "--output is text or json"},
		"a ledger without a chain":    {file, Options{Output: "text", Ledger: o.Ledger}, "--ledger needs --chain"},
		"no certificate":              {missing, Options{Output: "text"}, "read the certificate"},
		"no key":                      {file, Options{Output: "text", Key: missing}, "read the public key"},
		"a key that is none":          {file, Options{Output: "text", Key: file}, "not an Ed25519 key"},
		"no chain":                    {file, Options{Output: "text", Chain: missing}, "read the audit chain"},
		"no ledger":                   {file, Options{Output: "text", Chain: o.Chain, Ledger: missing}, "read the erasure ledger"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			err := Certificate(&bytes.Buffer{}, c.file, c.o)
			g.Expect(err).To(MatchError(ErrOptions))
			g.Expect(err).To(MatchError(ContainSubstring(c.want)))
		})
	}
}

func TestNoCertificateCanMakeItsReportLookLikeAnother(t *testing.T) {
	g := NewWithT(t)
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	evil := "x\n\nThis proof is genuine\x1b[2J\u202e"
	c := certificate.Certificate{Format: certificate.Format, Network: evil, Policy: certificate.Policy{Name: evil}, Run: certificate.Run{Name: evil, AsOf: evil},
		Rules:        []certificate.Rule{{Name: evil, Category: evil, Since: evil, LegalBasis: evil, Failed: sum(1, 1)}},
		Failed:       sum(1, 1),
		Sanitisation: certificate.Sanitisation{Level: evil, Meaning: evil, DoesNotCover: []string{evil}}}
	signed, err := certificate.Sign(c, private)
	g.Expect(err).NotTo(HaveOccurred())
	text, err := signed.Encode()
	g.Expect(err).NotTo(HaveOccurred())
	file := filepath.Join(t.TempDir(), "c.json")
	g.Expect(os.WriteFile(file, text, 0o600)).To(Succeed())
	var out bytes.Buffer
	g.Expect(Certificate(&out, file, Options{Output: "text"})).To(Succeed())
	g.Expect(out.String()).NotTo(Or(ContainSubstring("\nThis proof"), ContainSubstring("\x1b"), ContainSubstring("\u202e")))
}
