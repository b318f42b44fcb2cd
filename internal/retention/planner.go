// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
	"github.com/alumni-operator/alumni-operator/internal/retention/catalogue"
	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

// countChunk is the number of members whose rows are counted in one statement.
const countChunk = 5000

// Planner finds what is due. It only ever looks, in a snapshot that the database itself holds read-only; a dry
// run has a Planner and nothing else.
type Planner struct {
	pool   *pgxpool.Pool
	keys   *tombstone.Keyer
	source source
}

// Due is what a Planner found.
type Due struct {
	// Members by rule, each once, in the order of ids: 16 bytes for each.
	Members map[string][]uuid.UUID
	// Counts for each rule, also for rules by which nothing is due.
	Counts []plan.Count
	// Withheld is what would be due by each rule and must not be erased, with the grounds.
	Withheld map[string][]certificate.Withheld
	// Hash is the fingerprint of the plan.
	Hash string
}

// withhold adds what must not be erased.
func (d *Due) withhold(rule string, w certificate.Withheld) {
	if w.Total == (certificate.Total{}) {
		return
	}
	if d.Withheld == nil {
		d.Withheld = map[string][]certificate.Withheld{}
	}
	d.Withheld[rule] = append(d.Withheld[rule], w)
}

// withheld is the sum of what must not be erased by a rule.
func (d *Due) withheld(rule string) certificate.Total {
	var sum certificate.Total
	for _, w := range d.Withheld[rule] {
		sum = sum.Add(w.Total)
	}
	return sum
}

// Plan looks at one moment of the store.
func (p *Planner) Plan(ctx context.Context) (Due, error) {
	var due Due
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, p.pool, snapshot, func(tx pgx.Tx) error {
		var err error
		due, err = p.look(ctx, tx)
		return err
	})
	if err != nil {
		return Due{}, fmt.Errorf("plan: %w", err)
	}
	return due, nil
}

func (p *Planner) look(ctx context.Context, tx pgx.Tx) (Due, error) {
	due := Due{Members: map[string][]uuid.UUID{}}
	digest := sha256.New()
	var kept keptMembers
	err := p.source.due(ctx, tx, func(id uuid.UUID, d plan.Decision) {
		if !d.Due() {
			kept.add(id, d)
			return
		}
		due.Members[d.Rule] = append(due.Members[d.Rule], id)
		key := p.keys.Key(tombstone.Member, id.String())
		digest.Write(key[:])
	})
	if err != nil {
		return Due{}, err
	}
	if err := p.count(ctx, tx, &due); err != nil {
		return Due{}, err
	}
	if err := p.countKept(ctx, tx, &due, kept); err != nil {
		return Due{}, err
	}
	hash, err := p.source.compiled().Hash(due.Counts, [32]byte(digest.Sum(nil)))
	if err != nil {
		return Due{}, err
	}
	due.Hash = hex.EncodeToString(hash[:])
	return due, nil
}

// count finds how many rows hang on the members, and how many log rows are due by themselves. Logs go first when
// a run erases, so they are not counted again with the members.
func (p *Planner) count(ctx context.Context, tx pgx.Tx, due *Due) error {
	for _, rule := range p.source.rules() {
		members := due.Members[rule]
		rows, err := p.rowsOf(ctx, tx, members)
		if err != nil {
			return err
		}
		due.Counts = append(due.Counts, plan.Count{Rule: rule, Category: plan.Profile, Members: int64(len(members)), Rows: rows})
	}
	for _, r := range p.source.compiled().Logs {
		count := plan.Count{Rule: r.Name, Category: plan.DeliveryLogs}
		if first, ok := p.source.logRule(); !ok {
			continue
		} else if first.Name == r.Name {
			if err := tx.QueryRow(ctx, sqlDueLogs, first.Before).Scan(&count.Rows); err != nil {
				return fmt.Errorf("count log rows: %w", err)
			}
		}
		due.Counts = append(due.Counts, count)
	}
	return nil
}

// keptMembers are people who are due and kept, by rule and what keeps them in a fixed order.
type keptMembers []*keptGroup

// keptGroup are those whom one minimum or hold keeps from one rule.
type keptGroup struct {
	first plan.Decision
	until calendar.Date // when the last of them may go
	ids   []uuid.UUID
}

// withheld says in a certificate what keeps them.
func (g *keptGroup) withheld(total certificate.Total) certificate.Withheld {
	if g.first.Hold != "" {
		return withheldByHold(g.first.Hold, total)
	}
	return withheldBy(*g.first.Kept, g.until, total)
}

func (k *keptMembers) add(id uuid.UUID, d plan.Decision) {
	for _, g := range *k {
		if g.first.Rule == d.Rule && g.first.Hold == d.Hold && g.first.Keeper() == d.Keeper() {
			g.ids, g.until = append(g.ids, id), max(g.until, d.From)
			return
		}
	}
	*k = append(*k, &keptGroup{first: d, until: d.From, ids: []uuid.UUID{id}})
}

// countKept finds how much is due and must be kept.
func (p *Planner) countKept(ctx context.Context, tx pgx.Tx, due *Due, kept keptMembers) error {
	slices.SortFunc(kept, func(a, b *keptGroup) int {
		return cmp.Or(strings.Compare(a.first.Rule, b.first.Rule), strings.Compare(a.first.Hold, b.first.Hold), strings.Compare(a.first.Keeper(), b.first.Keeper()))
	})
	for _, g := range kept {
		rows, err := p.rowsOf(ctx, tx, g.ids)
		if err != nil {
			return err
		}
		due.withhold(g.first.Rule, g.withheld(certificate.Total{Members: int64(len(g.ids)), Rows: rows}))
	}
	return p.countKeptLogs(ctx, tx, due)
}

