// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
)

// withholdRequests notes until when the law keeps people who asked to be erased, by the minimums that hold now, and forgets what
// earlier ones said. Every run does it when it begins, so that a minimum that is taken out keeps nobody waiting.
func withholdRequests(ctx context.Context, pool *pgxpool.Pool, compiled *plan.Plan) error {
	requests := &requestSource{plan: compiled}
	var members []uuid.UUID
	var until []time.Time
	err := requests.due(ctx, pool, func(id uuid.UUID, d plan.Decision) {
		if !d.Due() {
			members, until = append(members, id), append(until, startOf(d.From, compiled.Zone))
		}
	})
	if err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, sqlRequestsWithhold, arrayOf(members), until); err != nil {
		return fmt.Errorf("note who is kept by law: %w", err)
	}
	return nil
}

// latest is the last day that the store can tell; whoever is kept until it is kept until somebody changes the policy.
var latest = calendar.NewDate(9999, time.December, 31)

// startOf is the first instant of a day.
func startOf(day calendar.Date, zone *time.Location) time.Time {
	return calendar.StartOf(min(day, latest), zone)
}
