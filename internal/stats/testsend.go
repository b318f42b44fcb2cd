// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestSend is what became of the newest test send of a campaign.
type TestSend struct {
	Name         string // which one
	Sent, Failed int64  // mails that the mail server took, and that it did not
	Failure      string // reason code when none was sent, for example NoRecipients
	SentAt       time.Time
}

// TestSendSchemaVersion is the oldest schema whose store has test sends.
const TestSendSchemaVersion = 16

// TestSend reads the newest test send of a campaign; nil when there is none. The store must have TestSendSchemaVersion.
func (r *Reader) TestSend(ctx context.Context, campaignUID string) (*TestSend, error) {
	var found *TestSend
	batch := &pgx.Batch{}
	batch.Queue(sqlCampaignTestSend, campaignUID).Query(each(func(rows pgx.Rows) error {
		found = &TestSend{}
		return rows.Scan(&found.Name, &found.Sent, &found.Failed, &found.Failure, &found.SentAt)
	}))
	if err := r.send(ctx, "the campaign's test send", batch); err != nil {
		return nil, err
	}
	return found, nil
}
