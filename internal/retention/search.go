// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

// searchKeys makes the keys of everybody who is still there and looks for them among this run's tombstones. The
// members stream by; only keys that look like an erased one are kept.
func (e *Executor) searchKeys(ctx context.Context) (int64, error) {
	erased, err := e.erasedPrefixes(ctx)
	if err != nil {
		return 0, err
	}
	rows, err := e.planner.pool.Query(ctx, sqlVerifyMembers)
	if err != nil {
		return 0, fmt.Errorf("read members: %w", err)
	}
	var p person
	var alike [][]byte
	_, err = pgx.ForEachRow(rows, []any{&p.id, &p.number, &p.address}, func() error {
		p.eachKey(e.planner.keys, func(_ tombstone.Kind, key [keyLength]byte) {
			if _, is := slices.BinarySearch(erased, binary.BigEndian.Uint64(key[:])); is {
				alike = append(alike, slices.Clone(key[:]))
			}
		})
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read members: %w", err)
	}
	return e.confirm(ctx, alike)
}

// erasedPrefixes reads the first eight bytes of this run's tombstones, sorted: enough to clear nearly everybody of
// suspicion, and small enough for millions.
func (e *Executor) erasedPrefixes(ctx context.Context) ([]uint64, error) {
	rows, err := e.planner.pool.Query(ctx, sqlVerifyErased, e.book.run.id)
	if err != nil {
		return nil, fmt.Errorf("read tombstones: %w", err)
	}
	var prefixes []uint64
	var key []byte
	_, err = pgx.ForEachRow(rows, []any{&key}, func() error {
		prefixes = append(prefixes, binary.BigEndian.Uint64(key))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read tombstones: %w", err)
	}
	slices.Sort(prefixes)
	return prefixes, nil
}

// confirm counts the keys that are tombstones of this run.
func (e *Executor) confirm(ctx context.Context, alike [][]byte) (int64, error) {
	if len(alike) == 0 {
		return 0, nil
	}
	var n int64
	if err := e.planner.pool.QueryRow(ctx, sqlVerifyKeys, alike, e.book.run.id).Scan(&n); err != nil {
		return 0, fmt.Errorf("search for erased keys: %w", err)
	}
	return n, nil
}
