// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/erasures"
	"github.com/alumni-operator/alumni-operator/internal/retention/evidence"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
)

// documented is the statement by which the docs have the chain exported.
func documented(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/evidence.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`psql -At -c "(SELECT [^"]*)"`).FindSubmatch(page)
	if found == nil {
		t.Fatal("docs/evidence.md does not say how to export the chain")
	}
	return string(found[1])
}

// export writes the chain as psql -At would.
func (w *world) export(sql string) []byte {
	w.t.Helper()
	rows, err := w.admin.Query(context.Background(), sql)
	if err != nil {
		w.t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.t.Fatal(err)
	}
	return []byte(strings.Join(lines, "\n") + "\n")
}

// publicKey is what the operator publishes of the signing key.
func (w *world) publicKey() []byte {
	w.t.Helper()
	der, err := x509.MarshalPKIXPublicKey(w.key.Public())
	if err != nil {
		w.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func TestWhatARunLeavesProvesItselfToWhoTrustsNobody(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ledger, volume := w.ledger()
	ids := w.plant(theStaff()...)
	sent := w.campaignRun("Finished", 500)
	w.deliver(sent, ids[5], "Sent", days(450), 450)
	for _, name := range []string{"one", "two", "three"} {
		w.crowd(30)
		job := w.job(name, "Enforce", leavers, idle, gone, logs)
		job.Policy.BatchMembers, job.Ledger = 10, ledger
		g.Expect(Run(t.Context(), w.pool, job)).To(Succeed())
	}
	entries := map[string][]byte{}
	files, err := os.ReadDir(filepath.Join(volume, "main", erasures.Folder))
	g.Expect(err).NotTo(HaveOccurred())
	for _, f := range files {
		entries[f.Name()], err = os.ReadFile(filepath.Join(volume, "main", erasures.Folder, f.Name()))
		g.Expect(err).NotTo(HaveOccurred())
	}
	chain := w.export(documented(t))
	canary.Scan(t, "the exported chain", string(chain))
	for _, name := range []string{"one", "two", "three"} {
		_, signed := w.certificate(name)
		file, err := signed.Encode()
		g.Expect(err).NotTo(HaveOccurred())
		report, err := evidence.Verify(evidence.Given{Certificate: file, Key: w.publicKey(), Chain: bytes.NewReader(chain), Ledger: entries})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(report.Failed()).To(BeEmpty())
		g.Expect(report.Checks).To(HaveEach(HaveField("Result", evidence.True)))
	}
}

// proven checks the certificate of a run against the exported chain.
func (w *world) proven(g *WithT, run string) {
	w.t.Helper()
	_, signed := w.certificate(run)
	file, err := signed.Encode()
	g.Expect(err).NotTo(HaveOccurred())
	chain := w.export(`SELECT encode(hash, 'hex') || ' ' || body FROM alumni.audit_record ORDER BY seq`)
	report, err := evidence.Verify(evidence.Given{Certificate: file, Key: w.publicKey(), Chain: bytes.NewReader(chain)})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(report.Failed()).To(BeEmpty())
}
