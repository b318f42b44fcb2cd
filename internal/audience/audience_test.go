// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package audience_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/audience"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/survey"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }

func TestBadExpressionsAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		expression settings.MatchExpression
		want       string
	}{
		"an unknown field":          {settings.MatchExpression{Field: "salary", Operator: "In", Values: []string{"1"}}, `matchExpressions[0]: unknown field "salary"`},
		"SQL as a field":            {settings.MatchExpression{Field: "region; DROP TABLE alumni.member", Operator: "Exists"}, "unknown field"},
		"an unknown operator":       {settings.MatchExpression{Field: "region", Operator: "Like", Values: []string{"a"}}, `unknown operator "Like"`},
		"In without values":         {settings.MatchExpression{Field: "region", Operator: "In"}, "needs at least one value"},
		"Exists with values":        {settings.MatchExpression{Field: "region", Operator: "Exists", Values: []string{"a"}}, "takes no values"},
		"Gt of a text":              {settings.MatchExpression{Field: "region", Operator: "Gt", Values: []string{"1"}}, "goes with numbers"},
		"Gt of a word":              {settings.MatchExpression{Field: "tenureMonths", Operator: "Gt", Values: []string{"one"}}, "takes one whole number"},
		"Gt of two numbers":         {settings.MatchExpression{Field: "tenureMonths", Operator: "Gt", Values: []string{"1", "2"}}, "takes one whole number"},
		"Gt of a number that large": {settings.MatchExpression{Field: "tenureMonths", Operator: "Gt", Values: []string{"100000"}}, "takes one whole number"},
		"Gt of a negative number":   {settings.MatchExpression{Field: "tenureMonths", Operator: "Gt", Values: []string{"-1"}}, "takes one whole number"},
		"In of months":              {settings.MatchExpression{Field: "tenureMonths", Operator: "In", Values: []string{"1"}}, "compared by Gt and Lt"},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(audience.Validate(settings.Campaign{MatchExpressions: []settings.MatchExpression{c.expression}})).To(MatchError(ContainSubstring(c.want)))
		})
	}
}

func TestWhoAnsweredIsKnownOfACampaignsOwnSurveyAlone(t *testing.T) {
	g := NewWithT(t)
	validate := func(operator string, asks bool, values ...string) error {
		c := settings.Campaign{UID: "u", Steps: []settings.Step{{ExitWhen: []settings.MatchExpression{{Field: "surveyAnswered", Operator: operator, Values: values}}}}}
		if asks {
			c.Survey = &survey.Definition{}
		}
		return audience.Validate(c)
	}
	g.Expect(validate("Exists", true)).To(Succeed())
	g.Expect(validate("DoesNotExist", true)).To(Succeed())
	g.Expect(validate("Exists", false)).To(MatchError(ContainSubstring("steps[0]: exitWhen[0]: surveyAnswered is of the campaign's own survey, and it has none")))
	g.Expect(validate("In", true, "a")).To(MatchError(ContainSubstring("surveyAnswered goes with Exists and DoesNotExist")))
	g.Expect(validate("Gt", true, "1")).To(MatchError(ContainSubstring("surveyAnswered goes with Exists and DoesNotExist")))
	g.Expect(validate("Exists", true, "a")).To(MatchError(ContainSubstring("takes no values")))
	g.Expect(audience.Validate(settings.Campaign{Survey: &survey.Definition{}, MatchExpressions: []settings.MatchExpression{{Field: "surveyAnswered", Operator: "Exists"}}})).
		To(MatchError(ContainSubstring("matchExpressions[0]: surveyAnswered goes with exitWhen of steps alone")))
}

func TestEveryBadExpressionIsNamed(t *testing.T) {
	err := audience.Validate(settings.Campaign{MatchExpressions: []settings.MatchExpression{{Field: "x"}, {Field: "region", Operator: "Exists"}, {Field: "y"}}})
	NewWithT(t).Expect(err).To(MatchError(And(ContainSubstring("matchExpressions[0]"), ContainSubstring("matchExpressions[2]"),
		Not(ContainSubstring("matchExpressions[1]")))))
}

