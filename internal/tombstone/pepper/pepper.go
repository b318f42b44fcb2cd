// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pepper

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

// Code is how journals of runs name ErrOther.
const Code = "PepperMismatch"

// ErrOther tells that the tombstones of the store were made under another pepper. Nothing may be imported or erased
// under this one: put the former Secret back.
var ErrOther = errors.New("the tombstones of this store were made under another pepper: put the former Secret back")

const (
	sqlNote = `INSERT INTO alumni.pepper (fingerprint) VALUES ($1) ON CONFLICT DO NOTHING`
	sqlRead = `SELECT fingerprint FROM alumni.pepper`
)

// Querier is a pool, a connection or a transaction.
type Querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Check compares the pepper with the one that the store was taken up with, and notes it when there is none yet. It
// fails with ErrOther when they differ.
func Check(ctx context.Context, q Querier, keys *tombstone.Keyer) error {
	own, noted := keys.Fingerprint(), []byte(nil)
	if _, err := q.Exec(ctx, sqlNote, own[:]); err != nil {
		return fmt.Errorf("note the fingerprint of the pepper: %w", err)
	}
	if err := q.QueryRow(ctx, sqlRead).Scan(&noted); err != nil {
		return fmt.Errorf("read the fingerprint of the pepper: %w", err)
	}
	if !bytes.Equal(noted, own[:]) {
		return ErrOther
	}
	return nil
}
