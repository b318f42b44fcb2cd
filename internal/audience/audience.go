// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package audience

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// The operators; see AudienceOperator of the API.
const (
	opIn           = "In"
	opNotIn        = "NotIn"
	opExists       = "Exists"
	opDoesNotExist = "DoesNotExist"
	opGt           = "Gt"
	opLt           = "Lt"
)

// kind is the shape of a fact, which decides the operators it knows.
type kind uint8

const (
	textFact   kind = iota // "" means not known
	listFact               // empty means not known
	numberFact             // null means not known
	plainFact              // holds or does not
)

// fact is one field of an expression.
type fact struct {
	kind       kind
	sql        string // in terms of member m and employment e; {day} is the day the audience is seen, {zone} the network's zone
	employment bool   // needs e
}

// facts lists the fields; see AudienceField of the API.
var facts = map[string]fact{
	"department":           {textFact, "e.department", true},
	"post":                 {textFact, "e.post", true},
	"departureReason":      {textFact, "e.departure_reason", true},
	"lifeStage":            {textFact, "m.life_stage", false},
	"locale":               {textFact, "m.locale", false},
	"region":               {textFact, "m.region", false},
	"skills":               {listFact, "m.skills", false},
	"tenureMonths":         {numberFact, monthsBetween("e.joined_on", "e.left_on"), true},
	"monthsSinceDeparture": {numberFact, monthsBetween("e.left_on", "{day}"), true},
	"daysSinceJoined":      {numberFact, "({day} - (m.joined_at AT TIME ZONE {zone})::date)", false},
	"daysSinceActive":      {numberFact, "({day} - " + lastActive + ")", false},
	"engagement": {textFact, fmt.Sprintf("CASE WHEN m.joined_at IS NULL THEN '' WHEN "+lastActive+" > {day} - %d THEN 'Active'"+
		" WHEN "+lastActive+" > {day} - %d THEN 'Quiet' ELSE 'Dormant' END", activeDays, quietDays), false},
}

// surveyAnswered is the fact that a member has answered the campaign's survey, with the parameter that holds its UID. It is known of the
// campaign's own steps alone, so that it is none of the facts above.
const (
	surveyAnswered = "surveyAnswered"
	answered       = "EXISTS (SELECT FROM alumni.survey_participant v WHERE v.campaign_uid = %s AND v.recipient_id = m.id)"
)

const lastActive = "(m.last_active_at AT TIME ZONE {zone})::date"

// Within how many days a member was seen on the portal who counts as active, or as quiet; others are dormant.
const (
	activeDays = 90
	quietDays  = 365
)

// monthsBetween counts whole calendar months: the day of the month must have been reached. Every input that is null
// makes it null.
func monthsBetween(from, to string) string {
	return fmt.Sprintf("((extract(year FROM %[2]s) - extract(year FROM %[1]s)) * 12 + extract(month FROM %[2]s) - extract(month FROM %[1]s)"+
		" - CASE WHEN extract(day FROM %[2]s) < extract(day FROM %[1]s) THEN 1 ELSE 0 END)::int", from, to)
}

// employmentJoin gives the employment e of member m that its facts speak of.
const employmentJoin = `LEFT JOIN LATERAL (
    SELECT x.department, x.post, x.departure_reason, x.joined_on, x.left_on
    FROM alumni.employment x WHERE x.member_id = m.id
    ORDER BY x.left_on DESC NULLS FIRST, x.joined_on DESC NULLS LAST, x.id DESC LIMIT 1) e ON true`

// Query is a compiled audience, to be put into a statement that names alumni.member m. It uses the names d, e, o, r, t, v, w and x
// besides.
type Query struct {
	Join     string // what else must be joined; may be empty
	Where    string // a boolean expression; "true" without expressions
	Occasion string // a text: what the member is written for, once; null without a trigger
	Args     []any  // the values of its parameters
}

// written holds of members to whom a campaign has sent something, is about to, or may have: %[1]s is its name, and %[2]s
// more about the delivery d. What a run has left undone will not be sent any more.
const written = `EXISTS (
    SELECT 1 FROM alumni.campaign_run r JOIN alumni.delivery d ON d.run_id = r.id
    WHERE d.member_id = m.id AND r.campaign = %[1]s
      AND (d.state IN ('Sent', 'Unknown', 'Claimed') OR d.state IN ('Planned', 'Deferred') AND r.state IN ('Sending', 'Paused') AND r.deadline > now())%[2]s)`

