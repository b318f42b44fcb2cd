// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

func minimum(name, category, basis, keep string) settings.RetentionMinimum {
	since := plan.Created
	if category == plan.DeliveryLogs {
		since = plan.Sent
	}
	return settings.RetentionMinimum{Name: name, Category: category, Basis: basis, Since: since, Keep: keep}
}

func TestWhatKeepsAMember(t *testing.T) {
	leavers, gone := rule("leavers", plan.Departed, "P5Y"), rule("gone", plan.MembershipWithdrawn, "P0D")
	law, wish := minimum("law", plan.Profile, plan.Statutory, "P3Y"), minimum("wish", plan.Profile, plan.Business, "P4Y")
	logs := minimum("logs", plan.DeliveryLogs, plan.Statutory, "P1Y")
	left := plan.Facts{State: "Listed", LeftOn: on("2021-03-31"), CreatedAt: at("2024-03-31T15:00:00Z")} // on 1 April, local time
	went := plan.Facts{State: "Withdrawn", WithdrawnAt: at("2026-03-01T00:00:00Z"), CreatedAt: at("2024-03-31T15:00:00Z")}
	with := func(f plan.Facts, change func(*plan.Facts)) plan.Facts { change(&f); return f }
	cases := map[string]struct {
		minimums []settings.RetentionMinimum
		facts    plan.Facts
		kept     string
		from     string
	}{
		"nothing":                                 {nil, left, "", "2026-04-01"},
		"a duty by law":                           {[]settings.RetentionMinimum{law}, left, "law", "2027-04-02"},
		"a wish of the business":                  {[]settings.RetentionMinimum{wish}, left, "wish", "2028-04-02"},
		"the longer of both":                      {[]settings.RetentionMinimum{law, wish}, left, "wish", "2028-04-02"},
		"a law also who left":                     {[]settings.RetentionMinimum{law}, went, "law", "2027-04-02"},
		"no wish who left":                        {[]settings.RetentionMinimum{wish}, went, "", "2026-03-02"},
		"of both, only the law who left":          {[]settings.RetentionMinimum{law, wish}, went, "law", "2027-04-02"},
		"a duty that is over":                     {[]settings.RetentionMinimum{minimum("short", plan.Profile, plan.Statutory, "P1Y")}, left, "", "2026-04-01"},
		"a duty of which nobody knows since":      {[]settings.RetentionMinimum{law}, with(left, func(f *plan.Facts) { f.CreatedAt = nil }), "law", ""},
		"a duty to keep their log rows":           {[]settings.RetentionMinimum{logs}, with(left, func(f *plan.Facts) { f.LastLog = at("2025-06-01T00:00:00Z") }), "logs", "2026-06-02"},
		"no duty to keep rows that they have not": {[]settings.RetentionMinimum{logs}, left, "", "2026-04-01"},
		"no wish to keep log rows": {[]settings.RetentionMinimum{minimum("logs", plan.DeliveryLogs, plan.Business, "P9Y")},
			with(left, func(f *plan.Facts) { f.LastLog = at("2025-06-01T00:00:00Z") }), "", "2026-04-01"},
		"of two that end together, the first by name": {[]settings.RetentionMinimum{minimum("b", plan.Profile, plan.Statutory, "P3Y"),
			minimum("a", plan.Profile, plan.Statutory, "P36M")}, left, "a", "2027-04-02"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			declared := policy(leavers, gone)
			declared.Minimums = c.minimums
			p, err := plan.Compile(declared, asOf)
			g.Expect(err).NotTo(HaveOccurred())
			d, concerned := p.Decide(c.facts)
			g.Expect(concerned).To(BeTrue())
			g.Expect(d.Due()).To(Equal(c.kept == ""))
			if !d.Due() {
				g.Expect(d.Kept.Name).To(Equal(c.kept))
			}
			if c.from != "" {
				g.Expect(d.From.String()).To(Equal(c.from))
			}
		})
	}
}