func TestValuesAreParametersOnly(t *testing.T) {
	g := NewWithT(t)
	q, err := audience.Compile(settings.Campaign{
		MatchExpressions: []settings.MatchExpression{{Field: "region", Operator: "In", Values: []string{"x') OR true --"}},
			{Field: "monthsSinceDeparture", Operator: "Gt", Values: []string{"5"}}},
		Exclude: []settings.Exclusion{{Campaign: "x') OR true --", WithinDays: 7}}}, time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), 4)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(q.Where).NotTo(ContainSubstring("OR true"))
	g.Expect(q.Where).To(ContainSubstring("$4::text[]"))
	g.Expect(q.Args).To(Equal([]any{[]string{"x') OR true --"}, "2026-11-21", 5, "x') OR true --",
		time.Date(2026, 11, 14, 0, 0, 0, 0, time.UTC)}))
}

// person is a member as the Go evaluator sees them.
type person struct {
	id                        uuid.UUID
	lifeStage, locale, region string
	skills                    []string
	joined, active            *time.Time
	jobs                      []job
	mails                     []mail
}

// mail is a delivery of a campaign's run.
type mail struct {
	campaign, state string
	sent            *time.Time
}

type job struct {
	department, post, reason string
	joined, left             *time.Time
}

// last is the employment that ended last; a present one comes after all that ended.
func (p person) last() *job {
	if len(p.jobs) == 0 {
		return nil
	}
	best := 0
	for i, j := range p.jobs {
		b := p.jobs[best]
		switch {
		case b.left == nil && j.left != nil:
		case j.left == nil && b.left != nil, b.left != nil && j.left.After(*b.left):
			best = i
		case b.left == nil || j.left.Equal(*b.left):
			if i != best && (b.joined == nil && j.joined != nil || b.joined != nil && j.joined != nil && !j.joined.Before(*b.joined) ||
				b.joined == nil && j.joined == nil) {
				best = i
			}
		}
	}
	return &p.jobs[best]
}

func months(from, to *time.Time) *int {
	if from == nil || to == nil {
		return nil
	}
	n := (to.Year()-from.Year())*12 + int(to.Month()) - int(from.Month())
	if to.Day() < from.Day() {
		n--
	}
	return &n
}

func days(from *time.Time, to time.Time) *int {
	if from == nil {
		return nil
	}
	n := int(to.Sub(*from).Hours() / 24)
	return &n
}

func (p person) engagement(asOf time.Time) string {
	seen := days(p.active, asOf)
	switch {
	case p.joined == nil:
		return ""
	case seen == nil || *seen >= 365:
		return "Dormant"
	case *seen >= 90:
		return "Quiet"
	}
	return "Active"
}

func (p person) employed() bool {
	return slices.ContainsFunc(p.jobs, func(j job) bool { return j.left == nil })
}

// matches is the meaning of an expression, written a second time and without SQL.
func (p person) matches(x settings.MatchExpression, asOf time.Time) bool {
	var texts []string
	var number *int
	j := p.last()
	if j == nil {
		j = &job{}
	}
	switch x.Field {
	case "department":
		texts = []string{j.department}
	case "post":
		texts = []string{j.post}
	case "departureReason":
		texts = []string{j.reason}
	case "lifeStage":
		texts = []string{p.lifeStage}
	case "locale":
		texts = []string{p.locale}
	case "region":
		texts = []string{p.region}
	case "skills":
		texts = p.skills
	case "tenureMonths":
		number = months(j.joined, j.left)
	case "monthsSinceDeparture":
		number = months(j.left, &asOf)
	case "daysSinceJoined":
		number = days(p.joined, asOf)
	case "daysSinceActive":
		number = days(p.active, asOf)
	case "engagement":
		texts = []string{p.engagement(asOf)}
	}
	texts = slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return s == "" })
	among := slices.ContainsFunc(texts, func(s string) bool { return slices.Contains(x.Values, s) })
	switch x.Operator {
	case "In":
		return among
	case "NotIn":
		return !among
	case "Exists":
		return len(texts) > 0 || number != nil
	case "DoesNotExist":
		return len(texts) == 0 && number == nil
	}
	limit, _ := strconv.Atoi(x.Values[0])
	return number != nil && (x.Operator == "Gt" && *number > limit || x.Operator == "Lt" && *number < limit)
}

// wasWrittenTo is the meaning of an exclusion, likewise.
func (p person) wasWrittenTo(x settings.Exclusion, asOf time.Time) bool {
	return slices.ContainsFunc(p.mails, func(m mail) bool {
		open := slices.Contains([]string{"Claimed", "Sent", "Unknown"}, m.state) ||
			m.campaign != campaigns[1] && slices.Contains([]string{"Planned", "Deferred"}, m.state)
		late := x.WithinDays > 0 && m.sent != nil && m.sent.Before(asOf.AddDate(0, 0, -x.WithinDays))
		return m.campaign == x.Campaign && open && !late
	})
}

