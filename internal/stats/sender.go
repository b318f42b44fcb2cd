// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// SenderDay is how many messages a sender that warms up was granted on the last day on which it sent any.
type SenderDay struct {
	Day  time.Time // midnight in UTC; the zero time when it never counted
	Used int
}

// SenderSchemaVersion is the oldest schema whose store counts the days of senders.
const SenderSchemaVersion = 17

// SenderDay reads the day of a sender. The store must have SenderSchemaVersion.
func (r *Reader) SenderDay(ctx context.Context, sender string) (SenderDay, error) {
	var d SenderDay
	batch := &pgx.Batch{}
	batch.Queue(sqlSenderDay, sender).QueryRow(one(&d.Day, &d.Used))
	if err := r.send(ctx, "the sender's day", batch); err != nil {
		return SenderDay{}, err
	}
	return d, nil
}
