// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"time"

	"github.com/jackc/pgx/v5"
)

// Test is how the A/B test of a run went.
type Test struct {
	Until    time.Time // when it is decided
	Winner   string    // empty until then
	Variants []Variant // in the order of their names
}

// Variant counts one variant of a test: what became of the members in it, and of nobody else.
type Variant struct {
	Name          string
	Sent, Clicked int64
}

// queueTests reads the tests of some runs; index says where each id is among them.
func queueTests(batch *pgx.Batch, ids []int64, runs []CampaignRun, index map[int64]int) {
	batch.Queue(sqlCampaignTests, ids).Query(each(func(rows pgx.Rows) error {
		var id int64
		t := &Test{}
		err := rows.Scan(&id, &t.Until, &t.Winner)
		if i, ok := index[id]; ok {
			runs[i].Test = t
		}
		return err
	}))
	batch.Queue(sqlCampaignVariants, ids).Query(each(func(rows pgx.Rows) error {
		var id int64
		var v Variant
		err := rows.Scan(&id, &v.Name, &v.Sent, &v.Clicked)
		if i, ok := index[id]; ok && runs[i].Test != nil {
			runs[i].Test.Variants = append(runs[i].Test.Variants, v)
		}
		return err
	}))
}