// Validate checks the audience of a campaign, and when members leave its steps, without compiling them for a day. Its error joins one for
// each bad expression.
func Validate(c settings.Campaign) error {
	_, err := Compile(c, time.Time{}, 1)
	for i, step := range c.Steps {
		if _, exit := CompileExit(c, step, time.Time{}, 1); exit != nil {
			err = errors.Join(err, fmt.Errorf("steps[%d]: %w", i, exit))
		}
	}
	return err
}

// CompileExit makes the condition on which members leave the steps of a campaign before one of them, as it is on one day: whoever matches
// any of its expressions, and whoever the campaign leaves out because they work for the company again. Parameters begin with $first.
func CompileExit(campaign settings.Campaign, step settings.Step, asOf time.Time, first int) (Query, error) {
	c := &compiler{next: first, asOf: asOf, steps: true}
	if campaign.Survey != nil {
		c.survey = campaign.UID
	}
	var errs []error
	conditions := []string{"false"}
	for i, x := range step.ExitWhen {
		condition, err := c.expression(x)
		if err != nil {
			errs = append(errs, fmt.Errorf("exitWhen[%d]: %w", i, err))
			continue
		}
		conditions = append(conditions, condition)
	}
	if err := errors.Join(errs...); err != nil {
		return Query{}, err
	}
	for _, stay := range c.employees(campaign.Employees) {
		conditions = append(conditions, "NOT "+stay)
	}
	q := Query{Where: strings.Join(conditions, " OR "), Args: c.args}
	if c.employment {
		q.Join = employmentJoin
	}
	return q, nil
}

// Compile makes the condition of a campaign as it is on one day, with parameters from $first on. asOf is the beginning of that
// day in its zone: what was within the last seven days was since the beginning of the day a week before.
func Compile(campaign settings.Campaign, asOf time.Time, first int) (Query, error) {
	c := &compiler{next: first, asOf: asOf}
	var errs []error
	conditions := make([]string, 0, len(campaign.MatchExpressions))
	for i, x := range campaign.MatchExpressions {
		condition, err := c.expression(x)
		if err != nil {
			errs = append(errs, fmt.Errorf("matchExpressions[%d]: %w", i, err))
			continue
		}
		conditions = append(conditions, condition)
	}
	conditions = append(conditions, c.employees(campaign.Employees)...)
	for _, x := range campaign.Exclude {
		conditions = append(conditions, "NOT "+c.recipient(x))
	}
	occasion, err := c.trigger(campaign.Trigger)
	if err := errors.Join(append(errs, err)...); err != nil {
		return Query{}, err
	}
	conditions = append(conditions, occasion.where...)
	q := Query{Where: "true", Args: c.args, Occasion: "NULL::text"}
	if occasion.value != "" {
		q.Occasion = occasion.value
	}
	if len(conditions) > 0 {
		q.Where = strings.Join(conditions, "\n  AND ")
	}
	if c.employment {
		q.Join = employmentJoin + "\n"
	}
	q.Join += occasion.join
	return q, nil
}

type compiler struct {
	next       int
	args       []any
	asOf       time.Time
	day        string // the parameter that holds asOf, once it is needed
	employment bool
	steps      bool   // it is the condition to leave a campaign's steps
	survey     string // the UID of the campaign, of steps with a survey
}

func (c *compiler) parameter(value any, sqlType string) string {
	c.args = append(c.args, value)
	c.next++
	return "$" + strconv.Itoa(c.next-1) + "::" + sqlType
}

// today is the parameter that holds asOf.
func (c *compiler) today() string {
	if c.day == "" {
		c.day = c.parameter(c.asOf.Format(time.DateOnly), "date")
	}
	return c.day
}

// The values of settings.Campaign.Employees; every other excludes them.
const (
	employeesInclude = "Include"
	employeesOnly    = "Only"
)

// employed holds of members who work for the company today.
const employed = "EXISTS (SELECT FROM alumni.employment w WHERE w.member_id = m.id AND w.left_on IS NULL)"

func (c *compiler) employees(which string) []string {
	switch which {
	case employeesInclude:
		return nil
	case employeesOnly:
		return []string{employed}
	}
	return []string{"NOT " + employed}
}

