// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// applying is one try of the transaction. Its result begins with what staging counted.
type applying struct {
	id     int64
	job    Job
	result *Result
}

// apply takes the staged rows over, all in the caller's transaction with the run's final counts.
func apply(ctx context.Context, tx pgx.Tx, a applying) error {
	for _, sql := range []string{planSQL, "ANALYZE pg_temp.roster_plan (line, member_id, verdict)"} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if err := a.count(ctx, tx); err != nil {
		return err
	}
	if r := a.result; tooManyBad(r.Quarantined, r.Rows) {
		return finally(TooManyBadRows, "", "%d of %d rows cannot be taken: this looks like a wrong file", r.Quarantined, r.Rows)
	}
	if err := a.insert(ctx, tx); err != nil {
		return err
	}
	if err := a.update(ctx, tx); err != nil {
		return err
	}
	if err := quarantine(ctx, tx, a.id, a.result.Quarantine); err != nil {
		return err
	}
	r := a.result
	_, err := tx.Exec(ctx, finishSQL, a.id, "Succeeded", "", "", r.Rows, r.Inserted, r.Updated, r.Unchanged, r.Quarantined, r.Tombstoned)
	return err
}

// insert takes new people in.
func (a applying) insert(ctx context.Context, tx pgx.Tx) error {
	if a.result.Inserted == 0 {
		return nil
	}
	return steps(ctx, tx, []step{
		{insertMembersSQL, []any{a.job.Format.DefaultLocale}}, {insertContactsSQL, nil}, {insertEmploymentsSQL, nil}, {insertConsentsSQL, []any{a.job.RunName}},
	})
}

// update brings known people up to date.
func (a applying) update(ctx context.Context, tx pgx.Tx) error {
	if a.result.Updated == 0 {
		return nil
	}
	return steps(ctx, tx, []step{
		{lockSQL, nil}, {updateMembersSQL, nil}, {removeContactsSQL, nil}, {updateContactsSQL, nil}, {updateEmploymentsSQL, nil},
		{addEmploymentsSQL, nil}, {addConsentsSQL, []any{a.job.RunName}},
	})
}

// step is one statement.
type step struct {
	sql  string
	args []any
}

func steps(ctx context.Context, tx pgx.Tx, all []step) error {
	for _, s := range all {
		if _, err := tx.Exec(ctx, s.sql, s.args...); err != nil {
			return err
		}
	}
	return nil
}

// count adds what the plan says to what staging counted.
func (a applying) count(ctx context.Context, tx pgx.Tx) error {
	var refused int64
	err := tx.QueryRow(ctx, countsSQL).Scan(&a.result.Inserted, &a.result.Updated, &a.result.Unchanged, &a.result.Tombstoned, &refused)
	if err != nil || refused == 0 {
		return err
	}
	rows, err := tx.Query(ctx, refusedSQL, maxQuarantine)
	if err != nil {
		return err
	}
	planned, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Bad, error) {
		var b Bad
		err := row.Scan(&b.Line, &b.Reason)
		b.Field = atFault[b.Reason]
		return b, err
	})
	if err != nil {
		return err
	}
	a.result.Quarantined += refused
	all := slices.Concat(a.result.Quarantine, planned)
	slices.SortFunc(all, func(x, y Bad) int { return int(x.Line - y.Line) })
	a.result.Quarantine = all[:min(len(all), maxQuarantine)]
	return nil
}

// atFault is the field that the plan's reasons speak of.
var atFault = map[Reason]Field{DuplicateNumber: EmployeeNumber, DuplicateAddress: Email, NotALeaver: LeftOn}

// tooManyBad tells a wrong file from a right one with mistakes.
func tooManyBad(bad, rows int64) bool { return bad > maxBadRows && bad*100 > rows*maxBadShare }

// quarantine replaces the quarantined rows of a run.
func quarantine(ctx context.Context, tx pgx.Tx, id int64, bad []Bad) error {
	if _, err := tx.Exec(ctx, pruneSQL, id); err != nil || len(bad) == 0 {
		return err
	}
	lines, fields, reasons := make([]int64, len(bad)), make([]string, len(bad)), make([]string, len(bad))
	for i, b := range bad {
		lines[i], fields[i], reasons[i] = b.Line, string(b.Field), string(b.Reason)
	}
	_, err := tx.Exec(ctx, quarantineSQL, id, lines, fields, reasons)
	return err
}
