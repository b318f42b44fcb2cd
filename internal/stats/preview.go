// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// CampaignPreview is how a campaign would go, as it was counted last.
type CampaignPreview struct {
	Name            string // which of its declarations was looked at
	AsOf, CountedAt time.Time
	Counts          map[string]int64 // people by reason; those to be written to under the empty one
}

// PreviewSchemaVersion is the oldest schema whose store has previews.
const PreviewSchemaVersion = 11

// CampaignPreview reads the newest preview of a campaign; nil when there is none. The store must have PreviewSchemaVersion.
func (r *Reader) CampaignPreview(ctx context.Context, campaignUID string) (*CampaignPreview, error) {
	var found *CampaignPreview
	batch := &pgx.Batch{}
	batch.Queue(sqlCampaignPreview, campaignUID).Query(each(func(rows pgx.Rows) error {
		found = &CampaignPreview{}
		return rows.Scan(&found.Name, &found.AsOf, &found.CountedAt, &found.Counts)
	}))
	if err := r.send(ctx, "the campaign's preview", batch); err != nil {
		return nil, err
	}
	return found, nil
}
