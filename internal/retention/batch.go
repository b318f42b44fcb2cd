// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/alumni-operator/alumni-operator/internal/retention/audit"
	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
	"github.com/alumni-operator/alumni-operator/internal/retention/catalogue"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

// batchSlack is added to the bound of all statements of a batch, for the way to the server and back.
const batchSlack = 30 * time.Second

// batch erases members in one transaction, and returns those it passed by. Once begun it is brought to its end
// even when the process is told to stop: the bounds on its statements keep that short.
func (e *Executor) batch(ctx context.Context, t task) ([]uuid.UUID, error) {
	limits := e.book.job.Limits
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*limits.StatementTimeout+batchSlack)
	defer cancel()
	var passedBy []uuid.UUID
	b := &batch{Executor: e, task: t}
	err := pgx.BeginFunc(ctx, e.planner.pool, func(tx pgx.Tx) error {
		b.tx = tx
		locked, err := b.lock(ctx)
		if err != nil {
			return err
		}
		missing := without(t.ids, locked)
		var gone int
		if t.wait {
			gone = len(missing) // nobody holds them: they are not there any more
		} else {
			passedBy = missing
		}
		due, err := b.recheck(ctx, locked)
		if err != nil {
			return err
		}
		err = b.erase(ctx, due, gone+len(locked)-len(due))
		b.worked = err == nil
		return err
	})
	e.conclude(ctx, b, err)
	if err != nil {
		return nil, err
	}
	return passedBy, nil
}

// batch is one transaction that erases members.
type batch struct {
	*Executor
	tx     pgx.Tx
	task   task
	intent string // name of its entry in the erasure ledger; empty when there is none
	worked bool   // everything but the commit succeeded
}

// lock bounds the transaction, checks the fence, and locks the members.
func (b *batch) lock(ctx context.Context) ([]lockedMember, error) {
	lock := sqlLockMembers
	if b.task.wait {
		lock = sqlLockMembersWait
	}
	var epoch int64
	var locked []lockedMember
	ask := &pgx.Batch{}
	queueFrame(ask, b.book.job.Limits)
	ask.Queue(sqlLegalLockShared, LockClass, lockHolds)
	ask.Queue(sqlFence, b.book.run.id).QueryRow(func(row pgx.Row) error { return row.Scan(&epoch) })
	ask.Queue(lock, arrayOf(b.task.ids)).Query(func(rows pgx.Rows) error {
		var err error
		locked, err = readLocked(rows)
		return err
	})
	if err := b.tx.SendBatch(ctx, ask).Close(); err != nil {
		return nil, fmt.Errorf("lock members: %w", err)
	}
	if epoch != b.book.run.epoch {
		return nil, ErrFenced
	}
	return locked, nil
}

// queueFrame bounds what a transaction waits and works.
func queueFrame(batch *pgx.Batch, l Limits) {
	ms := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	batch.Queue(sqlFrame, ms(l.LockTimeout), ms(l.StatementTimeout), ms(l.StatementTimeout))
}

// recheck asks once more who is due. Each statement sees what was committed before it began, so what changed while
// this transaction waited for its locks is seen.
func (b *batch) recheck(ctx context.Context, locked []lockedMember) ([]person, error) {
	if len(locked) == 0 {
		return nil, nil
	}
	return b.planner.source.recheck(ctx, b.tx, locked)
}

// erase takes people out of all tables and leaves tombstones, counts and a link of the audit chain.
func (b *batch) erase(ctx context.Context, due []person, changed int) error {
	if len(due) == 0 && changed == 0 {
		return nil
	}
	ids := make(idArray, len(due))
	for i, p := range due {
		ids[i] = pgtype.UUID{Bytes: p.id, Valid: true}
	}
	marks := tombstonesOf(b.planner.keys, due)
	if err := b.intend(ctx, marks); err != nil {
		return err
	}
	var rows, members int64
	var head audit.Head
	var at time.Time
	work := &pgx.Batch{}
	if len(ids) > 0 {
		b.queueTombstones(work, marks)
		queueChildren(work, ids, &rows)
		work.Queue(sqlEraseMembers, ids).Exec(func(tag pgconn.CommandTag) error {
			members = tag.RowsAffected()
			return nil
		})
		work.Queue(sqlRequestsDone, ids)
		work.Queue(sqlFailuresForget, ids)
	}
	queueHead(work, &head, &at)
	if err := b.tx.SendBatch(ctx, work).Close(); err != nil {
		return fmt.Errorf("erase members: %w", err)
	}
	if members != int64(len(ids)) {
		return fmt.Errorf("erase members: %d of %d rows: %w", members, len(ids), errResidue)
	}
	body := b.book.body()
	body.Rule, body.Category = b.task.rule, plan.Profile
	body.Members, body.Rows, body.Changed = members, rows+members, int64(changed)
	body.TombstoneRoot = audit.MerkleRoot(marks.keys).String()
	body.At = stamp(at)
	return b.record(ctx, head, body)
}

