// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
	"github.com/alumni-operator/alumni-operator/internal/retention/catalogue"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// ErrNoMember tells that the store has nobody of an identifier, or nobody any more.
var ErrNoMember = errors.New("nobody in the store has this identifier; who was erased has none any more")

// Explanation says of one member how long what the store holds of them is kept, and why.
type Explanation struct {
	AsOf       string   `json:"asOf"` // date in the zone of the first policy
	Categories []Reason `json:"categories"`
}

// Reason is why one category is kept.
type Reason struct {
	Category  string `json:"category"`
	Rows      int64  `json:"rows"`
	KeptUntil string `json:"keptUntil,omitempty"` // the last day; empty when no end is known
	Due       bool   `json:"due,omitempty"`       // that day has passed, and the next run erases it
	Hold      string `json:"hold,omitempty"`      // the legal hold that keeps it until it is released, whatever the rest says
	Because   string `json:"because"`
}

// on says that a hold keeps it, if there is one: it has no end then.
func (r Reason) on(hold *string) Reason {
	if hold != nil {
		r.Hold, r.KeptUntil, r.Due = *hold, "", false
	}
	return r
}

// until sets the first day on which it may be erased.
func (r *Reason) until(from, today calendar.Date) {
	r.KeptUntil, r.Due = (min(from, latest) - 1).String(), from <= today
}

// history is what is known of one member.
type history struct {
	memberFacts
	firstLog, requested *time.Time
	logHold             *string // the hold that their log rows are on
}

// Explain reads what the store holds of a member, in one moment, and says how long it is kept by all policies over the network
// together.
func Explain(ctx context.Context, pool *pgxpool.Pool, policies []settings.Retention, member uuid.UUID) (e Explanation, err error) {
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, pool, snapshot, func(tx pgx.Tx) error {
		e, err = explain(ctx, tx, policies, member)
		return err
	})
	return e, err
}

func explain(ctx context.Context, q pgx.Tx, policies []settings.Retention, member uuid.UUID) (Explanation, error) {
	var now time.Time
	if err := q.QueryRow(ctx, "SELECT now()").Scan(&now); err != nil {
		return Explanation{}, fmt.Errorf("read the clock: %w", err)
	}
	plans, err := compileAll(policies, now)
	if err != nil {
		return Explanation{}, err
	}
	var h history
	err = q.QueryRow(ctx, sqlExplainMember, member).Scan(append(h.targets(), &h.firstLog, &h.requested, &h.logHold)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return Explanation{}, ErrNoMember
	}
	if err != nil {
		return Explanation{}, fmt.Errorf("read the member: %w", err)
	}
	rows, err := rowsByCategory(ctx, q, member)
	if err != nil {
		return Explanation{}, err
	}
	e := Explanation{AsOf: plans[0].Today().String()}
	person := explainPerson(plans, h).on(h.hold)
	for _, category := range catalogue.Categories() {
		switch {
		case category == catalogue.Profile:
			person.Rows = rows[category]
			e.Categories = append(e.Categories, person)
		case rows[category] == 0:
		case category == catalogue.DeliveryLogs && h.firstLog != nil:
			e.Categories = append(e.Categories, explainLogs(plans, h, person, rows[category]).on(h.logHold))
		default:
			e.Categories = append(e.Categories, withPerson(person, category, rows[category]))
		}
	}
	return e, nil
}

// withPerson is the reason of what goes with the person.
func withPerson(person Reason, category string, rows int64) Reason {
	return Reason{Category: category, Rows: rows, KeptUntil: person.KeptUntil, Due: person.Due, Hold: person.Hold, Because: "it goes with the person"}
}

// planOf is a policy as it is explained.
type planOf struct {
	*plan.Plan
	mode string
}