// campaigns have one run each. That of the first is being sent, that of the last rests; the name of the second is one that must not
// be read as SQL.
var campaigns = []string{"spring", "autumn' OR true --", "winter"}

func drawMails(t *rapid.T, p *person) {
	for _, campaign := range campaigns {
		if rapid.Bool().Draw(t, "written to") {
			m := mail{campaign: campaign, state: rapid.SampledFrom([]string{"Planned", "Claimed", "Sent", "Deferred", "Failed", "Suppressed", "Skipped", "Expired", "Unknown"}).Draw(t, "state")}
			if m.state == "Sent" {
				m.sent = drawDateKnown(t)
			}
			p.mails = append(p.mails, m)
		}
	}
}

var words = []string{"", "a", "b", "営業部", "O'Brien\\", "%", "x\"y", "{,}"}

func drawDate(t *rapid.T, label string) *time.Time {
	if rapid.IntRange(0, 4).Draw(t, label+" known") == 0 {
		return nil
	}
	d := time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -rapid.IntRange(0, 900).Draw(t, label))
	return &d
}

func drawPerson(t *rapid.T, i int) person {
	word := rapid.SampledFrom(words)
	p := person{id: uuid.UUID{0: 1, 15: byte(i)}, lifeStage: word.Draw(t, "life"), region: word.Draw(t, "region"),
		joined: drawDate(t, "joined the network"), active: drawDate(t, "active"),
		locale: rapid.SampledFrom([]string{"ja", "en"}).Draw(t, "locale"), skills: rapid.SliceOfN(rapid.SampledFrom(words[1:]), 0, 3).Draw(t, "skills")}
	seen := map[string]bool{}
	for range rapid.IntRange(0, 3).Draw(t, "jobs") {
		j := job{department: word.Draw(t, "department"), post: word.Draw(t, "post"), reason: word.Draw(t, "reason"), joined: drawDate(t, "joined"), left: drawDate(t, "left")}
		if j.joined != nil && j.left != nil && j.left.Before(*j.joined) {
			j.joined, j.left = j.left, j.joined
		}
		key := fmt.Sprint(j.joined)
		if j.joined != nil {
			key = j.joined.Format(time.DateOnly)
		}
		if seen[key] { // a member joins once a day
			continue
		}
		seen[key] = true
		p.jobs = append(p.jobs, j)
	}
	return p
}

func drawExpression(t *rapid.T) settings.MatchExpression {
	if rapid.Bool().Draw(t, "months") {
		x := settings.MatchExpression{Field: rapid.SampledFrom([]string{"tenureMonths", "monthsSinceDeparture", "daysSinceJoined", "daysSinceActive"}).Draw(t, "field"),
			Operator: rapid.SampledFrom([]string{"Gt", "Lt", "Exists", "DoesNotExist"}).Draw(t, "operator")}
		if strings.HasSuffix(x.Operator, "t") && len(x.Operator) == 2 {
			x.Values = []string{strconv.Itoa(rapid.IntRange(0, 30).Draw(t, "value"))}
		}
		return x
	}
	x := settings.MatchExpression{Field: rapid.SampledFrom([]string{"department", "post", "departureReason", "lifeStage", "locale", "region", "skills", "engagement"}).Draw(t, "field"),
		Operator: rapid.SampledFrom([]string{"In", "NotIn", "Exists", "DoesNotExist"}).Draw(t, "operator")}
	if strings.HasSuffix(x.Operator, "In") {
		x.Values = rapid.SliceOfN(rapid.SampledFrom(append(words[1:], "ja", "Active", "Quiet", "Dormant")), 1, 3).Draw(t, "values")
	}
	return x
}

