// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// CopyOf implements community.AccessService. One transaction sees the store at one moment, so that the copy fits together.
func (p *Portal) CopyOf(ctx context.Context, viewer community.Viewer, do func(community.DataCopy) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	taken := community.DataCopy{TakenAt: p.now()}
	err := pgx.BeginTxFunc(ctx, p.pool, options, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL timezone = 'UTC'"); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, sqlCopyCount, viewer.Member)
		if err != nil {
			return err
		}
		if taken.Tables, err = pgx.CollectRows(rows, pgx.RowToStructByPos[community.CopiedTable]); err != nil {
			return err
		}
		if len(taken.Tables) == 0 { // erased a moment ago
			return &community.Error{Code: community.CodeForbidden, Message: "error.forbidden"}
		}
		taken.Each = func(each func(community.CopiedRow) error) error { return eachCopied(ctx, tx, viewer, each) }
		return do(taken)
	})
	if domain := (*community.Error)(nil); err == nil || errors.As(err, &domain) {
		return err
	}
	return fault("copy what is held of a member", err)
}

func eachCopied(ctx context.Context, tx pgx.Tx, viewer community.Viewer, do func(community.CopiedRow) error) error {
	rows, err := tx.Query(ctx, sqlCopyRows, viewer.Member)
	if err != nil {
		return err
	}
	var row community.CopiedRow
	_, err = pgx.ForEachRow(rows, []any{&row.Category, &row.Table, &row.Row}, func() error { return do(row) })
	return err
}
