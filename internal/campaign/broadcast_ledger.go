// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/audience"
	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

var (
	sqlPostFreeze     = statement("post_freeze")
	sqlPostEndPaused  = statement("post_end_paused")
	sqlPostUndeclared = statement("post_undeclared")
	sqlPostLock       = statement("post_lock")
	sqlPostClaim      = statement("post_claim")
	sqlPostAck        = statement("post_ack")
	sqlPostSweep      = statement("post_sweep")
	sqlPostLook       = statement("post_look")
	sqlPostOpen       = statement("post_open")
)

// freezeRun writes down all that a new run is to do: its audience, if it writes to members, and its posts.
func (l *ledger) freezeRun(ctx context.Context, tx pgx.Tx, id int64, job Job, query audience.Query) error {
	if _, err := tx.Exec(ctx, sqlPostEndPaused); err != nil {
		return fmt.Errorf("end posts of runs that rested too long: %w", err)
	}
	if len(l.channels) > 0 {
		if err := l.freeze(ctx, tx, id, job, query); err != nil {
			return err
		}
		if err := l.freezeBlocks(ctx, tx, id, job.Network); err != nil {
			return err
		}
	}
	channels, destinations := namesOf(job.Campaign.Broadcasts())
	if _, err := tx.Exec(ctx, sqlPostFreeze, id, channels, destinations, job.Network.Trial()); err != nil {
		return fmt.Errorf("freeze the posts: %w", err)
	}
	return nil
}

// settleUndeclared ends posts that this worker has no way to.
func (l *ledger) settleUndeclared(ctx context.Context, uses []settings.Channel) error {
	channels, destinations := namesOf(uses)
	if _, err := l.pool.Exec(ctx, sqlPostUndeclared, l.run.id, channels, destinations); err != nil {
		return fmt.Errorf("settle posts to destinations that are not named any more: %w", err)
	}
	return nil
}

// claimPost takes the post to a destination when it is due and the destination's limit allows it. The lease is longer than any
// request, so that it need not be renewed.
func (l *ledger) claimPost(ctx context.Context, use settings.Channel, tuning Tuning) (c postClaim, claimed bool, err error) {
	c = postClaim{use: use, lease: l.leases.next()}
	lease := l.lease + tuning.PostTimeout
	err = pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlPostLock, use.Type, use.Destination); err != nil {
			return fmt.Errorf("wait for other posts to the destination: %w", err)
		}
		return tx.QueryRow(ctx, sqlPostClaim, l.run.id, use.Type, use.Destination, c.lease, lease.Seconds(), postGaps[use.Type].Seconds()).Scan(&c.attempts)
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return c, false, nil
	case err != nil:
		return c, false, fmt.Errorf("claim a post: %w", err)
	}
	return c, true, nil
}

// ackPost writes the outcome of a post.
func (l *ledger) ackPost(ctx context.Context, c postClaim, o channel.Outcome, s settlement) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if _, err := l.pool.Exec(ctx, sqlPostAck, l.run.id, c.use.Type, c.use.Destination, c.lease,
		s.state, s.reason, s.attempts, s.resent, s.code, o.ProviderID, s.delay.Seconds()); err != nil {
		return fmt.Errorf("write the outcome of a post: %w", err)
	}
	return nil
}

// sweepPost settles the post to a destination that a dead worker left, or that is too late, and tells its new state; empty when
// there was nothing to settle.
func (l *ledger) sweepPost(ctx context.Context, use settings.Channel) (state string, err error) {
	from, to := l.leases.bounds()
	err = l.pool.QueryRow(ctx, sqlPostSweep, l.run.id, use.Type, use.Destination, onUnknownOf(use) == OnUnknownResend, from, to).Scan(&state)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("settle a lost post: %w", err)
	}
	return state, nil
}

// lookAtPost tells how the post to a destination stands. A run that had none to it when it was frozen has nothing left to do.
func (l *ledger) lookAtPost(ctx context.Context, use settings.Channel) (left, error) {
	var o left
	var seconds float64
	err := l.pool.QueryRow(ctx, sqlPostLook, l.run.id, use.Type, use.Destination).Scan(&o.claimed, &o.waiting, &seconds, &o.paused)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return left{}, fmt.Errorf("look at a post: %w", err)
	}
	o.due = time.Duration(seconds * float64(time.Second))
	return o, nil
}
