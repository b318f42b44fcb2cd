// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"github.com/jackc/pgx/v5"
)

// Post is what became of the post of a run at one destination.
type Post struct {
	Channel, Destination string
	State, Reason        string // as the ledger says it
}

// queuePosts reads the posts of some runs; index says where each id is among them.
func queuePosts(batch *pgx.Batch, ids []int64, runs []CampaignRun, index map[int64]int) {
	batch.Queue(sqlCampaignPosts, ids).Query(each(func(rows pgx.Rows) error {
		var id int64
		var p Post
		err := rows.Scan(&id, &p.Channel, &p.Destination, &p.State, &p.Reason)
		if i, ok := index[id]; ok {
			runs[i].Posts = append(runs[i].Posts, p)
		}
		return err
	}))
}
