// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/retention/audit"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
)

// rowsPerMember turns the policy's number of members in a batch into one of log rows: a log row is small, and
// nothing hangs on it.
const rowsPerMember = 20

// eraseLogs deletes log rows that are due, campaign run by campaign run.
func (e *Executor) eraseLogs(ctx context.Context, rule plan.Rule) error {
	rows, err := e.planner.pool.Query(ctx, sqlLogRuns, rule.Before)
	if err != nil {
		return fmt.Errorf("find campaign runs: %w", err)
	}
	runs, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("find campaign runs: %w", err)
	}
	pace := newPacer(e.book.job.Policy.BatchMembers*rowsPerMember, e.book.job.Limits)
	for _, run := range runs {
		if err := e.eraseLogsOf(ctx, rule, run, pace); err != nil {
			return err
		}
	}
	return nil
}

// eraseLogsOf deletes the log rows of one campaign run in batches.
func (e *Executor) eraseLogsOf(ctx context.Context, rule plan.Rule, run int64, pace *pacer) error {
	from := uuid.Nil
	for try := 1; ; {
		limit := pace.size()
		started := time.Now()
		picked, next, err := e.logBatch(ctx, rule, logSlice{run: run, from: from, limit: limit})
		switch {
		case err == nil:
			try = 1
		case judge(err) == verdictStop || try >= e.book.job.Limits.Tries:
			return safe(err)
		default:
			try++
			pace.halve()
			if err := sleep(ctx, backoff(e.book.job.Limits.Backoff, try)); err != nil {
				return err
			}
			continue
		}
		took := time.Since(started)
		e.longest = max(e.longest, took)
		pace.observe(picked, took)
		if picked < limit {
			return context.Cause(ctx)
		}
		from = next
		if err := e.rest(ctx); err != nil {
			return err
		}
	}
}

// logSlice is a stretch of the ledger of one campaign run: so many rows from a member on.
type logSlice struct {
	run   int64
	from  uuid.UUID
	limit int
}

// logBatch deletes a stretch of log rows in one transaction, and returns how many it looked at and where it ended.
func (e *Executor) logBatch(ctx context.Context, rule plan.Rule, s logSlice) (picked int, last uuid.UUID, err error) {
	limits := e.book.job.Limits
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limits.StatementTimeout+batchSlack)
	defer cancel()
	err = e.fenced(ctx, func(tx pgx.Tx) error {
		var gone int64
		var end *uuid.UUID
		var head audit.Head
		var at time.Time
		work := &pgx.Batch{}
		queueFrame(work, limits)
		work.Queue(sqlLegalLockShared, LockClass, lockHolds)
		work.Queue(sqlEraseLogs, s.run, s.from, rule.Before, s.limit).QueryRow(func(row pgx.Row) error {
			return row.Scan(&picked, &gone, &end)
		})
		queueHead(work, &head, &at)
		if err := tx.SendBatch(ctx, work).Close(); err != nil {
			return fmt.Errorf("erase log rows: %w", err)
		}
		if end != nil {
			last = *end
		}
		if gone == 0 {
			return nil
		}
		body := e.book.body()
		body.Rule, body.Category, body.Rows, body.At = rule.Name, plan.DeliveryLogs, gone, stamp(at)
		return e.recordLogs(ctx, tx, head, body)
	})
	return picked, last, err
}

func (e *Executor) recordLogs(ctx context.Context, tx pgx.Tx, head audit.Head, body audit.Body) error {
	record, err := audit.Append(head, audit.Batch, body)
	if err != nil {
		return err
	}
	notes := &pgx.Batch{}
	queueRecord(notes, e.book.run.id, record)
	notes.Queue(sqlCountAdd, e.book.run.id, body.Rule, body.Category, outcomeErased, 0, body.Rows)
	if err := tx.SendBatch(ctx, notes).Close(); err != nil {
		return fmt.Errorf("record the batch: %w", err)
	}
	return nil
}