func TestWhenTheCeilingIsReached(t *testing.T) {
	wish, law := minimum("wish", plan.Profile, plan.Business, "P9Y"), minimum("law", plan.Profile, plan.Statutory, "P9Y")
	old := at("2021-03-31T00:00:00Z")
	cases := map[string]struct {
		minimums []settings.RetentionMinimum
		facts    plan.Facts
		due      bool
		kept     string
	}{
		"nothing was heard of somebody who never joined": {nil, plan.Facts{State: "Listed", CreatedAt: old}, true, ""},
		"they were listed a day later":                   {nil, plan.Facts{State: "Listed", CreatedAt: at("2021-04-01T00:00:00Z")}, false, ""},
		"they left the company since":                    {nil, plan.Facts{State: "Invited", CreatedAt: old, LeftOn: on("2021-04-01")}, false, ""},
		"they still work for the company":                {nil, plan.Facts{State: "Listed", CreatedAt: old, Employed: true}, false, ""},
		"a member who is not seen any more":              {nil, plan.Facts{State: "Active", CreatedAt: old, LastActivity: old, Employed: true}, true, ""},
		"a member who was seen":                          {nil, plan.Facts{State: "Paused", CreatedAt: old, LastActivity: at("2022-03-31T00:00:00Z")}, false, ""},
		"nobody knows since when they are listed":        {nil, plan.Facts{State: "Listed", LeftOn: on("2001-04-01")}, false, ""},
		"a wish to keep them gives way":                  {[]settings.RetentionMinimum{wish}, plan.Facts{State: "Listed", CreatedAt: old}, true, ""},
		"the law does not":                               {[]settings.RetentionMinimum{law}, plan.Facts{State: "Listed", CreatedAt: old}, false, "law"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			declared := policy()
			declared.Minimums, declared.Ceiling = c.minimums, &settings.RetentionCeiling{Since: plan.LastActivity, After: "P5Y"}
			p, err := plan.Compile(declared, asOf)
			g.Expect(err).NotTo(HaveOccurred())
			d, concerned := p.Decide(c.facts)
			g.Expect(concerned).To(Equal(c.due || c.kept != ""))
			if concerned {
				g.Expect(d.Rule).To(Equal(plan.Ceiling))
				g.Expect(d.Due()).To(Equal(c.due))
			}
		})
	}
}

func TestACeilingThatContradictsAWishIsSeen(t *testing.T) {
	for keep, fits := range map[string]bool{"P5Y": true, "P60M": true, "P61M": false} {
		t.Run(keep, func(t *testing.T) {
			g := NewWithT(t)
			declared := policy()
			declared.Ceiling = &settings.RetentionCeiling{Since: plan.LastActivity, After: "P5Y"}
			declared.Minimums = []settings.RetentionMinimum{minimum("wish", plan.Profile, plan.Business, keep), minimum("law", plan.Profile, plan.Statutory, "P30Y")}
			p, err := plan.Compile(declared, asOf)
			g.Expect(err).NotTo(HaveOccurred())
			if fits {
				g.Expect(p.Contradiction()).To(Succeed())
			} else {
				g.Expect(p.Contradiction()).To(MatchError(ContainSubstring(`minimum "wish" keeps for P61M, and the ceiling ends that after P5Y`)))
			}
		})
	}
}

func TestACeilingThatIsNotUnderstoodIsRefused(t *testing.T) {
	for name, c := range map[string]settings.RetentionCeiling{"an event": {Since: plan.Departed, After: "P5Y"}, "no event": {After: "P5Y"}, "a period": {Since: plan.LastActivity, After: "5"}} {
		t.Run(name, func(t *testing.T) {
			declared := policy()
			declared.Ceiling = &c
			_, err := plan.Compile(declared, asOf)
			NewWithT(t).Expect(err).To(MatchError(plan.ErrPolicy))
		})
	}
	_, err := plan.Compile(policy(rule(plan.Ceiling, plan.Departed, "P5Y")), asOf)
	NewWithT(t).Expect(err).To(MatchError(plan.ErrPolicy), "no rule is called so")
}

