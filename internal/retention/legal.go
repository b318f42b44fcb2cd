// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// Hold is a legal hold as a policy declares it, with the members of its list.
type Hold struct {
	settings.RetentionHold
	Members []uuid.UUID
}

// errToldLater tells that another run was told later of a hold than this one. It stops runs for requests, which are the ones that put
// holds on: should a clock have gone wrong, nobody is erased whom a newer list may name. Runs by the schedule follow the store.
var errToldLater = errors.New("another run was told later of a hold")

// syncHolds brings into the store what policies declare, before a run plans: each transaction that erases asks the store. What is no
// longer declared stays, unless somebody confirmed its release.
func syncHolds(ctx context.Context, pool *pgxpool.Pool, job Job) error {
	if len(job.Holds) != len(job.Policy.Holds) {
		return fmt.Errorf("%w: the lists of %d of %d holds were not read", ErrFinal, len(job.Policy.Holds)-len(job.Holds), len(job.Policy.Holds))
	}
	if len(job.Holds) == 0 && len(job.Policy.Releases) == 0 {
		return nil
	}
	told, err := time.Parse(time.RFC3339, job.Policy.HoldsAt)
	if err != nil {
		return fmt.Errorf("%w: holdsAt is not a time", ErrFinal)
	}
	stale := 0
	work := &pgx.Batch{}
	work.Queue(sqlLegalLock, LockClass, lockHolds)
	gone := slices.Clone(job.Policy.Releases)
	for _, h := range job.Holds {
		released := slices.Contains(job.Policy.Releases, h.Name)
		if err := queueHold(work, h, told, released, &stale); err != nil {
			return err
		}
		gone = slices.DeleteFunc(gone, func(name string) bool { return name == h.Name })
	}
	if len(gone) > 0 {
		work.Queue(sqlLegalRelease, gone, told)
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return tx.SendBatch(ctx, work).Close() })
	if err != nil {
		return fmt.Errorf("put legal holds on: %w", safe(err))
	}
	job.Log.Info("Put legal holds on", "run", job.RunName, "holds", len(job.Holds)-stale, "released", len(gone), "toldLater", stale)
	if stale > 0 && job.Requests {
		return errToldLater
	}
	return nil
}

// queueHold puts one hold on; with a confirmation it lets go whoever and whatever it does not name any more. It counts a hold of which
// another run was told later, and leaves it.
func queueHold(work *pgx.Batch, h Hold, told time.Time, released bool, stale *int) error {
	var review *time.Time
	if h.ReviewOn != "" {
		day, err := time.Parse(time.DateOnly, h.ReviewOn)
		if err != nil {
			return fmt.Errorf("%w: hold %q: reviewOn is not a date", ErrFinal, h.Name)
		}
		review = &day
	}
	ids := arrayOf(h.Members)
	categories := slices.Sorted(slices.Values(h.Categories))
	work.Queue(sqlLegalPlace, h.Name, h.Reason, categories, review, h.Version, released, told).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() == 0 {
			*stale++
		}
		return nil
	})
	work.Queue(sqlLegalMembersLock, ids)
	if released {
		work.Queue(sqlLegalMembersRelease, h.Name, ids, told)
	}
	work.Queue(sqlLegalMembersAdd, h.Name, ids, told)
	work.Queue(sqlLegalCount, h.Name, ids, told)
	return nil
}
