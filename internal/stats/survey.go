// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/survey"
)

// Survey counts what members answered to the survey of a campaign.
type Survey struct {
	survey.Definition // as it was asked
	ClosesAt          time.Time
	Answered          int64                       // 0 before so many have that nobody can be told from the counts
	Counts            map[string]map[string]int64 // by question and value; value "" counts who answered the question
}

// SurveySchemaVersion is the oldest schema whose store knows of surveys.
const SurveySchemaVersion = 26

// Survey reads the survey of a campaign; nil before it was planned. The store must have SurveySchemaVersion.
func (r *Reader) Survey(ctx context.Context, campaignUID string) (*Survey, error) {
	var found *Survey
	batch := &pgx.Batch{}
	batch.Queue(sqlSurvey, campaignUID).Query(each(func(rows pgx.Rows) error {
		found = &Survey{Counts: map[string]map[string]int64{}}
		return rows.Scan(&found.Definition, &found.ClosesAt, &found.Answered)
	}))
	batch.Queue(sqlSurveyCounts, campaignUID).Query(each(func(rows pgx.Rows) error {
		var question, value string
		var n int64
		if err := rows.Scan(&question, &value, &n); err != nil || found == nil {
			return err
		}
		if found.Counts[question] == nil {
			found.Counts[question] = map[string]int64{}
		}
		found.Counts[question][value] = n
		return nil
	}))
	if err := r.send(ctx, "the campaign's survey", batch); err != nil {
		return nil, err
	}
	return found, nil
}