func TestOnlyTheLawKeepsWhoAskedToBeErased(t *testing.T) {
	g := NewWithT(t)
	declared := policy()
	declared.Minimums = []settings.RetentionMinimum{minimum("law", plan.Profile, plan.Statutory, "P3Y"), minimum("wish", plan.Profile, plan.Business, "P9Y")}
	p, err := plan.Compile(declared, asOf)
	g.Expect(err).NotTo(HaveOccurred())
	d := p.Law(plan.Facts{CreatedAt: at("2024-03-31T15:00:00Z")})
	g.Expect(d.Keeper()).To(Equal("law"))
	g.Expect(d.From.String()).To(Equal("2027-04-02"))
	d = p.Law(plan.Facts{CreatedAt: at("2020-03-31T15:00:00Z")})
	g.Expect(d.Due()).To(BeTrue())
	g.Expect(d.From.String()).To(Equal("2026-04-01"))
	d = p.Law(plan.Facts{CreatedAt: at("2020-03-31T15:00:00Z"), Hold: "p/dispute"})
	g.Expect(d.Due()).To(BeFalse())
	g.Expect(d.Keeper()).To(Equal("p/dispute"))
}

func TestTheLongestMinimumKeepsLogRows(t *testing.T) {
	g := NewWithT(t)
	declared := policy(rule("logs", plan.Sent, "P1M"))
	declared.Minimums = []settings.RetentionMinimum{minimum("a", plan.DeliveryLogs, plan.Business, "P1Y"), minimum("b", plan.DeliveryLogs, plan.Statutory, "P2Y"),
		minimum("c", plan.Profile, plan.Statutory, "P9Y")}
	p, err := plan.Compile(declared, asOf)
	g.Expect(err).NotTo(HaveOccurred())
	keep, kept := p.LogKeep()
	g.Expect(kept).To(BeTrue())
	g.Expect(keep.Name).To(Equal("b"))
	_, kept = compile(t).LogKeep()
	g.Expect(kept).To(BeFalse())
}

func TestMinimumsThatAreNotUnderstoodAreRefused(t *testing.T) {
	for name, change := range map[string]func(*settings.RetentionMinimum){
		"a category":                   func(m *settings.RetentionMinimum) { m.Category = "Posts" },
		"an event of another category": func(m *settings.RetentionMinimum) { m.Since = plan.Sent },
		"no event":                     func(m *settings.RetentionMinimum) { m.Since = "" },
		"neither category nor event":   func(m *settings.RetentionMinimum) { m.Category, m.Since = "", "" },
		"a basis":                      func(m *settings.RetentionMinimum) { m.Basis = "Habit" },
		"a period":                     func(m *settings.RetentionMinimum) { m.Keep = "3 years" },
		"a name that is empty":         func(m *settings.RetentionMinimum) { m.Name = "" },
		"a name that is used twice":    func(m *settings.RetentionMinimum) { m.Name = "other" },
	} {
		t.Run(name, func(t *testing.T) {
			declared := policy()
			declared.Minimums = []settings.RetentionMinimum{minimum("good", plan.Profile, plan.Statutory, "P3Y"), minimum("other", plan.Profile, plan.Statutory, "P3Y")}
			change(&declared.Minimums[0])
			_, err := plan.Compile(declared, asOf)
			NewWithT(t).Expect(err).To(MatchError(plan.ErrPolicy))
		})
	}
}

// model is the formula in the plainest words: it goes through the days from the oldest event on, and asks of each whether everything
// allows to erase on it. Ends of periods are its own; only the calendar is shared.
type model struct {
	zone  *time.Location
	facts plan.Facts
	rules []settings.RetentionRule
	keeps []settings.RetentionMinimum
	end   *settings.RetentionCeiling
}

// over says whether a period after an event is over on a day.
func (m model) over(after string, event *calendar.Date, day calendar.Date) bool {
	p, err := calendar.ParsePeriod(after)
	if err != nil {
		panic(err)
	}
	return event != nil && calendar.DeletableFrom(*event, p) <= day
}

func (m model) date(t *time.Time) *calendar.Date {
	if t == nil {
		return nil
	}
	d := calendar.DateOf(*t, m.zone)
	return &d
}

