// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/retention/audit"
)

// queueHead asks for the end of the audit chain, and keeps other writers from it until the transaction ends.
func queueHead(batch *pgx.Batch, head *audit.Head, at *time.Time) {
	batch.Queue(sqlChainLock, LockClass, lockChain)
	batch.Queue(sqlChainHead).QueryRow(func(row pgx.Row) error {
		var hash []byte
		if err := row.Scan(&head.Seq, &hash, at); err != nil {
			return err
		}
		copy(head.Hash[:], hash)
		return nil
	})
}

// queueRecord adds a link after a head that queueHead has read in this transaction.
func queueRecord(batch *pgx.Batch, runID int64, r audit.Record) {
	batch.Queue(sqlChainAppend, r.Seq, runID, string(r.Kind), string(r.Body), r.Prev[:], r.Hash[:])
}

// appendChain adds a link to the audit chain by itself, and tells when.
func appendChain(ctx context.Context, tx pgx.Tx, runID int64, kind audit.Kind, body audit.Body) (audit.Record, time.Time, error) {
	var head audit.Head
	var at time.Time
	ask := &pgx.Batch{}
	queueHead(ask, &head, &at)
	if err := tx.SendBatch(ctx, ask).Close(); err != nil {
		return audit.Record{}, at, fmt.Errorf("read the end of the audit chain: %w", err)
	}
	body.At = stamp(at)
	record, err := audit.Append(head, kind, body)
	if err != nil {
		return audit.Record{}, at, err
	}
	add := &pgx.Batch{}
	queueRecord(add, runID, record)
	if err := tx.SendBatch(ctx, add).Close(); err != nil {
		return audit.Record{}, at, fmt.Errorf("write the audit chain: %w", err)
	}
	return record, at, nil
}

// stamp writes an instant for records and certificates.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// VerifyChain checks the whole audit chain of a store and returns its head. It needs no memory for it.
func VerifyChain(ctx context.Context, q querier) (audit.Head, error) {
	rows, err := q.Query(ctx, sqlChainExport)
	if err != nil {
		return audit.Head{}, fmt.Errorf("read the audit chain: %w", err)
	}
	verifier := audit.NewVerifier(audit.Head{})
	var r audit.Record
	var kind, body string
	var prev, hash []byte
	_, err = pgx.ForEachRow(rows, []any{&r.Seq, &kind, &r.Run, &body, &prev, &hash}, func() error {
		r.Kind, r.Body = audit.Kind(kind), []byte(body)
		copy(r.Prev[:], prev)
		copy(r.Hash[:], hash)
		return verifier.Add(r)
	})
	if err != nil {
		return verifier.Head(), fmt.Errorf("verify the audit chain: %w", err)
	}
	return verifier.Head(), nil
}
