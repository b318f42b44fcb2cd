// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// The categories of personal data that rules can name.
const (
	Profile      = "Profile"
	DeliveryLogs = "DeliveryLogs"
)

// The events from which periods are counted.
const (
	Departed            = "Departed"
	LastActivity        = "LastActivity"
	MembershipWithdrawn = "MembershipWithdrawn"
	Sent                = "Sent"
	Created             = "Created"
	ConsentEnded        = "ConsentEnded"
)

// UseCreated says that a rule counts from the listing of members of whom its event is not known.
const UseCreated = "UseCreated"

// The bases of minimums: the law, which nothing but the end of the period beats, and the wishes of the business, which lose against
// a person's right.
const (
	Statutory = "Statutory"
	Business  = "Business"
)

// ActionDelete removes the rows; it is the only action.
const ActionDelete = "Delete"

// The states of members that decide which events count.
const (
	stateListed    = "Listed"
	stateInvited   = "Invited"
	stateActive    = "Active"
	statePaused    = "Paused"
	stateWithdrawn = "Withdrawn"
)

// Ceiling is the name under which the ceiling of a policy is counted, among its rules. None of these can be called so.
const Ceiling = "Ceiling"

// ErrPolicy tells that a policy cannot be applied. Nothing is erased by a policy that is not understood whole.
var ErrPolicy = errors.New("the policy cannot be applied")

// span is a period counted back from the instant of the plan.
type span struct {
	Period calendar.Period
	// Cutoff is the latest date of an event for which the period is over.
	Cutoff calendar.Date
	// Before is the end of that date as an instant, for events that have one.
	Before time.Time
}

// Rule is one rule with its period.
type Rule struct {
	settings.RetentionRule
	span
}

// Minimum is a duty or a wish to keep, with its period.
type Minimum struct {
	settings.RetentionMinimum
	span
}

// Plan is a policy at an instant.
type Plan struct {
	PolicyUID  string
	Policy     string
	Generation int64
	Zone       *time.Location
	AsOf       time.Time
	Profile    []Rule    // sorted by name
	Logs       []Rule    // sorted by name
	Minimums   []Minimum // sorted by name

	today calendar.Date // of AsOf in Zone
}

// Today is the date of the plan's instant in its zone.
func (p *Plan) Today() calendar.Date { return p.today }

