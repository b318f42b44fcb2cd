// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// ended notes that members withdrew their consent to take part so many days ago.
func (w *world) ended(daysAgo int, ids ...uuid.UUID) {
	w.t.Helper()
	w.exec(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
		SELECT id, 'Network', 'Withdrawn', 'v1', 'Portal', 'portal', now() - make_interval(days => $1) FROM unnest($2::uuid[]) AS u (id)`, daysAgo, ids)
}

func TestWhomEachEventConcerns(t *testing.T) {
	people := []someone{
		0: {state: "Listed"},
		1: {state: "Invited", left: days(10)},
		2: {state: "Active", active: days(1)},
		3: {state: "Listed", employed: true},
		4: {state: "Active"}, // nobody knows of any activity
		5: {state: "Withdrawn", withdrawn: days(10)},
		6: {state: "Listed", left: days(4000)},
	}
	with := func(r settings.RetentionRule) settings.RetentionRule {
		r.IfMissing = plan.UseCreated
		return r
	}
	cases := map[string]struct {
		rule settings.RetentionRule
		want []int
	}{
		"listed long ago, and never joined":                   {rule("r", "Profile", "Created", "P3Y"), []int{0, 1, 6}},
		"listed not long enough ago":                          {rule("r", "Profile", "Created", "P9Y"), nil},
		"left long ago":                                       {rule("r", "Profile", "Departed", "P3Y"), []int{6}},
		"left long ago, or listed and nobody knows when left": {with(rule("r", "Profile", "Departed", "P3Y")), []int{0, 5, 6}},
		"not active for long, or nobody knows since when":     {with(rule("r", "Profile", "LastActivity", "P3Y")), []int{4}},
		"consent ended":                                       {rule("r", "Profile", "ConsentEnded", "P30D"), []int{2, 3}},
		"consent ended not long enough ago":                   {rule("r", "Profile", "ConsentEnded", "P1Y"), nil},
	}
	w := newWorld(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w.reset()
			ids := w.plant(people...)
			w.listed(2000, ids...)
			w.ended(40, ids[2], ids[3], ids[4])
			w.exec(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
				VALUES ($1, 'Network', 'Given', 'v1', 'Portal', 'portal', now())`, ids[4]) // they changed their mind
			w.exec(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
				VALUES ($1, 'Newsletter', 'Withdrawn', 'v1', 'Portal', 'portal', now() - interval '1 year')`, ids[0])
			job := w.job("one", "Enforce", c.rule)
			g.Expect(Run(t.Context(), w.pool, job)).To(Succeed())
			left := w.members()
			var gone []int
			for i, id := range ids {
				if !slices.Contains(left, id) {
					gone = append(gone, i)
				}
			}
			g.Expect(gone).To(Equal(c.want))
			w.proven(g, "one")
		})
	}
}

func TestWhoConsentsAgainBeforeTheirTurnStays(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(someone{state: "Active", active: days(1)}, someone{state: "Active", active: days(1)})
	w.ended(40, ids...)
	e := w.executor(w.job("one", "Enforce", rule("ended", "Profile", "ConsentEnded", "P30D")))
	due, err := e.begin(t.Context(), "")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(due.Members["ended"]).To(HaveLen(2))
	w.exec(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
		VALUES ($1, 'Network', 'Given', 'v1', 'Portal', 'portal', now())`, ids[1])
	_, err = e.batch(t.Context(), task{rule: "ended", ids: due.Members["ended"]})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(w.members()).To(Equal(ids[1:]))
}
