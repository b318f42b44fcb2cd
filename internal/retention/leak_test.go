// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
)

// TestNothingOfAPersonComesOut runs everything with planted texts in every field, good runs and bad ones, and then
// searches whatever a run leaves: tables, certificates, logs, errors, and what the operator may read.
func TestNothingOfAPersonComesOut(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(theStaff()...)
	w.plant(someone{state: "Withdrawn", withdrawn: days(0), request: ago(time.Hour), children: true})
	for range 30 {
		w.plant(someone{state: "Listed", left: days(4000), children: true})
	}
	w.booby(`RAISE EXCEPTION 'Key (address)=(%) is still needed', OLD.address;`)

	var out bytes.Buffer
	for _, job := range []Job{
		w.job("preview", "DryRun", leavers, idle, gone, logs),
		w.requests("requests"),
		w.job("enforce", "Enforce", leavers, idle, gone, logs),
		w.job("broken", "Enforce", rule("bad", "Profile", "Departed", "P1")),
	} {
		if err := w.worker(job, &out).Run(); err != nil {
			out.WriteString(err.Error())
		}
	}
	g.Expect(w.state("enforce")).To(Equal("Certified"))
	g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.retention_failure`)).To(BeNumerically(">=", 2))

	found := map[string]string{"the workers' output": out.String()}
	for _, table := range []string{"retention_run", "retention_run_count", "retention_failure", "tombstone", "audit_record", "retention_certificate",
		"delivery_erased", "erasure_request"} {
		found["alumni."+table] = queryOne[string](w, `SELECT coalesce(string_agg(t::text, ' '), '') FROM alumni.`+table+` t`)
	}
	metrics := w.store.Pool(naming.RoleMetrics)
	for _, view := range []string{"members", "erasure_requests", "retention_runs", "retention_counts", "retention_failures", "audit_chain", "certificates"} {
		var text string
		g.Expect(metrics.QueryRow(context.Background(), `SELECT coalesce(string_agg(t::text, ' '), '') FROM alumni_stats.`+view+` t`).Scan(&text)).To(Succeed())
		found["alumni_stats."+view] = text
	}
	canary.Require(t, "the store before", queryOne[string](w, `SELECT string_agg(m::text, ' ') FROM alumni.member m`), canary.NameJa)
	for where, text := range found {
		canary.Scan(t, where, text)
		g.Expect(text).NotTo(ContainSubstring(w.store.Login(naming.RoleRetention).Password), where)
		g.Expect(text).NotTo(ContainSubstring(string(testPepper)), where)
	}
	// Of those who are gone, not even the identifier remains.
	for where, text := range found {
		for _, id := range ids[:4] {
			g.Expect(text).NotTo(ContainSubstring(id.String()), where)
		}
	}
	serverLog, err := os.ReadFile(w.store.Server().LogFile())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(serverLog)).NotTo(ContainSubstring(string(testPepper)))
}
