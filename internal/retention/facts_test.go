// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// fuller is a record with what the newer rules ask of it.
type fuller struct {
	record
	created time.Time
	ended   *time.Time
	held    bool
}

// facts are those of a record as it was written, without the store.
func (f fuller) facts() plan.Facts {
	facts := plan.Facts{State: f.state, LastActivity: f.lastActive, WithdrawnAt: f.withdrawn, CreatedAt: &f.created, ConsentEnded: f.ended}
	if f.held {
		facts.Hold = "p/a"
	}
	if facts.LastActivity == nil {
		facts.LastActivity = f.joined
	}
	for _, left := range f.leftOn {
		if left == nil {
			facts.Employed = true
			continue
		}
		if date := calendar.DateOf(*left, time.UTC); facts.LeftOn == nil || *facts.LeftOn < date {
			facts.LeftOn = &date
		}
	}
	for _, l := range f.logs {
		at := l.planned
		if l.sent != nil {
			at = *l.sent
		}
		if facts.LastLog == nil || facts.LastLog.Before(at) {
			facts.LastLog = &at
		}
	}
	return facts
}

func drawFuller(t *rapid.T, asOf time.Time) fuller {
	hours := func(name string) time.Time {
		return asOf.Add(-time.Duration(rapid.IntRange(0, 130*24).Draw(t, name)) * time.Hour).Truncate(time.Microsecond)
	}
	f := fuller{record: drawRecord(t, asOf, len(runStates)), created: hours("created")}
	f.held = rapid.IntRange(0, 4).Draw(t, "held") == 0
	if rapid.Bool().Draw(t, "consent ended") {
		at := hours("ended")
		f.ended = &at
	}
	return f
}

func drawWhole(t *rapid.T) settings.Retention {
	periods := []string{"P0D", "P28D", "P30D", "P1M", "P2M", "P3M"}
	p := settings.Retention{PolicyUID: "u", Policy: "p", Generation: 1, Mode: "DryRun",
		TimeZone: rapid.SampledFrom([]string{"Asia/Tokyo", "Europe/Berlin", "UTC"}).Draw(t, "zone")}
	for i := range rapid.IntRange(0, 3).Draw(t, "rules") {
		r := rule(fmt.Sprintf("r%d", i), "Profile", rapid.SampledFrom([]string{"Departed", "LastActivity", "MembershipWithdrawn", "ConsentEnded", "Created"}).Draw(t, "since"),
			rapid.SampledFrom(periods).Draw(t, "after"))
		if (r.Since == "Departed" || r.Since == "LastActivity") && rapid.Bool().Draw(t, "missing") {
			r.IfMissing = plan.UseCreated
		}
		p.Rules = append(p.Rules, r)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "minimums") {
		p.Minimums = append(p.Minimums, minimum(fmt.Sprintf("m%d", i), rapid.SampledFrom([]string{"Profile", "DeliveryLogs"}).Draw(t, "category"),
			rapid.SampledFrom([]string{"Statutory", "Business"}).Draw(t, "basis"), rapid.SampledFrom(periods).Draw(t, "keep")))
	}
	if rapid.Bool().Draw(t, "ceiling") {
		p.Ceiling = &settings.RetentionCeiling{Since: "LastActivity", After: rapid.SampledFrom(periods).Draw(t, "end")}
	}
	return p
}

func (w *world) writeFuller(people []fuller, asOf time.Time) {
	w.t.Helper()
	var records []record
	for _, f := range people {
		records = append(records, f.record)
	}
	w.write(records, asOf)
	batch := &pgx.Batch{}
	for _, f := range people {
		batch.Queue(`UPDATE alumni.member SET created_at = $2 WHERE id = $1`, f.id, f.created)
		if f.held {
			batch.Queue(`INSERT INTO alumni.legal_hold_member (recipient_id, hold) VALUES ($1, 'p/b'), ($1, 'p/a')`, f.id)
		}
		if f.ended != nil {
			batch.Queue(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
				VALUES ($1, 'Network', 'Withdrawn', 'v1', 'Portal', 'portal', $2)`, f.id, *f.ended)
		}
	}
	w.send(batch)
}

// rechecked are those who are still due under their locks.
func (w *world) rechecked(t *rapid.T, compiled *plan.Plan, people []fuller) []uuid.UUID {
	var ids, due []uuid.UUID
	for _, f := range people {
		ids = append(ids, f.id)
	}
	err := pgx.BeginFunc(context.Background(), w.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(context.Background(), sqlLockMembersWait, arrayOf(ids))
		if err != nil {
			return err
		}
		locked, err := readLocked(rows)
		if err != nil {
			return err
		}
		still, err := newSource(Job{}, compiled).recheck(context.Background(), tx, locked)
		for _, p := range still {
			due = append(due, p.id)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return due
}

// TestTheStoreGivesTheDecisionItsFacts holds for the first look and for the second one under the locks: whoever is decided on from
// what was written is found, and nobody else.
func TestTheStoreGivesTheDecisionItsFacts(t *testing.T) {
	w := newWorld(t)
	var erased, kept int
	rapid.Check(t, func(t *rapid.T) {
		w.reset()
		asOf := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 365*48).Draw(t, "asOf")) * 30 * time.Minute)
		people := make([]fuller, rapid.IntRange(5, 25).Draw(t, "people"))
		for i := range people {
			people[i] = drawFuller(t, asOf)
		}
		w.writeFuller(people, asOf)
		compiled, err := plan.Compile(drawWhole(t), asOf)
		if err != nil {
			t.Fatal(err)
		}
		due, err := (&Planner{pool: w.pool, keys: w.keys, source: newSource(Job{}, compiled)}).Plan(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		want, withheld, all := map[string][]uuid.UUID{}, map[string]int64{}, []uuid.UUID(nil)
		for _, f := range people {
			d, concerned := compiled.Decide(f.facts())
			switch {
			case concerned && d.Due():
				want[d.Rule], all = append(want[d.Rule], f.id), append(all, f.id)
				erased++
			case concerned:
				withheld[d.Rule]++
				kept++
			}
		}
		byID := func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }
		for _, ids := range want {
			slices.SortFunc(ids, byID)
		}
		slices.SortFunc(all, byID)
		if !maps.EqualFunc(due.Members, want, slices.Equal) {
			t.Fatalf("the planner says\n%v\nthe decision says\n%v", due.Members, want)
		}
		for _, c := range due.Counts {
			if got := due.withheld(c.Rule).Members; c.Category == plan.Profile && got != withheld[c.Rule] {
				t.Fatalf("rule %s: the planner keeps %d, the decision %d", c.Rule, got, withheld[c.Rule])
			}
		}
		if got := w.rechecked(t, compiled, people); !slices.Equal(got, all) {
			t.Fatalf("under the locks\n%v\nthe decision says\n%v", got, all)
		}
	})
	NewWithT(t).Expect(min(erased, kept)).To(BeNumerically(">", 10), "both were met")
}
