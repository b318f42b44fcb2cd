// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"context"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// SettledAfter is how long after its end a run is still counted anew: late bounces and unsubscribes belong to it. After that its
	// numbers stay as they are.
	SettledAfter = 7 * 24 * time.Hour
	// settledAtOnce is how many runs are counted in one round trip that need not be counted again.
	settledAtOnce = 50
)

// Figures are what a network's campaigns have done since the network began, by the type of campaign.
type Figures struct {
	// Messages to members, as the ledger says it now, those included that retention deleted. Posts are those to Slack, Teams and webhooks.
	Messages, Posts map[Figure]int64
	// Lag is how long the oldest message has been due of those that are being sent, by type; 0 where none waits. Types that never
	// wrote to anybody are not in it, and none is where the store does not tell.
	Lag map[string]time.Duration
	// Senders by their names, such as Email, or Email/mail.example for a domain; nil when the store does not tell.
	Senders map[string]SenderUse
}

// Figure names one number: messages of one kind with one outcome.
type Figure struct {
	Type, Channel, State, Reason string
}

// SenderUse is what a sender has used up of its limits.
type SenderUse struct {
	Hour int       // messages that count now for the limit of an hour
	Day  SenderDay // of a warm-up
}

// Settled is what was counted of runs that need not be counted again: of all up to one of a store. The zero value knows nothing.
type Settled struct {
	last            figuresRun
	messages, posts map[Figure]int64
}

// figuresRun is a run as Figures sees it.
type figuresRun struct {
	id            int64
	name, kind    string
	sent, settled bool // it is being sent; its numbers stay as they are
}

// Figures counts a network's campaigns. What is known of settled runs comes back beside the figures, for the next time, and also with
// an error: whoever could not count all of a large store at once goes on where they stopped.
func (r *Reader) Figures(ctx context.Context, known Settled) (Figures, Settled, error) {
	runs, has, err := r.figuresRuns(ctx, known.last.id)
	switch {
	case err != nil:
		return Figures{}, known, err
	case known.last.id > 0 && (len(runs) == 0 || runs[0].id != known.last.id || runs[0].name != known.last.name):
		return r.Figures(ctx, Settled{}) // the store was restored, or is another one
	case known.last.id > 0:
		runs = runs[1:]
	}
	for len(runs) > 0 && runs[0].settled {
		n := 1
		for n < min(len(runs), settledAtOnce) && runs[n].settled {
			n++
		}
		next := Settled{last: runs[n-1], messages: copied(known.messages), posts: copied(known.posts)}
		batch := &pgx.Batch{}
		queueFigures(batch, runs[:n], has, next.messages, next.posts)
		if err := r.send(ctx, "the ledgers of settled runs", batch); err != nil {
			return Figures{}, known, err
		}
		known, runs = next, runs[n:]
	}
	f := Figures{Messages: copied(known.messages), Posts: copied(known.posts), Lag: map[string]time.Duration{}}
	batch := &pgx.Batch{}
	queueFigures(batch, runs, has, f.Messages, f.Posts)
	if has.lags {
		queueLags(batch, runs, f.Lag)
	}
	if has.senders {
		f.Senders = map[string]SenderUse{}
		queueSenders(batch, f.Senders)
	}
	if err := r.send(ctx, "the figures of campaigns", batch); err != nil {
		return Figures{}, known, err
	}
	f.quieten(has)
	return f, known, nil
}

// quieten says 0 for the types of which nothing waits.
func (f Figures) quieten(has known) {
	for key := range f.Messages {
		if _, late := f.Lag[key.Type]; !late && has.lags {
			f.Lag[key.Type] = 0
		}
	}
}

// copied is a map that may be added to.
func copied(m map[Figure]int64) map[Figure]int64 {
	out := make(map[Figure]int64, len(m))
	maps.Copy(out, m)
	return out
}

// figuresRuns reads the runs from one on, and which views the store has.
func (r *Reader) figuresRuns(ctx context.Context, from int64) (runs []figuresRun, has known, err error) {
	batch := &pgx.Batch{}
	batch.Queue(sqlFiguresRuns, from, SettledAfter.Seconds()).Query(each(func(rows pgx.Rows) error {
		var run figuresRun
		err := rows.Scan(&run.id, &run.name, &run.kind, &run.sent, &run.settled)
		runs = append(runs, run)
		return err
	}))
	queueKnown(batch, &has)
	return runs, has, r.send(ctx, "the runs of campaigns", batch)
}

// queueFigures adds what became of the messages and posts of some runs.
func queueFigures(batch *pgx.Batch, runs []figuresRun, has known, messages, posts map[Figure]int64) {
	ids := idsOf(runs, func(figuresRun) bool { return true })
	add := func(to map[Figure]int64) func(pgx.Rows) error {
		return each(func(rows pgx.Rows) error {
			var key Figure
			var n int64
			err := rows.Scan(&key.Type, &key.Channel, &key.State, &key.Reason, &n)
			to[key] += n
			return err
		})
	}
	batch.Queue(sqlFiguresMessages, ids).Query(add(messages))
	if has.posts {
		batch.Queue(sqlFiguresPosts, ids).Query(add(posts))
	}
}

// queueLags reads how late the runs are that are being sent.
func queueLags(batch *pgx.Batch, runs []figuresRun, lags map[string]time.Duration) {
	ids := idsOf(runs, func(run figuresRun) bool { return run.sent })
	batch.Queue(sqlFiguresLags, ids).Query(each(func(rows pgx.Rows) error {
		var kind string
		var seconds float64
		err := rows.Scan(&kind, &seconds)
		lags[kind] = time.Duration(seconds * float64(time.Second))
		return err
	}))
}

// queueSenders reads what senders have used up.
func queueSenders(batch *pgx.Batch, senders map[string]SenderUse) {
	batch.Queue(sqlFiguresSenders).Query(each(func(rows pgx.Rows) error {
		var sender string
		var use SenderUse
		err := rows.Scan(&sender, &use.Hour, &use.Day.Day, &use.Day.Used)
		senders[sender] = use
		return err
	}))
}

func idsOf(runs []figuresRun, want func(figuresRun) bool) []int64 {
	ids := make([]int64, 0, len(runs))
	for _, run := range runs {
		if want(run) {
			ids = append(ids, run.id)
		}
	}
	return ids
}
