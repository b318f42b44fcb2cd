// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/retention/catalogue"
	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/tombstone/pepper"
)

// maxRounds bounds how often a run looks again for members who became due while it worked.
const maxRounds = 5

// Executor erases what its Planner finds.
type Executor struct {
	planner  *Planner
	book     *journal
	log      *slog.Logger
	pace     *pacer
	aside    map[uuid.UUID]bool                // members who could not be erased in this run
	halted   string                            // why no member may be erased, but log rows may; empty when all may
	withheld map[string][]certificate.Withheld // by rule, when it was last looked
	longest  time.Duration                     // transaction so far
	spent    struct{ planning, erasing, verifying time.Duration }
}

// timed adds the time that something takes.
func timed(sum *time.Duration, do func() error) error {
	started := time.Now()
	err := do()
	*sum += time.Since(started)
	return err
}

// plan looks for who is due, with those left out who were set aside.
func (e *Executor) plan(ctx context.Context) (due Due, err error) {
	err = timed(&e.spent.planning, func() error {
		due, err = e.planner.Plan(ctx)
		return err
	})
	e.leaveOut(&due)
	e.withhold(&due)
	return due, err
}

// checkCatalogue stops a run over a store that holds more than is known: what nobody knows of would be left behind. Log rows by
// themselves may go when nothing was found of them.
func (e *Executor) checkCatalogue(ctx context.Context) error {
	err := catalogue.Check(ctx, e.planner.pool)
	var incomplete *catalogue.IncompleteError
	if !errors.As(err, &incomplete) {
		return err
	}
	if _, logs := e.planner.source.logRule(); !logs || !incomplete.SparesLogs() {
		return e.book.fail(ctx, catalogueFailure(err), nil)
	}
	e.halted = catalogueFailure(err)
	e.log.Error("Withholding members from erasure", "failure", e.halted)
	return nil
}

// withhold keeps members back while the store holds more than is known.
func (e *Executor) withhold(due *Due) {
	if e.halted == "" {
		return
	}
	for i, c := range due.Counts {
		if c.Category != plan.Profile {
			continue
		}
		due.withhold(c.Rule, certificate.Withheld{Ground: certificate.GroundCatalogue, Total: certificate.Total{Members: c.Members, Rows: c.Rows}})
		due.Members[c.Rule], due.Counts[i].Members, due.Counts[i].Rows = nil, 0, 0
	}
}

// run takes the run over and brings it to its end.
func (e *Executor) run(ctx context.Context) error {
	if err := e.checkCatalogue(ctx); err != nil {
		return err
	}
	if err := pepper.Check(ctx, e.planner.pool, e.planner.keys); errors.Is(err, pepper.ErrOther) {
		return e.book.fail(ctx, FailurePepper, nil)
	} else if err != nil {
		return err
	}
	if err := e.settleLedger(ctx); err != nil {
		return err
	}
	sum, err := e.planner.source.compiled().Digest()
	if err != nil {
		return err
	}
	digest := hex.EncodeToString(sum[:])
	if same, err := e.book.sameRules(ctx, digest); err != nil {
		return err
	} else if !same && !e.book.job.Requests {
		return e.book.fail(ctx, FailureChanged, nil)
	}
	due, err := e.begin(ctx, digest)
	if err != nil {
		return err
	}
	left, err := e.rounds(ctx, due)
	if err != nil {
		return err
	}
	return e.finish(ctx, digest, left)
}

// begin plans for the first time and starts the run.
func (e *Executor) begin(ctx context.Context, digest string) (Due, error) {
	if err := e.readAside(ctx); err != nil {
		return Due{}, err
	}
	due, err := e.plan(ctx)
	if err != nil {
		return Due{}, err
	}
	if err := e.book.start(ctx, digest, due.Hash); err != nil {
		return Due{}, err
	}
	if err := withholdRequests(ctx, e.planner.pool, e.planner.source.compiled()); err != nil {
		return Due{}, err
	}
	e.log.Info("Started", "start", e.book.run.epoch, "planHash", e.book.run.planHash)
	if e.book.job.Requests {
		if _, err := e.planner.pool.Exec(ctx, sqlRequestsOrphaned); err != nil {
			return Due{}, fmt.Errorf("close requests of people who are gone: %w", err)
		}
	}
	return due, nil
}

