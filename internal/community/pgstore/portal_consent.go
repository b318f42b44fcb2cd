// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// Consents implements community.MemberService.
func (p *Portal) Consents(ctx context.Context, viewer community.Viewer) (community.Consents, error) {
	c := community.Consents{}
	batch := &pgx.Batch{}
	batch.Queue(sqlConsentState, viewer.Member).Query(func(rows pgx.Rows) (err error) {
		c.State, err = collectState(rows)
		return err
	})
	batch.Queue(sqlConsentHistory, viewer.Member).Query(func(rows pgx.Rows) (err error) {
		c.History, err = pgx.CollectRows(rows, pgx.RowToStructByPos[community.ConsentEntry])
		return err
	})
	batch.Queue(sqlSuppressionGet, viewer.Member, p.now()).QueryRow(func(row pgx.Row) error {
		if err := row.Scan(&c.Suppressed); !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		return nil
	})
	batch.Queue(sqlOptOutsGet, viewer.Member).Query(func(rows pgx.Rows) (err error) {
		c.Declined, err = pgx.CollectRows(rows, pgx.RowTo[community.Occasion])
		return err
	})
	if err := p.pool.SendBatch(ctx, batch).Close(); err != nil {
		return community.Consents{}, fault("read consents", err)
	}
	return c, nil
}

func collectState(rows pgx.Rows) (map[community.Purpose]community.ConsentEntry, error) {
	state := map[community.Purpose]community.ConsentEntry{}
	var e community.ConsentEntry
	_, err := pgx.ForEachRow(rows, []any{&e.Purpose, &e.Decision, &e.DecidedAt}, func() error {
		state[e.Purpose] = e
		return nil
	})
	return state, err
}

// Decide implements community.MemberService.
func (p *Portal) Decide(ctx context.Context, viewer community.Viewer, choice community.Choice) error {
	if err := choice.Validate(); err != nil {
		return err
	}
	if give, said := choice.Give[community.PurposeNetwork]; said && !give {
		return community.Invalid("Purpose", "error.leaveInstead")
	}
	return p.inTx(ctx, "record consents", func(tx pgx.Tx) error {
		if err := lockMember(ctx, tx, viewer.Member); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, sqlConsentState, viewer.Member)
		if err != nil {
			return err
		}
		state, err := collectState(rows)
		if err != nil {
			return err
		}
		c := changes{textVersion: choice.TextVersion, channel: "Portal", source: "portal"}
		for _, purpose := range community.Purposes() {
			give, said := choice.Give[purpose]
			switch current := state[purpose].Decision == community.Given; {
			case !said || give == current:
			case give:
				c.given = append(c.given, purpose)
			default:
				c.withdrawn = append(c.withdrawn, purpose)
			}
		}
		if slices.Contains(c.withdrawn, community.PurposeTracking) {
			if _, err := tx.Exec(ctx, sqlTrackingForget, viewer.Member); err != nil {
				return err
			}
		}
		return p.record(ctx, tx, viewer.Member, c)
	})
}

// Decline implements community.MemberService.
func (p *Portal) Decline(ctx context.Context, viewer community.Viewer, occasions []community.Occasion) error {
	for _, o := range occasions {
		if !slices.Contains(community.Occasions(), o) {
			return community.Invalid("Occasion", "error.choice")
		}
	}
	if occasions == nil {
		occasions = []community.Occasion{}
	}
	return p.inTx(ctx, "record declined occasions", func(tx pgx.Tx) error {
		if err := lockMember(ctx, tx, viewer.Member); err != nil {
			return err
		}
		return send(ctx, tx, func(b *pgx.Batch) {
			b.Queue(sqlOptOutsDelete, viewer.Member, occasions)
			b.Queue(sqlOptOutsInsert, viewer.Member, occasions, "portal", p.now())
		})
	})
}

// changes are lines to add to a member's ledger.
type changes struct {
	given, withdrawn             []community.Purpose
	textVersion, channel, source string
}

// record adds the lines; without any it does nothing.
func (p *Portal) record(ctx context.Context, tx pgx.Tx, member uuid.UUID, c changes) error {
	var purposes, decisions []string
	for _, purpose := range c.given {
		purposes, decisions = append(purposes, string(purpose)), append(decisions, string(community.Given))
	}
	for _, purpose := range c.withdrawn {
		purposes, decisions = append(purposes, string(purpose)), append(decisions, string(community.Withdrawn))
	}
	if len(purposes) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, sqlConsentInsert, member, purposes, decisions, c.textVersion, c.channel, c.source, p.now())
	return err
}

// chosen lists the purposes given in a choice, in the fixed order. What is not ticked at joining is no entry: it
// was never given.
func chosen(choice community.Choice) []community.Purpose {
	var given []community.Purpose
	for _, purpose := range community.Purposes() {
		if choice.Give[purpose] {
			given = append(given, purpose)
		}
	}
	return given
}
