// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

var asOf = time.Date(2026, 4, 1, 0, 30, 0, 0, time.FixedZone("JST", 9*60*60))

func rule(name, since, after string) settings.RetentionRule {
	category := plan.Profile
	if since == plan.Sent {
		category = plan.DeliveryLogs
	}
	return settings.RetentionRule{Name: name, Category: category, Since: since, After: after, Action: plan.ActionDelete}
}

func policy(rules ...settings.RetentionRule) settings.Retention {
	return settings.Retention{PolicyUID: "uid", Policy: "group-default", Generation: 3, TimeZone: "Asia/Tokyo", Rules: rules}
}

// missing makes a rule count from the listing where its event is not known.
func missing(r settings.RetentionRule) settings.RetentionRule {
	r.IfMissing = plan.UseCreated
	return r
}

func compile(t testing.TB, rules ...settings.RetentionRule) *plan.Plan {
	t.Helper()
	p, err := plan.Compile(policy(rules...), asOf)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func on(s string) *calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return &d
}

func at(s string) *time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return &t
}

func TestVerdicts(t *testing.T) {
	leavers, idle, gone := rule("leavers", plan.Departed, "P5Y"), rule("idle", plan.LastActivity, "P3Y"), rule("gone", plan.MembershipWithdrawn, "P30D")
	cases := map[string]struct {
		rules []settings.RetentionRule
		facts plan.Facts
		want  string // empty: not due
	}{
		"five years have passed since they left":          {[]settings.RetentionRule{leavers}, plan.Facts{State: "Listed", LeftOn: on("2021-03-31")}, "leavers"},
		"five years have not passed yet":                  {[]settings.RetentionRule{leavers}, plan.Facts{State: "Listed", LeftOn: on("2021-04-01")}, ""},
		"they were invited and never came":                {[]settings.RetentionRule{leavers}, plan.Facts{State: "Invited", LeftOn: on("2010-03-31")}, "leavers"},
		"they take part in the network":                   {[]settings.RetentionRule{leavers}, plan.Facts{State: "Active", LeftOn: on("2010-03-31")}, ""},
		"they keep their distance":                        {[]settings.RetentionRule{leavers}, plan.Facts{State: "Paused", LeftOn: on("2010-03-31")}, ""},
		"they were hired again":                           {[]settings.RetentionRule{leavers}, plan.Facts{State: "Listed", LeftOn: on("2010-03-31"), Employed: true}, ""},
		"nobody knows when they left":                     {[]settings.RetentionRule{leavers}, plan.Facts{State: "Listed"}, ""},
		"they were last seen three years ago, local time": {[]settings.RetentionRule{idle}, plan.Facts{State: "Active", LastActivity: at("2023-03-31T14:59:59Z")}, "idle"},
		"they were seen a second later, on the next day":  {[]settings.RetentionRule{idle}, plan.Facts{State: "Active", LastActivity: at("2023-03-31T15:00:00Z")}, ""},
		"idle rules are for members only":                 {[]settings.RetentionRule{idle}, plan.Facts{State: "Listed", LastActivity: at("2010-01-01T00:00:00Z")}, ""},
		"nothing is known of a member's activity":         {[]settings.RetentionRule{idle}, plan.Facts{State: "Paused"}, ""},
		"they withdrew thirty days ago":                   {[]settings.RetentionRule{gone}, plan.Facts{State: "Withdrawn", WithdrawnAt: at("2026-03-01T00:00:00+09:00")}, "gone"},
		"they withdrew and came back":                     {[]settings.RetentionRule{gone}, plan.Facts{State: "Active", WithdrawnAt: at("2020-03-01T00:00:00+09:00")}, ""},
		"of two rules, the one that fell due first":       {[]settings.RetentionRule{leavers, gone}, plan.Facts{State: "Withdrawn", LeftOn: on("2021-03-31"), WithdrawnAt: at("2026-02-01T00:00:00+09:00")}, "gone"},
		"and the other way round":                         {[]settings.RetentionRule{leavers, gone}, plan.Facts{State: "Withdrawn", LeftOn: on("2020-03-31"), WithdrawnAt: at("2026-02-01T00:00:00+09:00")}, "leavers"},
		"on the same day, the first by name":              {[]settings.RetentionRule{rule("b", plan.Departed, "P1M"), rule("a", plan.Departed, "P1M")}, plan.Facts{State: "Listed", LeftOn: on("2020-03-31")}, "a"},
		"the shorter of two periods of one event":         {[]settings.RetentionRule{rule("a", plan.Departed, "P2Y"), rule("b", plan.Departed, "P1Y")}, plan.Facts{State: "Listed", LeftOn: on("2020-03-31")}, "b"},
		"rules for logs say nothing of members":           {[]settings.RetentionRule{rule("logs", plan.Sent, "P0D")}, plan.Facts{State: "Listed", LeftOn: on("2020-03-31")}, ""},
		"they withdrew their consent":                     {[]settings.RetentionRule{rule("ended", plan.ConsentEnded, "P30D")}, plan.Facts{State: "Active", ConsentEnded: at("2026-03-01T00:00:00+09:00")}, "ended"},
		"they gave it again, or never did":                {[]settings.RetentionRule{rule("ended", plan.ConsentEnded, "P30D")}, plan.Facts{State: "Active"}, ""},
		"they never joined":                               {[]settings.RetentionRule{rule("old", plan.Created, "P5Y")}, plan.Facts{State: "Invited", CreatedAt: at("2021-03-31T00:00:00Z")}, "old"},
		"they joined":                                     {[]settings.RetentionRule{rule("old", plan.Created, "P5Y")}, plan.Facts{State: "Active", CreatedAt: at("2011-03-31T00:00:00Z")}, ""},
		"they never left the company":                     {[]settings.RetentionRule{rule("old", plan.Created, "P5Y")}, plan.Facts{State: "Listed", CreatedAt: at("2011-03-31T00:00:00Z"), Employed: true}, ""},
		"a departure that nobody knows":                   {[]settings.RetentionRule{missing(leavers)}, plan.Facts{State: "Listed", CreatedAt: at("2021-03-31T00:00:00Z")}, "leavers"},
		"a departure that is known":                       {[]settings.RetentionRule{missing(leavers)}, plan.Facts{State: "Listed", CreatedAt: at("2011-03-31T00:00:00Z"), LeftOn: on("2022-03-31")}, ""},
		"no departure, for they still work":               {[]settings.RetentionRule{missing(leavers)}, plan.Facts{State: "Listed", CreatedAt: at("2011-03-31T00:00:00Z"), Employed: true}, ""},
		"an activity that nobody knows":                   {[]settings.RetentionRule{missing(idle)}, plan.Facts{State: "Paused", CreatedAt: at("2021-03-31T00:00:00Z")}, "idle"},
		"nobody knows anything at all":                    {[]settings.RetentionRule{missing(idle)}, plan.Facts{State: "Paused"}, ""},
		"no rules, nobody":                                {nil, plan.Facts{State: "Listed", LeftOn: on("1990-03-31")}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := compile(t, c.rules...)
			d, concerned := p.Decide(c.facts)
			g := NewWithT(t)
			g.Expect(d.Rule).To(Equal(c.want))
			g.Expect(concerned).To(Equal(c.want != ""))
			g.Expect(d.Kept).To(BeNil())
		})
	}
}

