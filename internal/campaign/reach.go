// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// unreachable are the reasons for which a member is passed on to the next channel (campaign.md S5). Whoever must not be written to, or was
// written to enough, is not.
var unreachable = []string{"Unreachable", "Suppressed", reasonQuota, reasonTrial, "InvalidRecipient", reasonHardBounce, reasonAddress}

// before are the channels from which members are passed on to the ledger's, in order.
func (l *ledger) before() []string {
	if !l.first {
		return nil
	}
	return slices.Clone(l.channels[:max(0, slices.Index(l.channels, l.channel))])
}

// passOn moves members whom a channel does not reach to the next, up to the ledger's. Several couriers may do so; when nothing more can come
// open tells.
func (l *ledger) passOn(ctx context.Context) (members int64, err error) {
	steps := append(l.before(), l.channel)
	for i, next := range steps[1:] {
		var passed int64
		b := &pgx.Batch{} // one batch is one transaction
		b.Queue(sqlChunkLock, l.run.id, next, nil)
		b.Queue(sqlPassOn, l.run.id, steps[i], next, unreachable).QueryRow(func(row pgx.Row) error { return row.Scan(&passed) })
		if err := l.pool.SendBatch(ctx, b).Close(); err != nil {
			return members, fmt.Errorf("pass members on: %w", err)
		}
		members += passed
	}
	return members, nil
}

// declare makes the run fit the channels of the campaign, which may have changed since it was planned: what is left on others is not
// sent, and each of its own can take members over.
func (l *ledger) declare(ctx context.Context) error {
	b := &pgx.Batch{}
	b.Queue(sqlUndeclared, l.run.id, l.channels)
	b.Queue(sqlChunkCover, l.run.id, l.channels)
	if err := l.pool.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("look which channels the run has: %w", err)
	}
	return nil
}