// readAside reads who was set aside by an earlier start of the run.
func (e *Executor) readAside(ctx context.Context) error {
	rows, err := e.planner.pool.Query(ctx, sqlFailures, e.book.run.id)
	if err != nil {
		return fmt.Errorf("read failures: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return fmt.Errorf("read failures: %w", err)
	}
	e.aside = map[uuid.UUID]bool{}
	for _, id := range ids {
		e.aside[id] = true
	}
	return nil
}

// rounds erases and plans again until nothing is due, and returns what is left when that does not come to an end.
func (e *Executor) rounds(ctx context.Context, due Due) (int64, error) {
	for round := 1; ; round++ {
		if err := e.settle(ctx, due); err != nil {
			return 0, err
		}
		left := outstanding(due.Counts)
		if left == 0 || round > maxRounds {
			return left, nil
		}
		err := timed(&e.spent.erasing, func() error { return e.erase(ctx, due) })
		if err != nil {
			return 0, err
		}
		if due, err = e.plan(ctx); err != nil {
			return 0, err
		}
	}
}

// leaveOut takes members out of a plan who were set aside.
func (e *Executor) leaveOut(due *Due) {
	if len(e.aside) == 0 {
		return
	}
	for i, c := range due.Counts {
		if c.Category != plan.Profile {
			continue
		}
		var keep []uuid.UUID
		for _, id := range due.Members[c.Rule] {
			if !e.aside[id] {
				keep = append(keep, id)
			}
		}
		due.Members[c.Rule] = keep
		due.Counts[i].Members = int64(len(keep))
	}
}

// outstanding is the number of people, and of log rows by themselves, in a plan.
func outstanding(all []plan.Count) int64 {
	var n int64
	for _, c := range all {
		if c.Category == plan.Profile {
			n += c.Members
		} else {
			n += c.Rows
		}
	}
	return n
}

// settle makes the counts of the run add up with what is due now: whoever was due and is neither erased nor
// failed nor withheld nor due any more has changed while nobody looked; whoever is due and was not has come since.
func (e *Executor) settle(ctx context.Context, still Due) error {
	before, err := e.book.counts(ctx, e.planner.pool)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	e.withheld = still.Withheld
	for _, c := range still.Counts {
		of := subjectOf{c.Rule, c.Category}
		withheld, was := still.withheld(c.Rule), before.of(of)[outcomeWithheld]
		before.of(of)[outcomeWithheld] = withheld
		due, changed := settled(before.of(of), c)
		if withheld != was {
			batch.Queue(sqlCountSet, e.book.run.id, c.Rule, c.Category, outcomeWithheld, withheld.Members, withheld.Rows)
		}
		batch.Queue(sqlCountSet, e.book.run.id, c.Rule, c.Category, outcomeDue, due.Members, due.Rows)
		if changed != (certificate.Total{}) {
			batch.Queue(sqlCountAdd, e.book.run.id, c.Rule, c.Category, outcomeChanged, changed.Members, changed.Rows)
		}
	}
	return e.fenced(ctx, func(tx pgx.Tx) error { return tx.SendBatch(ctx, batch).Close() })
}

// settled finds the new number of due, and how many more have changed.
func settled(before map[outcome]certificate.Total, still plan.Count) (due, changed certificate.Total) {
	seen := before[outcomeErased].Add(before[outcomeChanged]).Add(before[outcomeFailed]).Add(before[outcomeWithheld])
	seen = seen.Add(certificate.Total{Members: still.Members, Rows: still.Rows})
	due = certificate.Total{Members: max(before[outcomeDue].Members, seen.Members), Rows: max(before[outcomeDue].Rows, seen.Rows)}
	changed.Members = due.Members - seen.Members
	if still.Category == plan.DeliveryLogs { // rows of members are not followed one by one
		changed.Rows = due.Rows - seen.Rows
	}
	return due, changed
}

// fenced runs a transaction that is only good while the run is this process's.
func (e *Executor) fenced(ctx context.Context, do func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, e.planner.pool, func(tx pgx.Tx) error {
		var epoch int64
		if err := tx.QueryRow(ctx, sqlFence, e.book.run.id).Scan(&epoch); err != nil {
			return fmt.Errorf("check the fence: %w", err)
		}
		if epoch != e.book.run.epoch {
			return ErrFenced
		}
		return do(tx)
	})
}

// erase works a plan off: logs first, then people, rule by rule.
func (e *Executor) erase(ctx context.Context, due Due) error {
	if rule, ok := e.planner.source.logRule(); ok {
		if err := e.eraseLogs(ctx, rule); err != nil {
			return err
		}
	}
	for _, rule := range e.planner.source.rules() {
		if err := e.eraseMembers(ctx, rule, due.Members[rule]); err != nil {
			return err
		}
	}
	return nil
}

// eraseMembers erases the members of one rule in batches. Those whom somebody holds come last, and are waited for.
func (e *Executor) eraseMembers(ctx context.Context, rule string, ids []uuid.UUID) error {
	var held []uuid.UUID
	for _, wait := range []bool{false, true} {
		queue := ids
		if wait {
			queue = held
		}
		for len(queue) > 0 {
			next := queue[:min(e.pace.size(), len(queue))]
			queue = queue[len(next):]
			passedBy, err := e.attempt(ctx, task{rule: rule, ids: next, wait: wait})
			if err != nil {
				return err
			}
			held = append(held, passedBy...)
			if err := e.rest(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// rest pauses between two transactions, so that others get their turn.
func (e *Executor) rest(ctx context.Context) error {
	pause := time.Duration(e.book.job.Policy.PauseMilliseconds) * time.Millisecond
	if pause <= 0 {
		return context.Cause(ctx)
	}
	return sleep(ctx, pause)
}