// countKeptLogs finds how many log rows are due by themselves and must be kept.
func (p *Planner) countKeptLogs(ctx context.Context, tx pgx.Tx, due *Due) error {
	own, found := p.source.compiled().LogRule()
	held, isHeld := p.source.logRule()
	if !found || !isHeld {
		return nil
	}
	onHold, err := tx.Query(ctx, sqlLegalLogs, own.Before)
	if err != nil {
		return fmt.Errorf("count log rows on hold: %w", err)
	}
	var hold string
	var n int64
	if _, err := pgx.ForEachRow(onHold, []any{&hold, &n}, func() error {
		due.withhold(own.Name, withheldByHold(hold, certificate.Total{Rows: n}))
		return nil
	}); err != nil {
		return fmt.Errorf("count log rows on hold: %w", err)
	}
	keep, _ := p.source.compiled().LogKeep()
	if !held.Before.Before(own.Before) {
		return nil
	}
	var rows int64
	if err := tx.QueryRow(ctx, sqlKeptLogs, own.Before, held.Before).Scan(&rows); err != nil {
		return fmt.Errorf("count log rows that are kept: %w", err)
	}
	due.withhold(own.Name, withheldBy(keep, calendar.DeletableFrom(own.Cutoff, keep.Period), certificate.Total{Rows: rows}))
	return nil
}

// withheldByHold says in a certificate what a hold keeps. It has no end until somebody releases it.
func withheldByHold(hold string, total certificate.Total) certificate.Withheld {
	return certificate.Withheld{Ground: certificate.GroundHold, Hold: hold, Total: total}
}

// withheldBy says in a certificate what a minimum keeps.
func withheldBy(m plan.Minimum, until calendar.Date, total certificate.Total) certificate.Withheld {
	return certificate.Withheld{Ground: certificate.GroundMinimum, Minimum: m.Name, Basis: m.Basis, LegalBasis: m.LegalBasis,
		Keep: m.Keep, Since: m.Since, Until: min(until, latest).String(), Total: total}
}

// rowsOf counts the rows of members in all tables, their own included, without log rows that are due by
// themselves.
func (p *Planner) rowsOf(ctx context.Context, tx pgx.Tx, members []uuid.UUID) (int64, error) {
	sum := int64(len(members))
	logs, hasLogs := p.source.logRule()
	for len(members) > 0 {
		chunk := members[:min(countChunk, len(members))]
		members = members[len(chunk):]
		var rows int64
		if err := tx.QueryRow(ctx, childRowsSQL(!hasLogs), arrayOf(chunk)).Scan(&rows); err != nil {
			return 0, fmt.Errorf("count rows of members: %w", err)
		}
		sum += rows
		if !hasLogs {
			continue
		}
		if err := tx.QueryRow(ctx, sqlMemberLogs, arrayOf(chunk), logs.Before).Scan(&rows); err != nil {
			return 0, fmt.Errorf("count log rows of members: %w", err)
		}
		sum += rows
	}
	return sum, nil
}

// childRowsSQL counts the rows of members in all tables that hang on them. The names are the catalogue's.
func childRowsSQL(deliveries bool) string {
	var parts []string
	for _, b := range catalogue.Belongings() {
		if b.Table == catalogue.Delivery && !deliveries {
			continue
		}
		parts = append(parts, fmt.Sprintf("(SELECT count(*) FROM unnest($1::uuid[]) AS u (id) JOIN %s c ON c.%s = u.id)",
			catalogue.Identifier(b.Table), b.Column))
	}
	return "SELECT " + strings.Join(parts, " + ")
}

// preview ends a dry run: it counts, and says so. A store that could not be erased from is said to be one.
func preview(ctx context.Context, planner *Planner, book *journal) error {
	started := time.Now()
	due, err := planner.Plan(ctx)
	if err != nil {
		return err
	}
	planning := time.Since(started)
	if err := withholdRequests(ctx, planner.pool, planner.source.compiled()); err != nil {
		return err
	}
	var failure string
	if err := catalogue.Check(ctx, planner.pool); errors.Is(err, catalogue.ErrIncomplete) {
		failure = catalogueFailure(err)
	} else if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	for _, c := range due.Counts {
		withheld := due.withheld(c.Rule)
		batch.Queue(sqlCountSet, book.run.id, c.Rule, c.Category, outcomeDue, c.Members+withheld.Members, c.Rows+withheld.Rows)
		if withheld != (certificate.Total{}) {
			batch.Queue(sqlCountSet, book.run.id, c.Rule, c.Category, outcomeWithheld, withheld.Members, withheld.Rows)
		}
	}
	batch.Queue(sqlRunPreview, book.run.id, due.Hash, failure)
	err = pgx.BeginFunc(ctx, planner.pool, func(tx pgx.Tx) error { return tx.SendBatch(ctx, batch).Close() })
	if err != nil {
		return fmt.Errorf("write the preview: %w", err)
	}
	total := certificate.Total{}
	for _, c := range due.Counts {
		total = total.Add(certificate.Total{Members: c.Members, Rows: c.Rows})
	}
	book.job.Log.Info("Previewed", "run", book.job.RunName, "dueMembers", total.Members, "dueRows", total.Rows,
		"planHash", due.Hash, "failure", failure, "planningMilliseconds", planning.Milliseconds())
	return nil
}

// catalogueFailure is the code of a store that holds more than is known, with what it is.
func catalogueFailure(err error) string {
	var incomplete *catalogue.IncompleteError
	if errors.As(err, &incomplete) {
		return FailureCatalogue + ": " + incomplete.Names()
	}
	return FailureCatalogue
}
