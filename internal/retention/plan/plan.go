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
	"github.com/alumni-operator/alumni-operator/internal/retention/canonical"
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
)

// ActionDelete removes the rows; it is the only action.
const ActionDelete = "Delete"

// The states of members that decide which events count.
const (
	stateActive    = "Active"
	statePaused    = "Paused"
	stateWithdrawn = "Withdrawn"
)

// ErrPolicy tells that a policy cannot be applied. Nothing is erased by a policy that is not understood whole.
var ErrPolicy = errors.New("the policy cannot be applied")

// Rule is one rule, counted back from the instant of the plan.
type Rule struct {
	settings.RetentionRule
	Period calendar.Period
	// Cutoff is the latest date of an event that is due.
	Cutoff calendar.Date
	// Before is the end of that date as an instant, for events that have one.
	Before time.Time
}

// Plan is a policy at an instant.
type Plan struct {
	PolicyUID  string
	Policy     string
	Generation int64
	Zone       *time.Location
	AsOf       time.Time
	Profile    []Rule // sorted by name
	Logs       []Rule // sorted by name
}

// Compile reads a policy for an instant. A word it does not know is an error, never a rule left out.
func Compile(policy settings.Retention, asOf time.Time) (*Plan, error) {
	zone, err := calendar.Zone(policy.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	p := &Plan{PolicyUID: policy.PolicyUID, Policy: policy.Policy, Generation: policy.Generation, Zone: zone, AsOf: asOf.UTC()}
	names := map[string]bool{}
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
	byName := func(a, b Rule) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(p.Profile, byName)
	slices.SortFunc(p.Logs, byName)
	return p, nil
}

func compileRule(r settings.RetentionRule, asOf time.Time, zone *time.Location) (Rule, error) {
	known := map[string][]string{
		Profile:      {Departed, LastActivity, MembershipWithdrawn},
		DeliveryLogs: {Sent},
	}
	if !slices.Contains(known[r.Category], r.Since) {
		return Rule{}, fmt.Errorf("category %q is not counted from %q", r.Category, r.Since)
	}
	if r.Action != ActionDelete {
		return Rule{}, fmt.Errorf("action %q is not known", r.Action)
	}
	period, err := calendar.ParsePeriod(r.After)
	if err != nil {
		return Rule{}, err
	}
	cutoff := calendar.Cutoff(asOf, zone, period)
	return Rule{RetentionRule: r, Period: period, Cutoff: cutoff, Before: calendar.Before(cutoff, zone)}, nil
}

// Facts are what the rules ask of a member. A fact that is missing is nil, and nothing is due by it.
type Facts struct {
	State        string
	LeftOn       *calendar.Date // the latest departure
	Employed     bool           // has an employment without an end: still there, or hired again
	LastActivity *time.Time     // or else when they joined
	WithdrawnAt  *time.Time
}

// Verdict says by which rule a member is due: the index into Profile, and whether there is one. Of several, it is
// the one that fell due first; of those on the same day, the first by name.
func (p *Plan) Verdict(f Facts) (int, bool) {
	best, from := -1, calendar.Date(0)
	for i, r := range p.Profile {
		day, ok := p.deletableFrom(r, f)
		if ok && (best < 0 || day < from) {
			best, from = i, day
		}
	}
	return best, best >= 0
}

// deletableFrom is the day from which a member is due by a rule, if that day has come.
func (p *Plan) deletableFrom(r Rule, f Facts) (calendar.Date, bool) {
	var event calendar.Date
	switch r.Since {
	case Departed:
		if member(f.State) || f.Employed || f.LeftOn == nil || *f.LeftOn > r.Cutoff {
			return 0, false
		}
		event = *f.LeftOn
	case LastActivity:
		if !member(f.State) || f.LastActivity == nil || !f.LastActivity.Before(r.Before) {
			return 0, false
		}
		event = calendar.DateOf(*f.LastActivity, p.Zone)
	case MembershipWithdrawn:
		if f.State != stateWithdrawn || f.WithdrawnAt == nil || !f.WithdrawnAt.Before(r.Before) {
			return 0, false
		}
		event = calendar.DateOf(*f.WithdrawnAt, p.Zone)
	default:
		return 0, false
	}
	return calendar.DeletableFrom(event, r.Period), true
}

// member says who takes part in the network: for these, leaving the company long ago is no reason to be erased.
func member(state string) bool { return state == stateActive || state == statePaused }

// Limits are the widest cut-offs of all rules for each event, for a first sieve in the database. Nil means that
// no rule counts from the event.
type Limits struct {
	LeftOn       *calendar.Date // due up to and on this date
	LastActivity *time.Time     // due before this instant
	WithdrawnAt  *time.Time     // due before this instant
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
		switch r.Since {
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

// Digest is the fingerprint of the rules as they were read, without the instant.
func (p *Plan) Digest() ([32]byte, error) {
	return canonical.Hash(map[string]any{
		"policy": p.PolicyUID, "generation": p.Generation, "zone": p.Zone.String(), "rules": p.rulesWith(false),
	})
}

// Count is what one rule found due.
type Count struct {
	Rule     string `json:"rule"`
	Category string `json:"category"`
	Members  int64  `json:"members"`
	Rows     int64  `json:"rows"`
}

// Hash is the fingerprint of the whole plan: the policy, the day, the cut-off dates, and whom and how much they
// met. Members enter by their keyed hashes, so that the plan says nothing of anybody.
func (p *Plan) Hash(counts []Count, members [32]byte) ([32]byte, error) {
	sorted := slices.Clone(counts)
	slices.SortFunc(sorted, func(a, b Count) int {
		return strings.Compare(a.Rule+"\x00"+a.Category, b.Rule+"\x00"+b.Category)
	})
	return canonical.Hash(map[string]any{
		"policy": p.PolicyUID, "generation": p.Generation, "zone": p.Zone.String(),
		"asOf": calendar.DateOf(p.AsOf, p.Zone).String(), "rules": p.rulesWith(true), "counts": sorted,
		"members": fmt.Sprintf("%x", members),
	})
}

func (p *Plan) rulesWith(cutoff bool) []map[string]string {
	rules := []map[string]string{}
	for _, r := range slices.Concat(p.Profile, p.Logs) {
		m := map[string]string{"name": r.Name, "category": r.Category, "since": r.Since, "after": r.After, "action": r.Action}
		if cutoff {
			m["cutoff"] = r.Cutoff.String()
		}
		rules = append(rules, m)
	}
	return rules
}
