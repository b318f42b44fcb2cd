// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// record is a member as the oracle knows it: the rows as they were written.
type record struct {
	id                            uuid.UUID
	state                         string
	leftOn                        []*time.Time // a row for each; nil is an employment without an end
	lastActive, joined, withdrawn *time.Time
	logs                          []logRecord
}

type logRecord struct {
	run     int // index of a campaign run
	state   string
	sent    *time.Time
	planned time.Time
}

// oracle says by which rule a member is due, in the plainest way: it asks of each rule, on which day the event
// was, walks from there day by day to the day from which the law allows deletion, and looks whether that day has
// come. It shares no code with the planner.
func oracle(r record, rules []settings.RetentionRule, asOf time.Time, zone *time.Location) string {
	today := asOf.In(zone).Format("2006-01-02")
	best, bestDay := "", ""
	for _, rule := range rules {
		event, ok := eventOf(r, rule, zone)
		if !ok {
			continue
		}
		day := walk(event, rule.After)
		if day > today {
			continue
		}
		if best == "" || day < bestDay || (day == bestDay && rule.Name < best) {
			best, bestDay = rule.Name, day
		}
	}
	return best
}

func eventOf(r record, rule settings.RetentionRule, zone *time.Location) (time.Time, bool) {
	takesPart := r.state == "Active" || r.state == "Paused"
	var at *time.Time
	switch rule.Since {
	case "Departed":
		for _, left := range r.leftOn {
			if left == nil {
				return time.Time{}, false
			}
			if at == nil || left.After(*at) {
				at = left
			}
		}
		if takesPart || at == nil {
			return time.Time{}, false
		}
		return *at, true
	case "LastActivity":
		at = r.lastActive
		if at == nil {
			at = r.joined
		}
		if !takesPart || at == nil {
			return time.Time{}, false
		}
	case "MembershipWithdrawn":
		at = r.withdrawn
		if r.state != "Withdrawn" || at == nil {
			return time.Time{}, false
		}
	}
	y, m, d := at.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC), true
}

