// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// Withdraw implements community.MemberService.
func (p *Portal) Withdraw(ctx context.Context, viewer community.Viewer, locale community.Locale) (community.Receipt, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return community.Receipt{}, community.Internal("make a request id", err)
	}
	now := p.now()
	var receipt community.Receipt
	err = p.inTx(ctx, "withdraw a member", func(tx pgx.Tx) error {
		if err := lockMember(ctx, tx, viewer.Member); err != nil {
			return err
		}
		return send(ctx, tx, func(b *pgx.Batch) {
			b.Queue(sqlWithdrawMember, viewer.Member, now)
			b.Queue(sqlWithdrawConsents, viewer.Member, now)
			b.Queue(sqlSessionDeleteAll, viewer.Member)
			b.Queue(sqlLinkDeleteAll, viewer.Member)
			b.Queue(sqlMailDeleteLinks, viewer.Member)
			b.Queue(sqlVisibilityDelete, viewer.Member)
			b.Queue(sqlTrackingForget, viewer.Member)
			b.Queue(sqlLINELinkDelete, viewer.Member)
			b.Queue(sqlAddressForget, viewer.Member)
			b.Queue(sqlErasureInsert, id, viewer.Member, now)
			b.Queue(sqlReceiptQueue, viewer.Member, locale, now)
			b.Queue(sqlErasureGet, viewer.Member).QueryRow(func(row pgx.Row) error {
				return row.Scan(&receipt.Request, &receipt.ReceivedAt)
			})
		})
	})
	return receipt, err
}

// Unsubscribe implements community.UnsubscribeService.
func (p *Portal) Unsubscribe(ctx context.Context, request community.Unsubscription) (changed bool, err error) {
	err = p.inTx(ctx, "unsubscribe a member", func(tx pgx.Tx) error {
		var state community.State
		err := tx.QueryRow(ctx, sqlMemberLock, request.Member).Scan(&state)
		if errors.Is(err, pgx.ErrNoRows) || (err == nil && state == community.StateWithdrawn) {
			return nil
		}
		if err != nil {
			return err
		}
		changed, err = p.unsubscribeLocked(ctx, tx, request)
		return err
	})
	return changed, err
}

// unsubscribeLocked acts on a member whose row is locked, so that each step sees what an earlier request did.
func (p *Portal) unsubscribeLocked(ctx context.Context, tx pgx.Tx, request community.Unsubscription) (bool, error) {
	source, err := runSource(ctx, tx, request.Run)
	if err != nil {
		return false, err
	}
	if occasion, ok := community.ParseOccasion(request.Purpose); ok && !request.All {
		return p.declineLocked(ctx, tx, request, occasion, source)
	}
	purpose, known := community.ParsePurpose(request.Purpose)
	var inForce, acted, suppressed bool
	if err := tx.QueryRow(ctx, sqlUnsubscribeFind, request.Member, request.Purpose, source).Scan(&inForce, &acted, &suppressed); err != nil {
		return false, err
	}
	stop := []community.Purpose{}
	if known && (inForce || !acted) && !(request.All && purpose == community.PurposeNetwork) {
		stop = append(stop, purpose)
	}
	changed := len(stop) > 0
	if request.All || !known {
		optional, err := optionalInForce(ctx, tx, request.Member)
		if err != nil {
			return false, err
		}
		for _, o := range optional {
			if !slices.Contains(stop, o) {
				stop = append(stop, o)
			}
		}
		changed = changed || len(stop) > 0 || !suppressed
		if _, err := tx.Exec(ctx, sqlSuppressionInsert, request.Member, p.now()); err != nil {
			return false, err
		}
	}
	if err := p.record(ctx, tx, request.Member, changes{withdrawn: stop, textVersion: "unsubscribe link", channel: "Email", source: source}); err != nil {
		return false, err
	}
	if !changed || acted {
		return changed, nil
	}
	_, err = tx.Exec(ctx, sqlUnsubscribeCount, request.Run)
	return changed, err
}

// declineLocked declines one occasion; it counts for the run the first time.
func (p *Portal) declineLocked(ctx context.Context, tx pgx.Tx, request community.Unsubscription, occasion community.Occasion, source string) (bool, error) {
	added, err := tx.Exec(ctx, sqlOptOutsInsert, request.Member, []community.Occasion{occasion}, source, p.now())
	if err != nil || added.RowsAffected() == 0 {
		return false, err
	}
	_, err = tx.Exec(ctx, sqlUnsubscribeCount, request.Run)
	return true, err
}

// runSource names the run in the ledger; a link of no run that the store knows still acts.
func runSource(ctx context.Context, tx pgx.Tx, run int64) (string, error) {
	var name string
	err := tx.QueryRow(ctx, sqlRunName, run).Scan(&name)
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Sprintf("unknown run %d", run), nil
	}
	return name, err
}

// optionalInForce lists the freely chosen kinds of mail with a live consent.
func optionalInForce(ctx context.Context, tx pgx.Tx, member uuid.UUID) ([]community.Purpose, error) {
	rows, err := tx.Query(ctx, sqlConsentState, member)
	if err != nil {
		return nil, err
	}
	state, err := collectState(rows)
	if err != nil {
		return nil, err
	}
	var live []community.Purpose
	for _, purpose := range community.MailPurposes() {
		if state[purpose].Decision == community.Given {
			live = append(live, purpose)
		}
	}
	return live, nil
}
