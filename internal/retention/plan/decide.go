// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
)

// The ends of time: before every date, and after every date.
const (
	always = calendar.Date(math.MinInt32)
	never  = calendar.Date(math.MaxInt32)
)

// Facts are what the rules ask of a member. A fact that is missing is nil, and nothing is due by it.
type Facts struct {
	State        string
	LeftOn       *calendar.Date // the latest departure
	Employed     bool           // has an employment without an end: still there, or hired again
	LastActivity *time.Time     // or else when they joined
	WithdrawnAt  *time.Time
	CreatedAt    *time.Time // when the roster listed them first
	ConsentEnded *time.Time // when they withdrew their consent to take part, if they have not given it again
	LastLog      *time.Time // the newest row of the ledger of messages; read only when Plan.KeepsLogs
	Hold         string     // the legal hold that they are on, the first by name; empty for none
}

// Decision is what becomes of a member at the instant of a plan.
type Decision struct {
	// Rule by which they are due, or would be; Ceiling for the ceiling.
	Rule string
	// Kept is the minimum that keeps them although they are due by the rule; nil when nothing does.
	Kept *Minimum
	// Hold is the legal hold that keeps them, whatever else does; empty when none does.
	Hold string
	// From is the first day on which they may be erased; of somebody on hold it is after every date.
	From calendar.Date
}

// Due says that the member may be erased.
func (d Decision) Due() bool { return d.Kept == nil && d.Hold == "" }

// Keeper names the hold or the minimum that keeps the member; empty when nothing does.
func (d Decision) Keeper() string {
	if d.Hold == "" && d.Kept != nil {
		return d.Kept.Name
	}
	return d.Hold
}

// wish is one reason to erase a member, with the day from which it would, and the day from which it may.
type wish struct {
	rule      string
	from, may calendar.Date
}

// Decide says what becomes of a member; false when no rule is due for them. It is
//
//	max(law, min(rights, ceiling, max(business, rules)))
//
// over the days on which the statutory minimums and the holds end, these never, a person's right begins, the ceiling is reached, the
// business minimums end, and the other rules begin. Of several rules it is the one that fell due first; of those on the same day, the
// first by name.
func (p *Plan) Decide(f Facts) (Decision, bool) {
	wishes := p.wishes(f)
	if len(wishes) == 0 {
		return Decision{}, false
	}
	law, statute := p.law(f)
	first := firstOf(wishes)
	from := max(law, first.may)
	if from <= p.today {
		return Decision{Rule: first.rule, From: from}, true
	}
	wants := slices.MinFunc(wishes, func(a, b wish) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.rule, b.rule))
	})
	if wants.from > p.today {
		return Decision{}, false
	}
	kept := statute
	if law < first.may {
		_, kept = p.business(f)
	}
	return Decision{Rule: wants.rule, Kept: kept, Hold: f.Hold, From: from}, true
}

// wishes are the reasons to erase a member, whenever they come.
func (p *Plan) wishes(f Facts) []wish {
	var all []wish
	business, _ := p.business(f)
	for _, r := range p.Profile {
		from, concerned := p.from(r, f)
		switch {
		case !concerned:
		case r.right() || r.ceiling():
			all = append(all, wish{r.Name, from, from})
		default:
			all = append(all, wish{r.Name, from, max(from, business)})
		}
	}
	return all
}

// right says that a rule carries out what a person wants.
func (r Rule) right() bool { return r.Since == MembershipWithdrawn || r.Since == ConsentEnded }

// ceiling says that a rule ends all keeping but that by law.
func (r Rule) ceiling() bool { return r.Name == Ceiling }

// Contradiction tells of a wish to keep something for longer than the ceiling lets anything be kept.
func (p *Plan) Contradiction() error {
	for _, r := range p.Profile {
		for _, m := range p.Minimums {
			if r.ceiling() && m.Basis == Business && m.Cutoff < r.Cutoff {
				return fmt.Errorf("%w: minimum %q keeps for %s, and the ceiling ends that after %s", ErrPolicy, m.Name, m.Keep, r.After)
			}
		}
	}
	return nil
}

// from is the day from which a rule erases a member; false when it does not concern them.
func (p *Plan) from(r Rule, f Facts) (calendar.Date, bool) {
	if r.ceiling() {
		return p.known(r, f)
	}
	event, concerned := eventOf(r.Since, f)
	if !concerned {
		return 0, false
	}
	if event == nil && r.Since == Departed && f.LeftOn != nil {
		return calendar.DeletableFrom(*f.LeftOn, r.Period), true
	}
	if event == nil && r.IfMissing == UseCreated {
		event = f.CreatedAt
	}
	if event == nil {
		return 0, false
	}
	return p.over(r.span, *event), true
}

// eventOf finds the instant from which a rule counts, and whether the rule concerns such members at all. The instant is nil when it is
// not known, and for departures, which are days.
func eventOf(since string, f Facts) (event *time.Time, concerned bool) {
	switch since {
	case Departed:
		return nil, !member(f.State) && !f.Employed
	case LastActivity:
		return f.LastActivity, member(f.State)
	case MembershipWithdrawn:
		return f.WithdrawnAt, f.State == stateWithdrawn
	case ConsentEnded:
		return f.ConsentEnded, true
	case Created:
		return f.CreatedAt, (f.State == stateListed || f.State == stateInvited) && !f.Employed
	default:
		return nil, false
	}
}