func TestWhatIsNotUnderstoodIsRefusedWhole(t *testing.T) {
	change := map[string]func(*settings.Retention){
		"a zone":                       func(p *settings.Retention) { p.TimeZone = "Local" },
		"a category":                   func(p *settings.Retention) { p.Rules[0].Category = "Posts" },
		"an event":                     func(p *settings.Retention) { p.Rules[0].Since = "Birthday" },
		"an event of another category": func(p *settings.Retention) { p.Rules[0].Since = plan.Sent },
		"an action":                    func(p *settings.Retention) { p.Rules[0].Action = "Anonymise" },
		"no action":                    func(p *settings.Retention) { p.Rules[0].Action = "" },
		"a period":                     func(p *settings.Retention) { p.Rules[0].After = "5 years" },
		"what is done without event":   func(p *settings.Retention) { p.Rules[0].IfMissing = "Review" },
		"an event that cannot miss":    func(p *settings.Retention) { p.Rules[0].Since, p.Rules[0].IfMissing = plan.Created, plan.UseCreated },
		"a name that is used twice":    func(p *settings.Retention) { p.Rules = append(p.Rules, p.Rules[0]) },
		"a name that is empty":         func(p *settings.Retention) { p.Rules[0].Name = "" },
	}
	for name, change := range change {
		t.Run(name, func(t *testing.T) {
			p := policy(rule("good", plan.Departed, "P5Y"), rule("better", plan.LastActivity, "P3Y"))
			change(&p)
			_, err := plan.Compile(p, asOf)
			NewWithT(t).Expect(err).To(MatchError(plan.ErrPolicy))
		})
	}
}