// record writes the link of the audit chain and the counts.
func (b *batch) record(ctx context.Context, head audit.Head, body audit.Body) error {
	record, err := audit.Append(head, audit.Batch, body)
	if err != nil {
		return err
	}
	notes := &pgx.Batch{}
	queueRecord(notes, b.book.run.id, record)
	if body.Members > 0 {
		notes.Queue(sqlCountAdd, b.book.run.id, body.Rule, body.Category, outcomeErased, body.Members, body.Rows)
	}
	if body.Changed > 0 {
		notes.Queue(sqlCountAdd, b.book.run.id, body.Rule, body.Category, outcomeChanged, body.Changed, 0)
	}
	if err := b.tx.SendBatch(ctx, notes).Close(); err != nil {
		return fmt.Errorf("record the batch: %w", err)
	}
	return nil
}

// marks are the tombstones of a batch.
type marks struct {
	keys  [][keyLength]byte
	kinds []string
}

// tombstonesOf makes the keyed hashes of people.
func tombstonesOf(keys *tombstone.Keyer, people []person) marks {
	var m marks
	for _, p := range people {
		p.eachKey(keys, func(kind tombstone.Kind, key [keyLength]byte) {
			m.keys = append(m.keys, key)
			m.kinds = append(m.kinds, string(kind))
		})
	}
	return m
}

func (b *batch) queueTombstones(work *pgx.Batch, m marks) {
	keys := make([][]byte, len(m.keys))
	for i := range m.keys {
		keys[i] = m.keys[i][:]
	}
	today := calendar.DateOf(b.book.run.asOf, b.planner.source.compiled().Zone)
	work.Queue(sqlTombstones, keys, m.kinds, b.book.run.id, today.UTC())
}

// queueChildren empties every table that hangs on the members, and then looks whether it did: the cascade behind
// it must have nothing left to do, for what it deletes is not counted.
func queueChildren(work *pgx.Batch, ids idArray, rows *int64) {
	for _, b := range catalogue.Belongings() {
		if b.Table == catalogue.Delivery {
			work.Queue(sqlEraseDeliveries, ids).QueryRow(func(row pgx.Row) error {
				var n int64
				err := row.Scan(&n)
				*rows += n
				return err
			})
			continue
		}
		work.Queue(eraseChildSQL(b), ids).Exec(func(tag pgconn.CommandTag) error {
			*rows += tag.RowsAffected()
			return nil
		})
	}
	work.Queue(residueSQL(), ids).QueryRow(func(row pgx.Row) error {
		var table string
		err := row.Scan(&table)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return fmt.Errorf("%s: %w", table, errResidue)
	})
}

// eraseChildSQL empties one table of the catalogue.
func eraseChildSQL(b catalogue.Belonging) string {
	return fmt.Sprintf("DELETE FROM %s WHERE %s = ANY ($1::uuid[])", catalogue.Identifier(b.Table), b.Column)
}

// residueSQL names a table of the catalogue that still has rows of members.
func residueSQL() string {
	var parts []string
	for _, b := range catalogue.Belongings() {
		parts = append(parts, fmt.Sprintf("SELECT '%s' WHERE EXISTS (SELECT FROM %s WHERE %s = ANY ($1::uuid[]))",
			b.Table, catalogue.Identifier(b.Table), b.Column))
	}
	return strings.Join(parts, " UNION ALL ") + " LIMIT 1"
}

// without lists the ids that are not among the locked members.
func without(all []uuid.UUID, locked []lockedMember) []uuid.UUID {
	if len(all) == len(locked) {
		return nil
	}
	known := make(map[uuid.UUID]bool, len(locked))
	for _, m := range locked {
		known[m.id] = true
	}
	var missing []uuid.UUID
	for _, id := range all {
		if !known[id] {
			missing = append(missing, id)
		}
	}
	return missing
}
