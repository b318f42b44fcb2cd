// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// CampaignRun is one run of a campaign, counted from its ledger. Sent, Pending, Deferred, Failed, Bounced,
// InDoubt, Expired and Refused add up to Audience.
//
// The states of the ledger fold like this: Planned and Claimed are pending; Deferred, Sent and Expired are what
// they say; Failed with reason HardBounce is bounced, with any other reason failed; Unknown is in doubt;
// Suppressed and Skipped are refused, by reason. Rows that retention deleted count as what they were.
type CampaignRun struct {
	RunName                          string
	ResendOf                         string // the run that this one sends again; empty for another
	Campaign, Type                   string
	Generation                       int64
	State                            string    // Sending, Paused, Finished or Failed
	Failure                          string    // reason code when Paused or Failed, for example TooManyRecipients
	PausedAt                         time.Time // when Paused
	ScheduledAt, Deadline, StartedAt time.Time
	FinishedAt                       *time.Time

	Audience                                                   int64
	Sent, Pending, Deferred, Failed, Bounced, InDoubt, Expired int64
	Unsubscribed, Complained                                   int64
	// Test is how an A/B test went; nil without one.
	Test *Test
	// Clicked and Opened count what was learnt of mails; nil where the campaign did not want to know.
	Clicked, Opened *int64
	// Refused counts people who were not written to, by reason, most first.
	Refused []Refusal
	// Channels count the same by channel, in the order of their names.
	Channels []ChannelCount
	// Posts to Slack, Teams and webhooks, in the order of channel and destination.
	Posts []Post
}

// ChannelCount counts what goes to members by one channel.
type ChannelCount struct {
	Channel        string
	Audience, Sent int64
}

// Refusal counts people who were not written to for one reason.
type Refusal struct {
	Reason string
	Count  int64
}

// CampaignRuns reads the newest runs of a campaign, newest first, in two round trips. Counting costs a look at each
// row of a run's ledger; the numbers of a finished run never change but for Unsubscribed, so that a caller who has
// them names the run among the settled and gets it back with its ledger's numbers at zero.
func (r *Reader) CampaignRuns(ctx context.Context, campaignUID string, limit int, settled ...string) ([]CampaignRun, error) {
	var (
		runs []CampaignRun
		ids  []int64
	)
	index, paused, has := map[int64]int{}, []int64{}, known{}
	batch := &pgx.Batch{}
	batch.Queue(sqlCampaignRuns, campaignUID, limit).Query(each(func(rows pgx.Rows) error {
		var (
			c  CampaignRun
			id int64
		)
		err := rows.Scan(&id, &c.RunName, &c.Campaign, &c.Type, &c.Generation, &c.State, &c.Failure, &c.Audience,
			&c.ScheduledAt, &c.Deadline, &c.StartedAt, &c.FinishedAt, &c.Unsubscribed, &c.Complained)
		if c.State != "Finished" || !slices.Contains(settled, c.RunName) {
			index[id], ids = len(runs), append(ids, id)
		}
		if c.State == "Paused" {
			paused = append(paused, id)
		}
		runs = append(runs, c)
		return err
	}))
	queueKnown(batch, &has)
	if err := r.send(ctx, "the campaign's runs", batch); err != nil || len(ids) == 0 {
		return runs, err
	}
	batch = &pgx.Batch{}
	queueCounts(batch, ids, runs, index)
	if len(paused) > 0 { // never in the store of the version before, which has no such view
		queuePauses(batch, paused, runs, index)
	}
	if has.posts {
		queuePosts(batch, ids, runs, index)
	}
	if has.tracking {
		queueTracking(batch, ids, runs, index)
	}
	if has.resends {
		queueResends(batch, ids, runs, index)
	}
	if has.tests {
		queueTests(batch, ids, runs, index)
	}
	if err := r.send(ctx, "the campaign's ledger", batch); err != nil {
		return nil, err
	}
	for i := range runs {
		slices.SortFunc(runs[i].Refused, func(a, b Refusal) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
		})
	}
	return runs, nil
}

// queueCounts folds the ledgers of some runs into them. index says where in runs each id is.
func queueCounts(batch *pgx.Batch, ids []int64, runs []CampaignRun, index map[int64]int) {
	batch.Queue(sqlCampaignCounts, ids).Query(each(func(rows pgx.Rows) error {
		var (
			id, count              int64
			channel, state, reason string
		)
		err := rows.Scan(&id, &channel, &state, &reason, &count)
		if i, ok := index[id]; ok {
			runs[i].fold(state, reason, count)
			runs[i].channel(channel, state, count)
		}
		return err
	}))
}

// queuePauses reads since when runs rest.
func queuePauses(batch *pgx.Batch, ids []int64, runs []CampaignRun, index map[int64]int) {
	batch.Queue(sqlCampaignPauses, ids).Query(each(func(rows pgx.Rows) error {
		var id int64
		var at time.Time
		err := rows.Scan(&id, &at)
		if i, ok := index[id]; ok {
			runs[i].PausedAt = at
		}
		return err
	}))
}

// reasonHardBounce is the ledger's reason for a message that the receiving server refused for good.
const reasonHardBounce = "HardBounce"

// fold adds one count of the ledger to the run's numbers.
func (c *CampaignRun) fold(state, reason string, count int64) {
	switch state {
	case "Sent":
		c.Sent += count
	case "Planned", "Claimed":
		c.Pending += count
	case "Deferred":
		c.Deferred += count
	case "Expired":
		c.Expired += count
	case "Unknown":
		c.InDoubt += count
	case "Failed":
		if reason == reasonHardBounce {
			c.Bounced += count
		} else {
			c.Failed += count
		}
	default: // Suppressed, Skipped
		c.refuse(cmp.Or(reason, state), count)
	}
}

// channel adds one count of the ledger to the numbers of its channel.
func (c *CampaignRun) channel(name, state string, count int64) {
	i, found := slices.BinarySearchFunc(c.Channels, name, func(a ChannelCount, name string) int { return cmp.Compare(a.Channel, name) })
	if !found {
		c.Channels = slices.Insert(c.Channels, i, ChannelCount{Channel: name})
	}
	c.Channels[i].Audience += count
	if state == "Sent" {
		c.Channels[i].Sent += count
	}
}

func (c *CampaignRun) refuse(reason string, count int64) {
	for i := range c.Refused {
		if c.Refused[i].Reason == reason {
			c.Refused[i].Count += count
			return
		}
	}
	c.Refused = append(c.Refused, Refusal{Reason: reason, Count: count})
}