// Compile reads a policy for an instant. A word it does not know is an error, never a rule left out.
func Compile(policy settings.Retention, asOf time.Time) (*Plan, error) {
	zone, err := calendar.Zone(policy.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	p := &Plan{PolicyUID: policy.PolicyUID, Policy: policy.Policy, Generation: policy.Generation, Zone: zone, AsOf: asOf.UTC(),
		today: calendar.DateOf(asOf, zone)}
	names := map[string]bool{Ceiling: true}
	for _, r := range policy.Rules {
		if names[r.Name] || r.Name == "" {
			return nil, fmt.Errorf("%w: rule %q: the name is empty or used twice", ErrPolicy, r.Name)
		}
		names[r.Name] = true
		rule, err := compileRule(r, asOf, zone)
		if err != nil {
			return nil, fmt.Errorf("%w: rule %q: %w", ErrPolicy, r.Name, err)
		}
		if r.Category == DeliveryLogs {
			p.Logs = append(p.Logs, rule)
		} else {
			p.Profile = append(p.Profile, rule)
		}
	}
	if err := p.compileCeiling(policy.Ceiling); err != nil {
		return nil, fmt.Errorf("%w: ceiling: %w", ErrPolicy, err)
	}
	byName := func(a, b Rule) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(p.Profile, byName)
	slices.SortFunc(p.Logs, byName)
	return p, p.compileMinimums(policy.Minimums)
}

// compileCeiling takes the ceiling among the rules, if there is one.
func (p *Plan) compileCeiling(c *settings.RetentionCeiling) error {
	if c == nil {
		return nil
	}
	if c.Since != LastActivity {
		return fmt.Errorf("it is not counted from %q", c.Since)
	}
	rule, err := compileRule(settings.RetentionRule{Name: Ceiling, Category: Profile, Since: c.Since, After: c.After, Action: ActionDelete,
		LegalBasis: c.LegalBasis}, p.AsOf, p.Zone)
	p.Profile = append(p.Profile, rule)
	return err
}

// compileMinimums reads what must be kept.
func (p *Plan) compileMinimums(all []settings.RetentionMinimum) error {
	names := map[string]bool{}
	for _, m := range all {
		if names[m.Name] || m.Name == "" {
			return fmt.Errorf("%w: minimum %q: the name is empty or used twice", ErrPolicy, m.Name)
		}
		names[m.Name] = true
		known := map[string]string{Profile: Created, DeliveryLogs: Sent}
		if m.Since != known[m.Category] || m.Since == "" {
			return fmt.Errorf("%w: minimum %q: category %q is not kept from %q", ErrPolicy, m.Name, m.Category, m.Since)
		}
		if m.Basis != Statutory && m.Basis != Business {
			return fmt.Errorf("%w: minimum %q: basis %q is not known", ErrPolicy, m.Name, m.Basis)
		}
		s, err := newSpan(m.Keep, p.AsOf, p.Zone)
		if err != nil {
			return fmt.Errorf("%w: minimum %q: %w", ErrPolicy, m.Name, err)
		}
		p.Minimums = append(p.Minimums, Minimum{m, s})
	}
	slices.SortFunc(p.Minimums, func(a, b Minimum) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// newSpan reads a period.
func newSpan(text string, asOf time.Time, zone *time.Location) (span, error) {
	period, err := calendar.ParsePeriod(text)
	if err != nil {
		return span{}, err
	}
	cutoff := calendar.Cutoff(asOf, zone, period)
	return span{Period: period, Cutoff: cutoff, Before: calendar.Before(cutoff, zone)}, nil
}

func compileRule(r settings.RetentionRule, asOf time.Time, zone *time.Location) (Rule, error) {
	known := map[string][]string{
		Profile:      {Departed, LastActivity, MembershipWithdrawn, ConsentEnded, Created},
		DeliveryLogs: {Sent},
	}
	if !slices.Contains(known[r.Category], r.Since) {
		return Rule{}, fmt.Errorf("category %q is not counted from %q", r.Category, r.Since)
	}
	if r.Action != ActionDelete {
		return Rule{}, fmt.Errorf("action %q is not known", r.Action)
	}
	if r.IfMissing != "" && (r.IfMissing != UseCreated || !slices.Contains([]string{Departed, LastActivity}, r.Since)) {
		return Rule{}, fmt.Errorf("ifMissing %q is not known since %q", r.IfMissing, r.Since)
	}
	s, err := newSpan(r.After, asOf, zone)
	return Rule{r, s}, err
}

// Limits are the widest cut-offs of all rules for each event, for a first sieve in the database. Nil means that
// no rule counts from the event.
type Limits struct {
	LeftOn       *calendar.Date // due up to and on this date
	LastActivity *time.Time     // due before this instant
	WithdrawnAt  *time.Time     // due before this instant
	ConsentEnded *time.Time     // due before this instant
	Created      *time.Time     // due before this instant
	Known        *time.Time     // due by the ceiling when everything that is known of a member was before this instant
	Logs         *time.Time     // due before this instant
}

// Limits gives the sieve of this plan: whoever does not pass it is not due by any rule.
func (p *Plan) Limits() Limits {
	var l Limits
	later := func(limit **time.Time, r Rule) {
		if *limit == nil || (*limit).Before(r.Before) {
			*limit = &r.Before
		}
	}
	for _, r := range p.Profile {
		if r.ceiling() {
			later(&l.Known, r)
			continue
		}
		if r.IfMissing == UseCreated {
			later(&l.Created, r)
		}
		switch r.Since {
		case Created:
			later(&l.Created, r)
		case ConsentEnded:
			later(&l.ConsentEnded, r)
		case Departed:
			if l.LeftOn == nil || *l.LeftOn < r.Cutoff {
				l.LeftOn = &r.Cutoff
			}
		case LastActivity:
			later(&l.LastActivity, r)
		case MembershipWithdrawn:
			later(&l.WithdrawnAt, r)
		}
	}
	for _, r := range p.Logs {
		later(&l.Logs, r)
	}
	return l
}

// LogRule is the rule by which log rows are erased. All of them count from the same event, so the one with the
// latest cut-off is first for every row; of equal ones, the first by name.
func (p *Plan) LogRule() (Rule, bool) {
	var best *Rule
	for i := range p.Logs {
		if best == nil || p.Logs[i].Cutoff > best.Cutoff {
			best = &p.Logs[i]
		}
	}
	if best == nil {
		return Rule{}, false
	}
	return *best, true
}

// LogKeep is the minimum that keeps log rows longest, by law or by wish: no rule for them is a person's right. Of equal ones it is
// the first by name.
func (p *Plan) LogKeep() (Minimum, bool) {
	var best *Minimum
	for i := range p.Minimums {
		if m := &p.Minimums[i]; m.Category == DeliveryLogs && (best == nil || m.Cutoff < best.Cutoff) {
			best = m
		}
	}
	if best == nil {
		return Minimum{}, false
	}
	return *best, true
}
