// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// quarantineShown is how many quarantined rows of an import are named.
const quarantineShown = 10

// Network is what an AlumniNetwork's status says of its store.
type Network struct {
	Store   Store
	Members Members
	Erasure Erasure
	// Roster is the newest import that ended; nil when there was none.
	Roster *RosterImport
	// RosterRunning is the run name of an import that has not ended; empty when there is none.
	RosterRunning string
}

// Store is the database itself.
type Store struct {
	ServerVersion string // PostgreSQL's own text, without what a distributor added
	SchemaVersion int64
	SizeBytes     int64
}

// Members counts people by state. Reachable are active, consented to the network and have an address that is
// not suppressed.
type Members struct {
	Listed, Invited, Active, Paused, Withdrawn, Reachable, Erased int64
}

// Erasure counts people who asked to be erased and are not yet.
type Erasure struct {
	Open             int64
	OldestReceivedAt *time.Time // nil when none is open
	NewestReceivedAt *time.Time // nil when none is open
}

// RosterImport is the outcome of one import.
type RosterImport struct {
	RunName                                                     string
	State                                                       string // Succeeded or Failed
	Failure                                                     string // reason code when Failed, for example MissingColumn
	FailureField                                                string // the field at fault, when one is
	Rows, Inserted, Updated, Unchanged, Quarantined, Tombstoned int64
	StartedAt                                                   time.Time
	FinishedAt                                                  *time.Time
	// Quarantine names the first rows that were not taken, by line.
	Quarantine []QuarantinedRow
}

// QuarantinedRow is a row of the roster that was not taken; never its content.
type QuarantinedRow struct {
	Line          int64
	Field, Reason string
}

// Network reads everything that a network's status shows, in one round trip.
func (r *Reader) Network(ctx context.Context) (Network, error) {
	var (
		n      Network
		roster RosterImport
	)
	batch := &pgx.Batch{}
	queueStore(batch, &n.Store)
	batch.Queue(sqlMembers).QueryRow(one(&n.Members.Listed, &n.Members.Invited, &n.Members.Active, &n.Members.Paused,
		&n.Members.Withdrawn, &n.Members.Reachable, &n.Members.Erased))
	queueErasure(batch, &n.Erasure)
	batch.Queue(sqlRosterLast).QueryRow(one(&roster.RunName, &roster.State, &roster.Failure, &roster.FailureField, &roster.Rows,
		&roster.Inserted, &roster.Updated, &roster.Unchanged, &roster.Quarantined, &roster.Tombstoned, &roster.StartedAt, &roster.FinishedAt))
	batch.Queue(sqlRosterQuarantine, quarantineShown).Query(each(func(rows pgx.Rows) error {
		var q QuarantinedRow
		err := rows.Scan(&q.Line, &q.Field, &q.Reason)
		roster.Quarantine = append(roster.Quarantine, q)
		return err
	}))
	batch.Queue(sqlRosterRunning).QueryRow(one(&n.RosterRunning))
	if err := r.send(ctx, "the network's aggregates", batch); err != nil {
		return Network{}, err
	}
	if roster.RunName != "" {
		n.Roster = &roster
	}
	return n, nil
}

// Store reads version and size of the store alone.
func (r *Reader) Store(ctx context.Context) (Store, error) {
	var s Store
	batch := &pgx.Batch{}
	queueStore(batch, &s)
	return s, r.send(ctx, "the store's version", batch)
}

// Erasure reads the open erasure requests alone.
func (r *Reader) Erasure(ctx context.Context) (Erasure, error) {
	var e Erasure
	batch := &pgx.Batch{}
	queueErasure(batch, &e)
	return e, r.send(ctx, "the open erasures", batch)
}

func queueStore(batch *pgx.Batch, s *Store) {
	batch.Queue(sqlStore).QueryRow(one(&s.ServerVersion, &s.SchemaVersion, &s.SizeBytes))
}

func queueErasure(batch *pgx.Batch, e *Erasure) {
	batch.Queue(sqlErasure).QueryRow(one(&e.Open, &e.OldestReceivedAt, &e.NewestReceivedAt))
}
