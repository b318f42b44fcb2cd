// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/alumni-operator/alumni-operator/internal/audience"
)

// errUndo takes back a transaction that served to look.
var errUndo = errors.New("nothing to keep")

// Preview counts whom a run at job.ScheduledAt would write to and whom not, by reason, and notes it under job.RunName, with every text as
// invented people would get it. It plans and sends nothing. What other campaigns send until then is not known, and counts as nothing. An error that wraps ErrFinal cannot be
// healed by another try.
func Preview(ctx context.Context, pool *pgxpool.Pool, job Job) error {
	if err := job.check(); err != nil {
		return err
	}
	for _, channel := range job.Campaign.MemberChannels() {
		if _, err := newWay(job, channel, 0); err != nil {
			return err
		}
	}
	samples, err := renderSamples(job)
	if err != nil {
		return err
	}
	query, err := audience.Compile(job.Campaign, job.day(), firstOfAudience)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFinal, err)
	}
	l, err := newLedger(pool, job, func() time.Time { return job.ScheduledAt })
	if err != nil {
		return err
	}
	counts, err := l.look(ctx, query)
	if err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, sqlPreviewNote, job.Campaign.UID, job.RunName, job.ScheduledAt, counts,
		job.Campaign.Name, job.Campaign.Type, samples); err != nil {
		return fmt.Errorf("note the preview: %w", err)
	}
	job.Log.Info("Counting a preview", "preview", job.RunName)
	return nil
}

// look asks the statement that a run begins with, and writes nothing.
func (l *ledger) look(ctx context.Context, query audience.Query) (counts []byte, err error) {
	err = pgx.BeginTxFunc(ctx, l.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = '"+freezeStatementMax+"'"); err != nil {
			return fmt.Errorf("allow time to count the audience: %w", err)
		}
		if err := l.promises.learn(ctx, tx); err != nil {
			return err
		}
		sql, args := l.plan(sqlPreview, nil, query)
		if err := tx.QueryRow(ctx, sql, args...).Scan(&counts); err != nil {
			return fmt.Errorf("count the audience: %w", err)
		}
		return errUndo
	})
	if errors.Is(err, errUndo) {
		err = nil
	}
	return counts, err
}