// event is the one that a rule counts from for this member.
func (m model) event(since string) *calendar.Date {
	takesPart := m.facts.State == "Active" || m.facts.State == "Paused"
	switch {
	case since == plan.Departed && !takesPart && !m.facts.Employed:
		return m.facts.LeftOn
	case since == plan.LastActivity && takesPart:
		return m.date(m.facts.LastActivity)
	case since == plan.MembershipWithdrawn && m.facts.State == "Withdrawn":
		return m.date(m.facts.WithdrawnAt)
	case since == plan.ConsentEnded:
		return m.date(m.facts.ConsentEnded)
	case since == plan.Created && (m.facts.State == "Listed" || m.facts.State == "Invited") && !m.facts.Employed:
		return m.date(m.facts.CreatedAt)
	default:
		return nil
	}
}

// mayOn says whether the member may be erased on a day, and whether a rule alone wants it.
func (m model) mayOn(day calendar.Date) (may, wanted bool) {
	lawful, convenient, right, rule := m.facts.Hold == "", true, false, false
	for _, k := range m.keeps {
		since := m.date(m.facts.CreatedAt)
		if k.Category == plan.DeliveryLogs {
			if since = m.date(m.facts.LastLog); since == nil || k.Basis == plan.Business {
				continue
			}
		}
		if !m.over(k.Keep, since, day) {
			if k.Basis == plan.Statutory {
				lawful = false
			} else {
				convenient = false
			}
		}
	}
	for _, r := range m.rules {
		event := m.event(r.Since)
		takesPart := m.facts.State == "Active" || m.facts.State == "Paused"
		if event == nil && r.IfMissing == plan.UseCreated && (r.Since == plan.LastActivity && takesPart || r.Since == plan.Departed && !takesPart && !m.facts.Employed) {
			event = m.date(m.facts.CreatedAt)
		}
		if m.over(r.After, event, day) {
			if r.Since == plan.MembershipWithdrawn || r.Since == plan.ConsentEnded {
				right = true
			} else {
				rule = true
			}
		}
	}
	if m.end != nil && m.facts.CreatedAt != nil {
		events := []*calendar.Date{m.date(m.facts.CreatedAt), m.date(m.facts.LastActivity), m.date(m.facts.WithdrawnAt)}
		takesPart := m.facts.State == "Active" || m.facts.State == "Paused"
		if !takesPart {
			events = append(events, m.facts.LeftOn)
		}
		over := takesPart || !m.facts.Employed
		for _, e := range events {
			over = over && (e == nil || m.over(m.end.After, e, day))
		}
		right = right || over
	}
	return lawful && (right || rule && convenient), right || rule
}

func drawMinimums(t *rapid.T) []settings.RetentionMinimum {
	var all []settings.RetentionMinimum
	for i := range rapid.IntRange(0, 4).Draw(t, "minimums") {
		all = append(all, minimum(string(rune('m'+i)), rapid.SampledFrom([]string{plan.Profile, plan.Profile, plan.DeliveryLogs}).Draw(t, "category"),
			rapid.SampledFrom([]string{plan.Statutory, plan.Business}).Draw(t, "basis"),
			rapid.SampledFrom([]string{"P0D", "P20D", "P1M", "P3M", "P5M"}).Draw(t, "keep")))
	}
	return all
}

func drawPolicy(t *rapid.T) settings.Retention {
	var rules []settings.RetentionRule
	for i := range rapid.IntRange(0, 4).Draw(t, "rules") {
		rules = append(rules, drawRule(t, string(rune('a'+i))))
	}
	declared := policy(rules...)
	declared.Minimums = drawMinimums(t)
	if rapid.Bool().Draw(t, "ceiling") {
		declared.Ceiling = &settings.RetentionCeiling{Since: plan.LastActivity, After: rapid.SampledFrom([]string{"P1M", "P2M", "P4M"}).Draw(t, "end")}
	}
	return declared
}

func shuffled[T any](t *rapid.T, all []T) []T {
	again := slices.Clone(all)
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
	return again
}