func compileAll(policies []settings.Retention, now time.Time) ([]planOf, error) {
	if len(policies) == 0 {
		return nil, fmt.Errorf("%w: there is no policy to explain by", plan.ErrPolicy)
	}
	var plans []planOf
	for _, p := range policies {
		compiled, err := plan.Compile(p, now)
		if err != nil {
			return nil, err
		}
		plans = append(plans, planOf{compiled, p.Mode})
	}
	return plans, nil
}

// explainPerson says how long the person is kept: by what they asked for, or by the policy whose rule comes first.
func explainPerson(plans []planOf, h history) Reason {
	facts := h.facts()
	facts.Hold = "" // it is told apart, with what would be without it
	if h.requested != nil {
		return explainRequest(plans, facts)
	}
	var best plan.Outlook
	var by *planOf
	for i := range plans {
		if o, concerned := plans[i].Outlook(facts); concerned && (by == nil || o.From < best.From) {
			best, by = o, &plans[i]
		}
	}
	if by == nil {
		return Reason{Category: plan.Profile, Because: "no rule concerns them, or nobody knows the event from which one counts"}
	}
	r := Reason{Category: plan.Profile, Because: because(best, by)}
	r.until(best.From, by.Today())
	return r
}

// explainRequest says what keeps somebody who left and waits to be erased.
func explainRequest(plans []planOf, facts plan.Facts) Reason {
	r := Reason{Category: plan.Profile, Because: "they left the network: the next run for requests erases them"}
	from := plans[0].Today()
	for i := range plans {
		if d := plans[i].Law(facts); !d.Due() && d.From > from {
			from = d.From
			r.Because = fmt.Sprintf("they left the network, and %s", keptBy(d.Kept))
		}
	}
	r.until(from, plans[0].Today())
	return r
}

// explainLogs says how long the oldest of a member's log rows is kept: by itself or with the person, whichever is first.
func explainLogs(plans []planOf, h history, person Reason, rows int64) Reason {
	best := withPerson(person, plan.DeliveryLogs, rows)
	for i := range plans {
		o, found := plans[i].LogsUntil(*h.firstLog)
		if !found {
			continue
		}
		r := Reason{Category: plan.DeliveryLogs, Rows: rows,
			Because: "of the oldest row: " + because(o, &plans[i]) + "; each younger row is kept for as much longer"}
		r.until(o.From, plans[i].Today())
		if best.KeptUntil == "" || r.KeptUntil < best.KeptUntil { // as text, dates compare as dates do
			best = r
		}
	}
	return best
}

// because says which rule comes first, and what keeps it back.
func because(o plan.Outlook, p *planOf) string {
	text := fmt.Sprintf("rule %s of policy %s erases %s after %s, from %s on", o.Rule.Name, p.Policy, o.Rule.After, o.Rule.Since, o.Wants)
	if o.Kept != nil {
		text += ", but " + keptBy(o.Kept)
	}
	if p.mode != ModeEnforce {
		text += "; the policy only previews"
	}
	return text
}

// keptBy says what a minimum does.
func keptBy(m *plan.Minimum) string {
	text := fmt.Sprintf("minimum %s (%s", m.Name, m.Basis)
	if m.LegalBasis != "" {
		text += ", " + m.LegalBasis
	}
	return text + fmt.Sprintf(") keeps for %s after %s", m.Keep, m.Since)
}

// rowsByCategory counts the rows of a member in the tables of each category.
func rowsByCategory(ctx context.Context, q pgx.Tx, member uuid.UUID) (map[string]int64, error) {
	columns, err := catalogue.Columns(ctx, q)
	if err != nil {
		return nil, err
	}
	category := map[string]string{}
	for _, c := range columns {
		category[c.Table] = c.Category
	}
	rows := map[string]int64{catalogue.Profile: 1} // their own
	for _, b := range catalogue.Belongings() {
		var n int64
		if err := q.QueryRow(ctx, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s = $1", catalogue.Identifier(b.Table), b.Column), member).Scan(&n); err != nil {
			return nil, fmt.Errorf("count rows of %s: %w", b.Table, err)
		}
		rows[category[b.Table]] += n
	}
	return rows, nil
}
