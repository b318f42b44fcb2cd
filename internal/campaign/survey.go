// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// noteSurvey writes what the campaign asks to where the portal reads it, in the transaction that plans to ask it. Once somebody has
// answered it stays as it is: nobody is to have answered another question than is counted.
func noteSurvey(ctx context.Context, tx pgx.Tx, job Job) error {
	asked := job.Campaign.Survey
	if asked == nil {
		return nil
	}
	first := job.ScheduledAt
	if job.Campaign.FirstAt != nil {
		first = *job.Campaign.FirstAt
	}
	if _, err := tx.Exec(ctx, sqlSurveyNote, job.Campaign.UID, asked, asked.ClosesAt(first)); err != nil {
		return fmt.Errorf("note the survey: %w", err)
	}
	return nil
}