// known is the day on which the ceiling is reached: counted from the newest event of any kind that is known of a member. Who still works
// for the company and takes no part is not concerned, for the roster lists them for that reason.
func (p *Plan) known(r Rule, f Facts) (calendar.Date, bool) {
	if f.CreatedAt == nil || (!member(f.State) && f.Employed) {
		return 0, false
	}
	day := p.over(r.span, *f.CreatedAt)
	for _, at := range []*time.Time{f.LastActivity, f.WithdrawnAt} {
		if at != nil {
			day = max(day, p.over(r.span, *at))
		}
	}
	if !member(f.State) && f.LeftOn != nil {
		day = max(day, calendar.DeletableFrom(*f.LeftOn, r.Period))
	}
	return day, true
}

// over is the day after a span that began at an instant. Where a clock was put back over midnight an instant can have the date of the
// cut-off and not lie before its end; then it is not over yet, as for the database.
func (p *Plan) over(s span, at time.Time) calendar.Date {
	day := calendar.DeletableFrom(calendar.DateOf(at, p.Zone), s.Period)
	if day <= p.today && !at.Before(s.Before) {
		return p.today + 1
	}
	return day
}

// member says who takes part in the network: for these, leaving the company long ago is no reason to be erased.
func member(state string) bool { return state == stateActive || state == statePaused }

// Law decides by the law alone, as for somebody who asked to be erased.
func (p *Plan) Law(f Facts) Decision {
	if until, kept := p.law(f); until > p.today {
		return Decision{Kept: kept, Hold: f.Hold, From: until}
	}
	return Decision{From: p.today}
}

// law is the day on which the last statutory minimum of a member ends. A hold has no end.
func (p *Plan) law(f Facts) (calendar.Date, *Minimum) {
	if f.Hold != "" {
		return never, nil
	}
	return p.keep(f, Statutory)
}

// business is the day on which the last business minimum of a member ends. One for log rows does not keep the person.
func (p *Plan) business(f Facts) (calendar.Date, *Minimum) { return p.keep(f, Business) }

// keep is the day on which the last minimum of a basis ends; of those on the same day, it is the first by name. A person whose log
// rows the law keeps is kept with them, for they would go together.
func (p *Plan) keep(f Facts, basis string) (calendar.Date, *Minimum) {
	until, kept := always, (*Minimum)(nil)
	for i := range p.Minimums {
		m := &p.Minimums[i]
		if m.Basis != basis || (m.Category == DeliveryLogs && basis == Business) {
			continue
		}
		if day := p.ends(m, f); day > until {
			until, kept = day, m
		}
	}
	return until, kept
}

// ends is the day on which a minimum ends for a member. When nobody knows when it began, it does not end.
func (p *Plan) ends(m *Minimum, f Facts) calendar.Date {
	switch {
	case m.Category == DeliveryLogs && f.LastLog == nil:
		return always // there are no rows to keep
	case m.Category == DeliveryLogs:
		return p.over(m.span, *f.LastLog)
	case f.CreatedAt == nil:
		return never
	default:
		return p.over(m.span, *f.CreatedAt)
	}
}

// KeepsLogs says that the law keeps log rows, so that Facts.LastLog must be known.
func (p *Plan) KeepsLogs() bool {
	return slices.ContainsFunc(p.Minimums, func(m Minimum) bool { return m.Category == DeliveryLogs && m.Basis == Statutory })
}

// Outlook is what lies ahead of a member by one plan, due or not.
type Outlook struct {
	// Rule that erases them first.
	Rule Rule
	// Wants is the day from which the rule alone would, and From the day from which it may.
	Wants, From calendar.Date
	// Kept is the minimum that keeps them for longer than the rule would; nil when none does.
	Kept *Minimum
}

// Outlook says when a member is erased, as far as it is known today; false when no rule concerns them.
func (p *Plan) Outlook(f Facts) (Outlook, bool) {
	wishes := p.wishes(f)
	if len(wishes) == 0 {
		return Outlook{}, false
	}
	first := firstOf(wishes)
	law, statute := p.law(f)
	o := Outlook{Wants: first.from, From: max(law, first.may)}
	o.Rule = p.Profile[slices.IndexFunc(p.Profile, func(r Rule) bool { return r.Name == first.rule })]
	switch {
	case o.From == first.from:
	case law >= first.may:
		o.Kept = statute
	default:
		_, o.Kept = p.business(f)
	}
	return o, true
}

// firstOf is the wish that may come true first.
func firstOf(wishes []wish) wish {
	return slices.MinFunc(wishes, func(a, b wish) int {
		return cmp.Or(cmp.Compare(a.may, b.may), cmp.Compare(a.from, b.from), cmp.Compare(a.rule, b.rule))
	})
}

// LogsUntil is the first day on which a log row of a day may be erased by itself, with the rule and the minimum that keeps it for longer
// than the rule would, if any does; false when no rule is for log rows.
func (p *Plan) LogsUntil(sent time.Time) (Outlook, bool) {
	rule, found := p.LogRule()
	if !found {
		return Outlook{}, false
	}
	o := Outlook{Rule: rule, Wants: p.over(rule.span, sent)}
	o.From = o.Wants
	if keep, kept := p.LogKeep(); kept {
		if day := p.over(keep.span, sent); day > o.From {
			o.From, o.Kept = day, &keep
		}
	}
	return o, true
}