func TestLimitsAreTheWidestOfAllRules(t *testing.T) {
	g := NewWithT(t)
	p := compile(t, rule("a", plan.Departed, "P5Y"), rule("b", plan.Departed, "P3Y"), rule("c", plan.Sent, "P2Y"), rule("d", plan.Sent, "P1Y"))
	limits := p.Limits()
	g.Expect(limits.LeftOn.String()).To(Equal("2023-03-31"))
	g.Expect(limits.Logs.Format(time.RFC3339)).To(Equal("2025-03-31T15:00:00Z"))
	g.Expect(limits.LastActivity).To(BeNil())
	g.Expect(limits.WithdrawnAt).To(BeNil())
	logs, ok := p.LogRule()
	g.Expect(ok).To(BeTrue())
	g.Expect(logs.Name).To(Equal("d"))
	_, ok = compile(t).LogRule()
	g.Expect(ok).To(BeFalse())
}

func TestFingerprintsDependOnWhatIsPlannedAndOnNothingElse(t *testing.T) {
	g := NewWithT(t)
	a, b := rule("a", plan.Departed, "P5Y"), rule("b", plan.LastActivity, "P3Y")
	counts := []plan.Count{{Rule: "a", Category: plan.Profile, Members: 3, Rows: 9}, {Rule: "b", Category: plan.Profile, Members: 1, Rows: 2}}
	hash := func(p *plan.Plan, counts []plan.Count, members byte) [32]byte {
		h, err := p.Hash(counts, [32]byte{members})
		g.Expect(err).NotTo(HaveOccurred())
		return h
	}
	base := hash(compile(t, a, b), counts, 1)
	reversed := slices.Clone(counts)
	slices.Reverse(reversed)
	g.Expect(hash(compile(t, b, a), reversed, 1)).To(Equal(base), "neither the order of rules nor that of counts")
	later, err := plan.Compile(policy(a, b), asOf.Add(time.Hour))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(hash(later, counts, 1)).To(Equal(base), "nor the hour of the day")

	fewer := slices.Clone(counts)
	fewer[0].Members = 2
	g.Expect(hash(compile(t, a, b), fewer, 1)).NotTo(Equal(base))
	g.Expect(hash(compile(t, a, b), counts, 2)).NotTo(Equal(base))
	g.Expect(hash(compile(t, a), counts, 1)).NotTo(Equal(base))
	tomorrow, err := plan.Compile(policy(a, b), asOf.AddDate(0, 0, 1))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(hash(tomorrow, counts, 1)).NotTo(Equal(base))

	digest, err := compile(t, a, b).Digest()
	g.Expect(err).NotTo(HaveOccurred())
	again, err := tomorrow.Digest()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(again).To(Equal(digest), "a digest is of the rules alone")
}