// walk counts a period of the form PnM or PnD by the Civil Code and returns the day from which deletion is
// allowed.
func walk(event time.Time, after string) string {
	var n int
	var unit byte
	if _, err := fmt.Sscanf(after, "P%d%c", &n, &unit); err != nil {
		panic(err)
	}
	day := event.AddDate(0, 0, 1) // the day of the event is not counted
	if unit == 'D' {
		return day.AddDate(0, 0, n).Format("2006-01-02")
	}
	first := day
	for range n { // month by month: to the corresponding day, or past the end of a month that has none
		month := time.Date(day.Year(), day.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		day = month
	}
	for day.Day() < first.Day() {
		next := day.AddDate(0, 0, 1)
		if next.Month() != day.Month() {
			return next.Format("2006-01-02")
		}
		day = next
	}
	return day.Format("2006-01-02")
}

// settledStates are those of messages about which nothing more can happen.
var settledStates = []string{"Sent", "Failed", "Suppressed", "Skipped", "Expired", "Unknown"}

// drawRecord invents a member whose events lie on and around the days that matter.
func drawRecord(t *rapid.T, asOf time.Time, runs int) record {
	instant := func(name string) *time.Time {
		if rapid.IntRange(0, 4).Draw(t, name+" missing") == 0 {
			return nil
		}
		at := asOf.Add(-time.Duration(rapid.IntRange(0, 130*24).Draw(t, name)) * time.Hour).Truncate(time.Microsecond)
		return &at
	}
	r := record{
		id:         uuid.Must(uuid.NewV7()),
		state:      rapid.SampledFrom([]string{"Listed", "Invited", "Active", "Paused", "Withdrawn"}).Draw(t, "state"),
		lastActive: instant("active"), joined: instant("joined"), withdrawn: instant("withdrawn"),
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "employments") {
		left := instant(fmt.Sprintf("left %d", i))
		if left != nil {
			date := time.Date(left.Year(), left.Month(), left.Day(), 0, 0, 0, 0, time.UTC)
			left = &date
		}
		r.leftOn = append(r.leftOn, left)
	}
	for run := range runs {
		if rapid.Bool().Draw(t, "delivered") {
			planned := instant("planned")
			if planned == nil {
				planned = &asOf
			}
			r.logs = append(r.logs, logRecord{run: run, sent: instant("sent"), planned: *planned,
				state: rapid.SampledFrom(append(settledStates, "Planned", "Claimed", "Deferred")).Draw(t, "delivery")})
		}
	}
	return r
}

func drawRules(t *rapid.T) []settings.RetentionRule {
	var rules []settings.RetentionRule
	for i := range rapid.IntRange(1, 6).Draw(t, "rules") {
		since := rapid.SampledFrom([]string{"Departed", "LastActivity", "MembershipWithdrawn", "Sent"}).Draw(t, "since")
		category := "Profile"
		if since == "Sent" {
			category = "DeliveryLogs"
		}
		after := rapid.SampledFrom([]string{"P0D", "P1D", "P28D", "P30D", "P31D", "P1M", "P2M", "P3M", "P90D"}).Draw(t, "after")
		rules = append(rules, rule(fmt.Sprintf("r%d", i), category, since, after))
	}
	return rules
}

// runStates are those of the runs there are; the last one is still being sent, and the one before it was left behind a
// year ago.
var runStates = []string{"Finished", "Failed", "Sending", "Sending"}

// going is the index of the run that is still being sent.
const going = 3

func TestThePlannerAgreesWithTheOracle(t *testing.T) {
	w := newWorld(t)
	var anybody, several int
	rapid.Check(t, func(t *rapid.T) {
		w.reset()
		zone, err := time.LoadLocation(rapid.SampledFrom([]string{"Asia/Tokyo", "Europe/Berlin", "Pacific/Apia", "UTC"}).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		asOf := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 365*48).Draw(t, "asOf")) * 30 * time.Minute)
		people := make([]record, rapid.IntRange(5, 30).Draw(t, "people"))
		for i := range people {
			people[i] = drawRecord(t, asOf, len(runStates))
		}
		rules := drawRules(t)
		w.write(people, asOf)

		due := w.planAt(t, rules, zone, asOf)
		want := map[string][]uuid.UUID{}
		for _, r := range people {
			if name := oracle(r, profileRules(rules), asOf, zone); name != "" {
				want[name] = append(want[name], r.id)
				anybody++
			}
		}
		for _, ids := range want {
			slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
		}
		if len(want) > 1 {
			several++
		}
		if !maps.EqualFunc(due.Members, want, slices.Equal) {
			t.Fatalf("the planner says\n%v\nthe oracle says\n%v", due.Members, want)
		}
		checkRows(t, due, people, rules, asOf, zone)

		shuffled := slices.Clone(rules)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		r.Shuffle(len(rules), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if again := w.planAt(t, shuffled, zone, asOf); again.Hash != due.Hash {
			t.Fatal("the order of rules changes the fingerprint")
		}
	})
	t.Logf("%d members were due, %d times by several rules", anybody, several)
	NewWithT(t).Expect(anybody).To(BeNumerically(">", 50))
}

func profileRules(rules []settings.RetentionRule) []settings.RetentionRule {
	return slices.DeleteFunc(slices.Clone(rules), func(r settings.RetentionRule) bool { return r.Category != "Profile" })
}

// checkRows counts rows by hand: each once, log rows that are due by themselves before those of members.
func checkRows(t *rapid.T, due Due, people []record, rules []settings.RetentionRule, asOf time.Time, zone *time.Location) {
	var want int64
	for _, r := range people {
		member := oracle(r, profileRules(rules), asOf, zone) != ""
		if member {
			want += int64(1 + len(r.leftOn))
		}
		for _, l := range r.logs {
			if member || logDue(l, rules, asOf, zone) {
				want++
			}
		}
	}
	var got int64
	for _, c := range due.Counts {
		got += c.Rows
	}
	if got != want {
		t.Fatalf("the planner counts %d rows, by hand there are %d: %+v", got, want, due.Counts)
	}
}

