// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"fmt"
	"strings"

	"github.com/alumni-operator/alumni-operator/internal/audience"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// leastSent is how many mails of each variant must have been sent before clicks say anything (campaign.md S1).
const leastSent = 200

// wholeAudience is the bound below which every member's hash falls.
const wholeAudience = 10000

// arms are the bounds between those who are held out, those who get each variant, and those who wait for the winner.
func arms(t settings.ABTest, variants int) []int {
	bounds := make([]int, 0, variants+1)
	for i := range variants + 1 {
		bounds = append(bounds, wholeAudience/100*t.HoldOutPercent+wholeAudience/100*t.TestPercent*i/variants)
	}
	return bounds
}

// planArms makes the statement that freezes the audience of a run with a test, and its arguments.
func (l *ledger) planArms(run int64, query audience.Query) (sql string, args []any) {
	sql, args = l.plan(sqlFreezeArms, &run, query)
	args = append(args, arms(*l.test, len(l.variants)), l.variants)
	return strings.NewReplacer("/*bounds*/", fmt.Sprintf("$%d", len(args)-1), "/*variants*/", fmt.Sprintf("$%d", len(args))).Replace(sql), args
}

// testSeconds is how long those wait who are not in the test; nil without one.
func (l *ledger) testSeconds() *float64 {
	if l.test == nil {
		return nil
	}
	seconds := float64(l.test.AfterSeconds)
	return &seconds
}

// decide ends the test of the run when its time has come, once for all workers and all starts, or learns how it ended. Until then nothing
// is handed out that waits for the winner.
func (l *ledger) decide(ctx context.Context) error {
	if !l.waits() {
		return nil
	}
	if _, err := l.pool.Exec(ctx, sqlDecide, l.run.id, l.variants, leastSent); err != nil {
		return fmt.Errorf("decide the test of the run: %w", err)
	}
	if err := l.pool.QueryRow(ctx, sqlWinner, l.run.id).Scan(&l.run.winner); err != nil {
		return fmt.Errorf("read the winner of the run: %w", err)
	}
	return nil
}

// waits tells that the winner of a test is not known yet. Where the test was taken out of the campaign, nobody waits for one.
func (l *ledger) waits() bool { return l.run.tested && l.run.winner == "" && len(l.variants) > 0 }
