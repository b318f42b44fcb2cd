// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/roster"
)

// randomRoster has few numbers and fewer addresses, so that rows collide.
func randomRoster(r *rand.Rand) []string {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	lines := []string{heads}
	for range 1 + r.IntN(6) {
		lines = append(lines, strings.Join([]string{
			pick("1", "2", "3"), pick("Sato", "Ito"), pick("", "Hana"), pick("", "a@x.example", "B@x.example", "b@x.example", "c@x.example"),
			pick("Tokyo", "Osaka"), pick("Sales", "IT"), pick("", "2010-04-01", "2010-04-01", "2015-04-01", "2015-04-01"), pick("", "2014-03-31", "2020-03-31", "2012-01-01"),
			pick("", "Go"), pick("", "", "2021-01-01", "2022-01-01"), pick("", "2021-01-01"),
		}, ","))
	}
	return lines
}

// life is what members do between two imports.
var life = []string{
	`UPDATE alumni.member SET region = 'Own' WHERE employee_number = '%d' AND state <> 'Withdrawn'`,
	`UPDATE alumni.member SET state = 'Withdrawn', withdrawn_at = now() WHERE employee_number = '%d'`,
	`UPDATE alumni.contact SET verified_at = now() WHERE member_id = (SELECT id FROM alumni.member WHERE employee_number = '%d' AND state <> 'Withdrawn')`,
	`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
	 SELECT id, 'Network', 'Withdrawn', 'v', 'Portal', 'test', now() FROM alumni.member WHERE employee_number = '%d'`,
	`SELECT %d`, `SELECT %d`, `SELECT %d`,
}

// kept is what no import may change: the facts of people who withdrew, own fields, own addresses and refusals.
const kept = `SELECT string_agg(fact, '; ' ORDER BY fact) FROM (
	SELECT concat_ws(' ', 'withdrawn', m.id, m.family_name, m.region, m.updated_at, c.address, e.facts) AS fact
	  FROM alumni.member m LEFT JOIN alumni.contact c ON c.member_id = m.id
	  LEFT JOIN LATERAL (SELECT string_agg(e::text, ',' ORDER BY e.id) AS facts FROM alumni.employment e WHERE e.member_id = m.id) e ON true
	 WHERE m.state = 'Withdrawn'
	UNION ALL SELECT concat_ws(' ', 'region', id) FROM alumni.member WHERE region = 'Own'
	UNION ALL SELECT concat_ws(' ', 'address', member_id, address) FROM alumni.contact WHERE verified_at IS NOT NULL
	UNION ALL SELECT concat_ws(' ', 'refusal', member_id) FROM alumni.consent_state WHERE purpose = 'Network' AND decision = 'Withdrawn') facts`

func TestWhateverHappensTheRulesHold(t *testing.T) {
	shared := newFixture(t)
	for seed := range uint64(15) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			g := NewWithT(t)
			f := shared.fresh(t)
			r := rand.New(rand.NewPCG(seed, 1))
			for range 8 {
				lines := randomRoster(r)
				before := f.text(kept)
				result := f.take(lines...)
				checkCounts(g, result, int64(len(lines)-1))
				g.Expect(f.text(kept)).To(Equal(before), "seed %d: %v", seed, lines)
				checkStore(g, f)
				settles(g, f, lines)
				f.exec(fmt.Sprintf(life[r.IntN(len(life))], 1+r.IntN(3)))
			}
		})
	}
}

func checkCounts(g Gomega, r roster.Result, rows int64) {
	g.Expect(r.Rows).To(Equal(rows))
	g.Expect(r.Inserted + r.Updated + r.Unchanged + r.Quarantined + r.Tombstoned).To(Equal(rows))
	g.Expect(r.Quarantine).To(HaveLen(int(r.Quarantined)))
}

// checkStore holds for every store.
func checkStore(g Gomega, f *fixture) {
	for name, sql := range map[string]string{
		"an employment that overlaps another": `SELECT count(*) FROM alumni.employment a JOIN alumni.employment b ON a.member_id = b.member_id AND a.id < b.id
			WHERE a.joined_on IS NOT NULL AND b.joined_on IS NOT NULL AND daterange(a.joined_on, a.left_on, '[]') && daterange(b.joined_on, b.left_on, '[]')`,
		"a member without an employment": `SELECT count(*) FROM alumni.member m WHERE NOT EXISTS (SELECT FROM alumni.employment e WHERE e.member_id = m.id)`,
		"an Active member without consent": `SELECT count(*) FROM alumni.member m WHERE state = 'Active'
			AND NOT EXISTS (SELECT FROM alumni.consent c WHERE c.member_id = m.id AND c.purpose = 'Network' AND c.decision = 'Given')`,
	} {
		g.Expect(f.text(sql)).To(Equal("0"), name)
	}
}

// settles imports the same file until nothing changes, which must come soon: only addresses that were taken can
// make a row wait.
func settles(g Gomega, f *fixture, lines []string) {
	for range len(lines) {
		if again := f.take(lines...); again.Inserted == 0 && again.Updated == 0 {
			return
		}
	}
	g.Expect(lines).To(BeEmpty(), "the same file changes the store for ever")
}