func logDue(l logRecord, rules []settings.RetentionRule, asOf time.Time, zone *time.Location) bool {
	if l.run == going || (runStates[l.run] == "Finished" && !slices.Contains(settledStates, l.state)) {
		return false
	}
	at := l.planned
	if l.sent != nil {
		at = *l.sent
	}
	y, m, d := at.In(zone).Date()
	for _, r := range rules {
		if r.Category == "DeliveryLogs" && walk(time.Date(y, m, d, 0, 0, 0, 0, time.UTC), r.After) <= asOf.In(zone).Format("2006-01-02") {
			return true
		}
	}
	return false
}

// write puts the records into the store. Campaign runs began before everything.
func (w *world) write(people []record, asOf time.Time) {
	w.t.Helper()
	batch := &pgx.Batch{}
	for i, state := range runStates {
		deadline := asOf.AddDate(-1, 0, 0)
		if i == going {
			deadline = asOf
		}
		batch.Queue(`INSERT INTO alumni.campaign_run (id, run_name, campaign_uid, campaign, type, generation, state, scheduled_at, deadline, started_at)
			OVERRIDING SYSTEM VALUE VALUES ($1, 'run-' || $1::bigint, 'u', 'c', 'Newsletter', 1, $2, $3, $4, $3)`, i, state, asOf.AddDate(-1, 0, 0), deadline)
	}
	for _, r := range people {
		batch.Queue(`INSERT INTO alumni.member (id, state, family_name, locale, last_active_at, joined_at, withdrawn_at)
			VALUES ($1, $2, '', 'ja', $3, $4, $5)`, r.id, r.state, r.lastActive, r.joined, r.withdrawn)
		for i, left := range r.leftOn {
			batch.Queue(`INSERT INTO alumni.employment (member_id, joined_on, left_on) VALUES ($1, $2, $3)`,
				r.id, time.Date(1990+i, 1, 1, 0, 0, 0, 0, time.UTC), left)
		}
		for _, l := range r.logs {
			batch.Queue(`INSERT INTO alumni.delivery (run_id, member_id, channel, state, sent_at, planned_at) VALUES ($1, $2, 'Email', $3, $4, $5)`,
				l.run, r.id, l.state, l.sent, l.planned)
		}
	}
	w.send(batch)
}

// planAt plans as the retention role.
func (w *world) planAt(t interface{ Fatal(...any) }, rules []settings.RetentionRule, zone *time.Location, asOf time.Time) Due {
	policy := settings.Retention{PolicyUID: "u", Policy: "p", Generation: 1, TimeZone: zone.String(), Mode: "DryRun", Rules: rules}
	compiled, err := plan.Compile(policy, asOf)
	if err != nil {
		t.Fatal(err)
	}
	planner := &Planner{pool: w.pool, keys: w.keys, source: newSource(Job{}, compiled)}
	due, err := planner.Plan(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return due
}

func TestThePlannerCannotWrite(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(t.Context(), w.pool, snapshot, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `DELETE FROM alumni.member`)
		return err
	})
	g.Expect(err).To(MatchError(ContainSubstring("25006")))
}

func TestEventsThatAreNoDatesAreNeverDue(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(someone{state: "Listed", left: days(1)}, someone{state: "Active", active: days(1)}, someone{state: "Withdrawn", withdrawn: days(1)},
		someone{state: "Listed", left: days(9000)})
	for _, infinite := range []string{"infinity", "-infinity"} {
		w.exec(`ALTER TABLE alumni.employment DROP CONSTRAINT IF EXISTS employment_check`)
		w.exec(`UPDATE alumni.employment SET left_on = $1::date WHERE member_id = $2`, infinite, ids[0])
		w.exec(`UPDATE alumni.member SET last_active_at = $1::timestamptz, withdrawn_at = $1::timestamptz WHERE id = ANY ($2)`, infinite, ids[1:3])
		due := w.planAt(t, []settings.RetentionRule{leavers, idle, gone}, time.UTC, time.Now())
		g.Expect(due.Members).To(Equal(map[string][]uuid.UUID{"leavers": ids[3:]}), infinite)
	}
}
