// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats

import "github.com/jackc/pgx/v5"

// queueResends reads which run each of some runs sends again; index says where each id is among them.
func queueResends(batch *pgx.Batch, ids []int64, runs []CampaignRun, index map[int64]int) {
	batch.Queue(sqlCampaignResends, ids).Query(each(func(rows pgx.Rows) error {
		var id int64
		var parent string
		err := rows.Scan(&id, &parent)
		if i, ok := index[id]; ok {
			runs[i].ResendOf = parent
		}
		return err
	}))
}