// TestSQLMeansWhatGoMeans compares the compiled SQL with the evaluator above on a real database.
func TestSQLMeansWhatGoMeans(t *testing.T) {
	s := store.New(t)
	pool := s.Pool(naming.RoleCampaign)
	rapid.Check(t, func(rt *rapid.T) {
		people := make([]person, rapid.IntRange(1, 12).Draw(rt, "people"))
		for i := range people {
			people[i] = drawPerson(rt, i)
			drawMails(rt, &people[i])
		}
		expressions := make([]settings.MatchExpression, rapid.IntRange(0, 3).Draw(rt, "expressions"))
		for i := range expressions {
			expressions[i] = drawExpression(rt)
		}
		exclude := make([]settings.Exclusion, rapid.IntRange(0, 2).Draw(rt, "exclusions"))
		for i := range exclude {
			exclude[i] = settings.Exclusion{Campaign: rapid.SampledFrom(append(campaigns, "none")).Draw(rt, "campaign"), WithinDays: rapid.IntRange(0, 40).Draw(rt, "days")}
		}
		asOf := *drawDateKnown(rt)
		employees := rapid.SampledFrom([]string{"", "Include", "Only"}).Draw(rt, "employees")
		fill(rt, t, s, people)
		q, err := audience.Compile(settings.Campaign{MatchExpressions: expressions, Exclude: exclude, Employees: employees}, asOf, 1)
		if err != nil {
			rt.Fatal(err)
		}
		rows, err := pool.Query(t.Context(), "SELECT m.id FROM alumni.member m "+q.Join+" WHERE "+q.Where+" ORDER BY m.id", q.Args...)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil {
			rt.Fatal(err)
		}
		var want []uuid.UUID
		for _, p := range people {
			if !slices.ContainsFunc(expressions, func(x settings.MatchExpression) bool { return !p.matches(x, asOf) }) &&
				!slices.ContainsFunc(exclude, func(x settings.Exclusion) bool { return p.wasWrittenTo(x, asOf) }) &&
				(employees != "" || !p.employed()) && (employees != "Only" || p.employed()) {
				want = append(want, p.id)
			}
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("SQL chose %v, want %v\n%s\n%v", got, want, q.Where, q.Args)
		}
	})
}

func drawDateKnown(t *rapid.T) *time.Time {
	d := time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -rapid.IntRange(0, 60).Draw(t, "as of"))
	return &d
}

func fill(rt *rapid.T, t *testing.T, s *store.Store, people []person) {
	admin := s.Admin()
	b := &pgx.Batch{}
	b.Queue("DELETE FROM alumni.member")
	for i, campaign := range campaigns {
		b.Queue("INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, generation, state, scheduled_at, deadline) "+
			"VALUES ($1, 'uid', $2, 'Newsletter', 1, $3, now(), now() + interval '1 day') ON CONFLICT DO NOTHING", fmt.Sprint("run-", i), campaign,
			[]string{"Sending", "Finished", "Paused"}[i])
	}
	for _, p := range people {
		b.Queue("INSERT INTO alumni.member (id, state, family_name, locale, region, life_stage, skills, joined_at, last_active_at) "+
			"VALUES ($1, 'Active', 'x', $2, $3, $4, $5, $6, $7)", p.id, p.locale, p.region, p.lifeStage, p.skills, p.joined, p.active)
		for _, j := range p.jobs {
			b.Queue("INSERT INTO alumni.employment (member_id, department, post, departure_reason, joined_on, left_on) VALUES ($1, $2, $3, $4, $5, $6)",
				p.id, j.department, j.post, j.reason, j.joined, j.left)
		}
		for _, m := range p.mails {
			b.Queue("INSERT INTO alumni.delivery (run_id, member_id, channel, state, sent_at) SELECT id, $1, 'Email', $2, $3 FROM alumni.campaign_run WHERE campaign = $4",
				p.id, m.state, m.sent, m.campaign)
		}
	}
	if err := admin.SendBatch(t.Context(), b).Close(); err != nil {
		rt.Fatal(err)
	}
}

// TestDaysAreThoseOfTheNetworksZone looks at a weekly campaign that goes out in the morning in Tokyo.
func TestDaysAreThoseOfTheNetworksZone(t *testing.T) {
	g := NewWithT(t)
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	g.Expect(err).NotTo(HaveOccurred())
	q, err := audience.Compile(settings.Campaign{Exclude: []settings.Exclusion{{Campaign: "weekly", WithinDays: 7}}}, time.Date(2026, 11, 23, 0, 0, 0, 0, tokyo), 1)
	g.Expect(err).NotTo(HaveOccurred())
	begun, ok := q.Args[1].(time.Time)
	g.Expect(ok).To(BeTrue())
	g.Expect(begun).To(BeTemporally("==", time.Date(2026, 11, 15, 15, 0, 0, 0, time.UTC)), "the mails of 16 November, 08:00 in Tokyo, count")
}
