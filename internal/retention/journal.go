// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/alumni-operator/alumni-operator/internal/retention/audit"
	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
)

// journal is the run's row and its counts: what the operator shows, and where a run that was killed finds out how
// far it had come.
type journal struct {
	pool *pgxpool.Pool
	job  Job
	run  runRow
}

// runRow is a row of alumni.retention_run.
type runRow struct {
	id         int64
	policyUID  string
	generation int64
	kind       string
	mode       string
	state      string
	failure    string
	epoch      int64
	planHash   string
	asOf       time.Time
	startedAt  time.Time
}

// outcome is what became of members and rows, as in the column alumni.retention_run_count.outcome.
type outcome string

const (
	outcomeDue     outcome = "Due"
	outcomeErased  outcome = "Erased"
	outcomeChanged outcome = "Changed"
	outcomeFailed  outcome = "Failed"
	// outcomeWithheld is what is due and must not be erased yet.
	outcomeWithheld outcome = "Withheld"
)

// subjectOf names what is counted: a rule and its category.
type subjectOf struct{ rule, category string }

// counts of a run, for each rule and outcome.
type counts map[subjectOf]map[outcome]certificate.Total

// open finds the run, or begins it.
func (b *journal) open(ctx context.Context) error {
	j := b.job
	if _, err := b.pool.Exec(ctx, sqlRunInsert, j.RunName, j.Policy.PolicyUID, j.Policy.Policy, j.Policy.Generation,
		j.kind(), j.mode()); err != nil {
		return fmt.Errorf("begin the run: %w", err)
	}
	r := &b.run
	err := b.pool.QueryRow(ctx, sqlRunFind, j.RunName).Scan(&r.id, &r.policyUID, &r.generation, &r.kind, &r.mode,
		&r.state, &r.failure, &r.epoch, &r.planHash, &r.asOf, &r.startedAt)
	if err != nil {
		return fmt.Errorf("find the run: %w", err)
	}
	return nil
}

// check stops a run whose policy or clock is not what it was, or cannot be right. When in doubt, nothing is
// erased.
func (b *journal) check(ctx context.Context) error {
	j, r := b.job, b.run
	if r.policyUID != j.Policy.PolicyUID || r.kind != j.kind() || r.mode != j.mode() ||
		(!j.Requests && r.generation != j.Policy.Generation) {
		return b.fail(ctx, FailureChanged, nil)
	}
	var now time.Time
	var newest *time.Time
	if err := b.pool.QueryRow(ctx, sqlClock).Scan(&now, &newest); err != nil {
		return fmt.Errorf("read the clock: %w", err)
	}
	apart := now.Sub(j.Limits.Now()).Abs() > j.Limits.ClockJump
	backwards := newest != nil && newest.Sub(now) > j.Limits.ClockJump
	if apart || backwards {
		return b.fail(ctx, FailureClock, nil)
	}
	return nil
}

// fail ends the run for good and says so.
func (b *journal) fail(ctx context.Context, code string, cause error) error {
	if _, err := b.pool.Exec(ctx, sqlRunFail, b.run.id, b.run.epoch, code); err != nil {
		return fmt.Errorf("fail the run: %w", errors.Join(err, cause))
	}
	if cause != nil {
		return fmt.Errorf("%w: %s: %w", ErrFinal, code, cause)
	}
	return fmt.Errorf("%w: %s", ErrFinal, code)
}

// note says what keeps the run from going on, for those who look while it is tried again.
func (b *journal) note(ctx context.Context, code string) error {
	if _, err := b.pool.Exec(ctx, sqlRunNote, b.run.id, b.run.epoch, code); err != nil {
		return fmt.Errorf("note what stops the run: %w", err)
	}
	return nil
}

// start takes the run over and notes it in the audit chain. The fingerprint of the first start stays.
func (b *journal) start(ctx context.Context, digest, planHash string) error {
	return pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, sqlRunStart, b.run.id, planHash, b.run.epoch).Scan(&b.run.epoch, &b.run.planHash)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrFenced
		}
		if err != nil {
			return fmt.Errorf("start the run: %w", err)
		}
		b.run.state = StateExecuting
		body := b.body()
		body.PolicyDigest, body.PlanHash = digest, b.run.planHash
		_, _, err = appendChain(ctx, tx, b.run.id, audit.RunStarted, body)
		return err
	})
}

// sameRules says whether an earlier start of the run read the same rules. A run that never started has no other.
func (b *journal) sameRules(ctx context.Context, digest string) (bool, error) {
	var text string
	err := b.pool.QueryRow(ctx, sqlChainStarted, b.run.id).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("read how the run started: %w", err)
	}
	var body audit.Body
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		return false, fmt.Errorf("read how the run started: %w", err)
	}
	return body.PolicyDigest == digest, nil
}

// body is the part that all audit records of the run share.
func (b *journal) body() audit.Body {
	return audit.Body{
		Run: b.job.RunName, Policy: b.job.Policy.PolicyUID, Generation: b.run.generation, Epoch: b.run.epoch,
	}
}

// state moves the run on.
func (b *journal) state(ctx context.Context, state string) error {
	tag, err := b.pool.Exec(ctx, sqlRunState, b.run.id, b.run.epoch, state)
	if err != nil {
		return fmt.Errorf("move the run to %s: %w", state, err)
	}
	if tag.RowsAffected() != 1 {
		return ErrFenced
	}
	b.run.state = state
	return nil
}

// counts reads what was counted so far.
func (b *journal) counts(ctx context.Context, q querier) (counts, error) {
	rows, err := q.Query(ctx, sqlCounts, b.run.id)
	if err != nil {
		return nil, fmt.Errorf("read the run's counts: %w", err)
	}
	c := counts{}
	var of subjectOf
	var what outcome
	var total certificate.Total
	_, err = pgx.ForEachRow(rows, []any{&of.rule, &of.category, &what, &total.Members, &total.Rows}, func() error {
		c.of(of)[what] = total
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the run's counts: %w", err)
	}
	return c, nil
}

func (c counts) of(s subjectOf) map[outcome]certificate.Total {
	if c[s] == nil {
		c[s] = map[outcome]certificate.Total{}
	}
	return c[s]
}

// total adds up one outcome over all rules.
func (c counts) total(what outcome) certificate.Total {
	var sum certificate.Total
	for _, by := range c {
		sum = sum.Add(by[what])
	}
	return sum
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}
