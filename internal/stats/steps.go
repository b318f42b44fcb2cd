// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// StepCount counts members of a campaign with steps: those who are before one, or how they ended.
type StepCount struct {
	Step    int    // the next; the first message of the campaign is step 1
	Ended   string // Completed, Exited or Refused; empty for who waits
	Members int64
}

// StepsSchemaVersion is the oldest schema whose store knows of steps.
const StepsSchemaVersion = 21

// Steps counts the members whom the steps of a campaign follow. The store must have StepsSchemaVersion.
func (r *Reader) Steps(ctx context.Context, campaignUID string) ([]StepCount, error) {
	var counts []StepCount
	batch := &pgx.Batch{}
	batch.Queue(sqlCampaignSteps, campaignUID).Query(each(func(rows pgx.Rows) error {
		var c StepCount
		err := rows.Scan(&c.Step, &c.Ended, &c.Members)
		counts = append(counts, c)
		return err
	}))
	if err := r.send(ctx, "the campaign's steps", batch); err != nil {
		return nil, err
	}
	return counts, nil
}
