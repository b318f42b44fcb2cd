// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"github.com/jackc/pgx/v5"
)

// known says which views of campaigns the store has: one of an earlier version has fewer.
type known struct{ posts, tracking, tests, resends, lags, senders bool }

// queueKnown asks the store which views it has.
func queueKnown(batch *pgx.Batch, k *known) {
	batch.Queue(sqlCampaignViewsKnown).QueryRow(one(&k.posts, &k.tracking, &k.tests, &k.resends, &k.lags, &k.senders))
}

// queueTracking reads what became of the mails of some runs; index says where each id is among them.
func queueTracking(batch *pgx.Batch, ids []int64, runs []CampaignRun, index map[int64]int) {
	batch.Queue(sqlCampaignTracking, ids).Query(each(func(rows pgx.Rows) error {
		var id, clicked, opened int64
		var clicks, opens string
		err := rows.Scan(&id, &clicks, &opens, &clicked, &opened)
		if i, ok := index[id]; ok {
			if clicks != trackNothing {
				runs[i].Clicked = &clicked
			}
			if opens != trackNothing {
				runs[i].Opened = &opened
			}
		}
		return err
	}))
}

// trackNothing is how the store says that nothing is learnt.
const trackNothing = "Disabled"