// recipient is never null.
func (c *compiler) recipient(x settings.Exclusion) string {
	name, since := c.parameter(x.Campaign, "text"), ""
	if x.WithinDays > 0 {
		day := c.asOf
		begun := time.Date(day.Year(), day.Month(), day.Day()-x.WithinDays, 0, 0, 0, 0, day.Location())
		since = "\n      AND coalesce(d.sent_at, d.planned_at) >= " + c.parameter(begun, "timestamptz")
	}
	return fmt.Sprintf(written, name, since)
}

func (c *compiler) expression(x settings.MatchExpression) (string, error) {
	f, err := c.fact(x.Field)
	if err != nil {
		return "", err
	}
	if err := check(f.kind, x); err != nil {
		return "", err
	}
	c.employment = c.employment || f.employment
	sql := f.sql
	if strings.Contains(sql, "{day}") {
		sql = strings.ReplaceAll(sql, "{day}", c.today())
	}
	if strings.Contains(sql, "{zone}") {
		sql = strings.ReplaceAll(sql, "{zone}", c.parameter(c.asOf.Location().String(), "text"))
	}
	switch x.Operator {
	case opIn:
		return c.in(f.kind, sql, x.Values), nil
	case opNotIn:
		return "NOT " + c.in(f.kind, sql, x.Values), nil
	case opExists:
		return known(f.kind, sql), nil
	case opDoesNotExist:
		return "NOT " + known(f.kind, sql), nil
	default:
		n, err := strconv.Atoi(x.Values[0])
		if err != nil {
			return "", fmt.Errorf("%s of %s takes a whole number", x.Operator, x.Field)
		}
		compare := map[string]string{opGt: ">", opLt: "<"}[x.Operator]
		return "coalesce(" + sql + " " + compare + " " + c.parameter(n, "int") + ", false)", nil
	}
}

// fact finds a field.
func (c *compiler) fact(field string) (fact, error) {
	f, ok := facts[field]
	switch {
	case ok:
		return f, nil
	case field != surveyAnswered:
		return f, fmt.Errorf("unknown field %q", field)
	case !c.steps:
		return f, errors.New("surveyAnswered goes with exitWhen of steps alone: nobody has answered before they are asked")
	case c.survey == "":
		return f, errors.New("surveyAnswered is of the campaign's own survey, and it has none")
	}
	return fact{kind: plainFact, sql: fmt.Sprintf(answered, c.parameter(c.survey, "text"))}, nil
}

// in is never null.
func (c *compiler) in(k kind, sql string, values []string) string {
	if k == listFact {
		return "(" + sql + " && " + c.parameter(values, "text[]") + ")"
	}
	return "coalesce(" + sql + " <> '' AND " + sql + " = ANY(" + c.parameter(values, "text[]") + "), false)"
}

// known is never null.
func known(k kind, sql string) string {
	switch k {
	case listFact:
		return "(cardinality(" + sql + ") > 0)"
	case numberFact:
		return "(" + sql + " IS NOT NULL)"
	case plainFact:
		return sql
	default:
		return "(coalesce(" + sql + ", '') <> '')"
	}
}

// check refuses what the API's rules refuse, for those who do not come through the API.
func check(k kind, x settings.MatchExpression) error {
	if k == plainFact && x.Operator != opExists && x.Operator != opDoesNotExist {
		return fmt.Errorf("%s goes with Exists and DoesNotExist", x.Field)
	}
	switch x.Operator {
	case opIn, opNotIn:
		if k == numberFact {
			return fmt.Errorf("%s is compared by Gt and Lt", x.Field)
		}
		if len(x.Values) == 0 {
			return fmt.Errorf("%s needs at least one value", x.Operator)
		}
	case opExists, opDoesNotExist:
		if len(x.Values) != 0 {
			return fmt.Errorf("%s takes no values", x.Operator)
		}
	case opGt, opLt:
		if k != numberFact {
			return fmt.Errorf("%s goes with numbers such as tenureMonths, not with %s", x.Operator, x.Field)
		}
		if len(x.Values) != 1 || !wholeNumber(x.Values[0]) {
			return fmt.Errorf("%s of %s takes one whole number", x.Operator, x.Field)
		}
	default:
		return fmt.Errorf("unknown operator %q", x.Operator)
	}
	return nil
}

func wholeNumber(s string) bool {
	if s == "" || len(s) > 5 {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}