func drawFacts(t *rapid.T) plan.Facts {
	day := func(name string) *calendar.Date {
		if rapid.Bool().Draw(t, "no "+name) {
			return nil
		}
		d := calendar.DateOf(asOf, time.UTC) - calendar.Date(rapid.IntRange(0, 120).Draw(t, name))
		return &d
	}
	instant := func(name string) *time.Time {
		if d := day(name); d != nil {
			i := d.UTC()
			return &i
		}
		return nil
	}
	return plan.Facts{
		State:  rapid.SampledFrom([]string{"Listed", "Invited", "Active", "Paused", "Withdrawn"}).Draw(t, "state"),
		LeftOn: day("left"), Employed: rapid.Bool().Draw(t, "employed"), LastActivity: instant("active"), WithdrawnAt: instant("withdrawn"),
		CreatedAt: instant("created"), LastLog: instant("log"), ConsentEnded: instant("ended"),
		Hold: rapid.SampledFrom([]string{"", "", "", "p/dispute"}).Draw(t, "hold"),
	}
}

func drawRule(t *rapid.T, name string) settings.RetentionRule {
	since := rapid.SampledFrom([]string{plan.Departed, plan.LastActivity, plan.MembershipWithdrawn, plan.ConsentEnded, plan.Created}).Draw(t, "since")
	missing := ""
	if since == plan.Departed || since == plan.LastActivity {
		missing = rapid.SampledFrom([]string{"", plan.UseCreated}).Draw(t, "missing")
	}
	r := rule(name, since, rapid.SampledFrom([]string{"P0D", "P30D", "P1M", "P2M", "P3M"}).Draw(t, "after"))
	r.IfMissing = missing
	return r
}

func TestARuleMoreNeverMakesAnythingLater(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := drawFacts(t)
		rules := []settings.RetentionRule{drawRule(t, "a"), drawRule(t, "b")}
		for i := 0; i < 100; i += 5 {
			day := asOf.AddDate(0, 0, i)
			fewer, err := plan.Compile(policy(rules...), day)
			if err != nil {
				t.Fatal(err)
			}
			more, err := plan.Compile(policy(append(slices.Clone(rules), drawRule(t, "c"))...), day)
			if err != nil {
				t.Fatal(err)
			}
			_, before := fewer.Decide(facts)
			if _, after := more.Decide(facts); before && !after {
				t.Fatal("a further rule keeps what was due")
			}
		}
	})
}

func TestWhoeverIsDuePassesTheSieve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := drawFacts(t)
		p, err := plan.Compile(drawPolicy(t), asOf)
		if err != nil {
			t.Fatal(err)
		}
		l := p.Limits()
		passes := (l.LeftOn != nil && facts.LeftOn != nil && *facts.LeftOn <= *l.LeftOn) ||
			(l.LastActivity != nil && facts.LastActivity != nil && facts.LastActivity.Before(*l.LastActivity)) ||
			(l.WithdrawnAt != nil && facts.WithdrawnAt != nil && facts.WithdrawnAt.Before(*l.WithdrawnAt)) ||
			(l.ConsentEnded != nil && facts.ConsentEnded != nil && facts.ConsentEnded.Before(*l.ConsentEnded)) ||
			(l.Created != nil && facts.CreatedAt != nil && facts.CreatedAt.Before(*l.Created) && (!facts.Employed || facts.State == "Active" || facts.State == "Paused")) ||
			(l.Known != nil && facts.CreatedAt != nil && facts.CreatedAt.Before(*l.Known) &&
				(facts.LastActivity == nil || facts.LastActivity.Before(*l.Known)) && (facts.WithdrawnAt == nil || facts.WithdrawnAt.Before(*l.Known)))
		if _, due := p.Decide(facts); due && !passes {
			t.Fatal("the sieve keeps back somebody who is due")
		}
	})
}