func mustCompile(t *rapid.T, declared settings.Retention) *plan.Plan {
	p, err := plan.Compile(declared, asOf)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheDecisionIsThatOfTheFormula(t *testing.T) {
	due, kept := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		declared := drawPolicy(t)
		p := mustCompile(t, declared)
		declared.Rules, declared.Minimums = shuffled(t, declared.Rules), shuffled(t, declared.Minimums)
		again := mustCompile(t, declared)
		one, err := p.Digest()
		if two, err2 := again.Digest(); err != nil || err2 != nil || one != two {
			t.Fatal("the order of rules or minimums changes the fingerprint")
		}
		for range 20 {
			facts := drawFacts(t)
			d, concerned := p.Decide(facts)
			agrees(t, model{zone: p.Zone, facts: facts, rules: declared.Rules, keeps: declared.Minimums, end: declared.Ceiling}, d, concerned)
			same, _ := again.Decide(facts)
			if same.Rule != d.Rule || same.From != d.From || same.Due() != d.Due() || same.Keeper() != d.Keeper() {
				t.Fatal("the order of rules or minimums changes the decision")
			}
			if concerned && d.Due() {
				due++
			} else if concerned {
				kept++
			}
		}
	})
	NewWithT(t).Expect(min(due, kept)).To(BeNumerically(">", 50), "both were met")
}

// agrees compares a decision with the formula, on every day around it.
func agrees(t *rapid.T, m model, d plan.Decision, concerned bool) {
	today := calendar.DateOf(asOf, m.zone)
	may, wanted := m.mayOn(today)
	if concerned != wanted {
		t.Fatalf("the plan concerns the member: %t; by the formula: %t", concerned, wanted)
	}
	if !concerned {
		return
	}
	if d.Due() != may {
		t.Fatalf("the member is due: %t; by the formula: %t", d.Due(), may)
	}
	if held := concerned && m.facts.Hold != ""; held && d.Keeper() != m.facts.Hold {
		t.Fatalf("on hold %q, the plan says that %q keeps", m.facts.Hold, d.Keeper())
	}
	for day := today - 400; day < d.From && day < today+400; day++ {
		if may, _ := m.mayOn(day); may {
			t.Fatalf("by the formula already on %s, by the plan from %s", day, d.From)
		}
	}
	if may, _ := m.mayOn(d.From); !may && d.From < today+400 {
		t.Fatalf("by the formula not yet on %s", d.From)
	}
}

func TestAHoldKeepsWhoeverIsDueAndConcernsNobodyElse(t *testing.T) {
	held := 0
	rapid.Check(t, func(t *rapid.T) {
		p, facts := mustCompile(t, drawPolicy(t)), drawFacts(t)
		facts.Hold = ""
		before, was := p.Decide(facts)
		facts.Hold = "p/dispute"
		after, is := p.Decide(facts)
		if was != is || is && (after.Due() || after.Keeper() != "p/dispute" || after.Rule == "") {
			t.Fatal("a hold changes whom rules concern, or does not keep them")
		}
		if is && before.Due() {
			held++
		}
	})
	NewWithT(t).Expect(held).To(BeNumerically(">", 5), "somebody was kept")
}

func TestAMinimumMoreNeverMakesAnythingEarlier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, declared := drawFacts(t), drawPolicy(t)
		fewer, err := plan.Compile(declared, asOf)
		if err != nil {
			t.Fatal(err)
		}
		extra := minimum("z", plan.Profile, rapid.SampledFrom([]string{plan.Statutory, plan.Business}).Draw(t, "basis"), "P2M")
		declared.Minimums = append(slices.Clone(declared.Minimums), extra)
		more, err := plan.Compile(declared, asOf)
		if err != nil {
			t.Fatal(err)
		}
		before, was := fewer.Decide(facts)
		after, is := more.Decide(facts)
		if was != is || is && after.From < before.From {
			t.Fatal("a further minimum erases earlier")
		}
		if is && after.Due() && !before.Due() {
			t.Fatal("a further minimum makes somebody due")
		}
	})
}
