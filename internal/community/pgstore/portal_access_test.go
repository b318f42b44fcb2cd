// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/retention/catalogue"
)

// copyOf is everything in a member's copy, by table.
func (w *world) copyOf(viewer community.Viewer) map[string][]map[string]any {
	w.Helper()
	all := map[string][]map[string]any{}
	w.Expect(w.portal.CopyOf(w.Context(), viewer, func(taken community.DataCopy) error {
		counted := map[string]int{}
		for _, t := range taken.Tables {
			counted[t.Table] = t.Rows
		}
		err := taken.Each(func(row community.CopiedRow) error {
			item := map[string]any{}
			if err := json.Unmarshal(row.Row, &item); err != nil {
				return err
			}
			all[row.Table] = append(all[row.Table], item)
			return nil
		})
		for table, n := range counted {
			w.Expect(all[table]).To(HaveLen(n), table)
		}
		w.Expect(all).To(HaveLen(len(counted)))
		return err
	})).To(Succeed())
	return all
}

// TestTheCopyHoldsEveryColumnOfAPerson is the one that fails when a migration adds a column and does not end with
// SELECT alumni.renew_subject_copy().
func TestTheCopyHoldsEveryColumnOfAPerson(t *testing.T) {
	w := newWorld(t)
	copied := strings.Split(w.value(`SELECT string_agg(DISTINCT table_schema || '.' || table_name || '.' || column_name, ',')
		FROM information_schema.view_column_usage WHERE view_schema = 'alumni' AND view_name = 'subject_copy'`), ",")
	secret := strings.Split(w.value(`SELECT string_agg(table_schema || '.' || table_name || '.' || column_name, ',') FROM information_schema.columns
		WHERE table_schema = 'alumni' AND (data_type = 'bytea' OR column_name LIKE 'lease%')`), ",")
	columns, err := catalogue.Columns(t.Context(), w.store.Pool(naming.RoleRetention))
	w.Expect(err).NotTo(HaveOccurred())
	of := map[string]bool{catalogue.Member: true, "alumni.erasure_request": true, "alumni.event": true, "alumni.retention_failure": true}
	for _, b := range catalogue.Belongings() {
		of[b.Table] = true
	}
	for _, c := range columns {
		name := c.Table + "." + c.Name
		switch {
		case of[c.Table] && !slices.Contains(secret, name):
			w.Expect(copied).To(ContainElement(name), "end the migration with SELECT alumni.renew_subject_copy()")
		case !of[c.Table]:
			w.Expect(copied).NotTo(ContainElement(name), "it tells of nobody by themselves")
		default:
			w.Expect(copied).NotTo(ContainElement(name))
		}
	}
}

func TestACopyIsOfOnePersonAlone(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("hana@mail.example")
	other, _ := w.signedIn("other@mail.example")
	w.exec(`UPDATE alumni.employment SET departure_reason = '転職' WHERE member_id = $1`, viewer.Member)
	w.exec(`INSERT INTO alumni.suppression (member_id, channel, reason) VALUES ($1, 'Email', 'HardBounce')`, other.Member)
	copied := w.copyOf(viewer)
	w.Expect(copied["contact"]).To(ConsistOf(HaveKeyWithValue("address", "hana@mail.example")))
	w.Expect(copied["employment"]).To(ContainElement(HaveKeyWithValue("departure_reason", "転職")), "what HR wrote down is told too")
	w.Expect(copied["session"]).NotTo(BeEmpty())
	w.Expect(copied["session"][0]).NotTo(HaveKey("token_hash"))
	w.Expect(copied).To(HaveKey("sign_in_link"))
	text, err := json.Marshal(copied)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(string(text)).NotTo(Or(ContainSubstring(other.Member.String()), ContainSubstring("other@mail.example"), ContainSubstring("HardBounce")))
}

func TestWhoLeftHasNoCopy(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("hana@mail.example")
	_, err := w.portal.Withdraw(t.Context(), viewer, community.English)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(code(w.portal.CopyOf(t.Context(), viewer, func(community.DataCopy) error { return nil }))).To(Equal(community.CodeForbidden))
}

// TestACopyIsOfOneMoment changes the store between the count and the rows.
func TestACopyIsOfOneMoment(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("hana@mail.example")
	w.Expect(w.portal.CopyOf(t.Context(), viewer, func(taken community.DataCopy) error {
		w.exec(`UPDATE alumni.contact SET address = 'later@mail.example' WHERE member_id = $1`, viewer.Member)
		return taken.Each(func(row community.CopiedRow) error {
			w.Expect(string(row.Row)).NotTo(ContainSubstring("later@"))
			return nil
		})
	})).To(Succeed())
}

// TestACopyReadsNobodyElsesRows has the planner avoid reading tables as a whole wherever it can.
func TestACopyReadsNobodyElsesRows(t *testing.T) {
	w := newWorld(t)
	rows, err := w.admin.Query(t.Context(), `SET enable_seqscan = off; EXPLAIN SELECT item FROM alumni.subject_copy WHERE subject = '00000000-0000-7000-8000-000000000001'`, pgx.QueryExecModeSimpleProtocol)
	w.Expect(err).NotTo(HaveOccurred())
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	w.Expect(err).NotTo(HaveOccurred())
	for _, line := range plan {
		w.Expect(line).NotTo(ContainSubstring("Seq Scan"), strings.Join(plan, "\n"))
	}
}

func TestNobodysAnswersAreInNoCopy(t *testing.T) {
	w := newWorld(t)
	w.exec(`INSERT INTO alumni.survey_answer (campaign_uid, recipient_id, answers) VALUES ('c', NULL, '{"q": ["words"]}')`)
	w.Expect(w.value(`SELECT count(*) FROM alumni.subject_copy WHERE subject IS NULL`)).To(Equal("0"))
}
