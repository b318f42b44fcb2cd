// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"encoding/base64"
	"errors"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/bounce/register"
	"github.com/alumni-operator/alumni-operator/internal/community"
)

// tokenEncoding writes tokens so that they fit a URL and a cookie.
var tokenEncoding = base64.RawURLEncoding

// QueueLink implements community.SignInService.
func (p *Portal) QueueLink(ctx context.Context, address string, locale community.Locale, from netip.Addr) error {
	now := p.now()
	err := p.inTx(ctx, "queue a sign-in link", func(tx pgx.Tx) error {
		var member uuid.UUID
		var state community.State
		err := tx.QueryRow(ctx, sqlLinkFindMember, address).Scan(&member, &state)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		queued, err := tx.Exec(ctx, sqlLinkQueue, member, locale, now, now.Add(-time.Hour), community.LinksPerHour)
		if err != nil || queued.RowsAffected() == 0 || state.Joined() {
			return err
		}
		return p.countConfirmation(ctx, tx, address, from)
	})
	return unlessMany(err)
}

// LinkState implements community.SignInService.
func (p *Portal) LinkState(ctx context.Context, token string) (community.State, error) {
	var state community.State
	hash := hashToken(token)
	err := p.pool.QueryRow(ctx, sqlLinkState, hash[:], p.now()).Scan(&state)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", linkSpent()
	}
	if err != nil {
		return "", fault("look at a sign-in link", err)
	}
	return state, nil
}

// SignIn implements community.SignInService.
func (p *Portal) SignIn(ctx context.Context, token string) (string, error) {
	return p.openWithLink(ctx, token, func(tx pgx.Tx, member uuid.UUID, state community.State) error {
		if !state.Joined() {
			return &community.Error{Code: community.CodeJoinNeeded, Message: "error.joinNeeded"}
		}
		_, err := tx.Exec(ctx, sqlMemberSignedIn, member, p.now())
		return err
	})
}

// Join implements community.SignInService. Someone who joined by another link in the meantime is signed in, and
// the choice is recorded all the same.
func (p *Portal) Join(ctx context.Context, token string, choice community.Choice) (string, error) {
	if err := choice.Validate(); err != nil {
		return "", err
	}
	if !choice.Give[community.PurposeNetwork] {
		return "", community.Invalid("Purpose", "error.networkConsent")
	}
	return p.openWithLink(ctx, token, func(tx pgx.Tx, member uuid.UUID, state community.State) error {
		act := sqlMemberJoin
		if state.Joined() {
			act = sqlMemberSignedIn
		}
		if _, err := tx.Exec(ctx, act, member, p.now()); err != nil {
			return err
		}
		return p.record(ctx, tx, member, changes{given: chosen(choice), textVersion: choice.TextVersion, channel: "Portal", source: "join"})
	})
}

// openWithLink uses up a link, lets the caller act on its member, and opens a session, all or nothing.
func (p *Portal) openWithLink(ctx context.Context, token string, act func(pgx.Tx, uuid.UUID, community.State) error) (string, error) {
	hash, now, session := hashToken(token), p.now(), newToken()
	err := p.inTx(ctx, "sign in", func(tx pgx.Tx) error {
		var member uuid.UUID
		var state community.State
		err := tx.QueryRow(ctx, sqlLinkLockMember, hash[:]).Scan(&member, &state)
		if errors.Is(err, pgx.ErrNoRows) || (err == nil && state == community.StateWithdrawn) {
			return linkSpent()
		}
		if err != nil {
			return err
		}
		used, err := tx.Exec(ctx, sqlLinkUse, hash[:], now)
		if err != nil {
			return err
		}
		if used.RowsAffected() == 0 {
			return linkSpent()
		}
		if err := act(tx, member, state); err != nil {
			return err
		}
		sessionHash := hashToken(session)
		return send(ctx, tx, func(b *pgx.Batch) {
			b.Queue(sqlContactVerify, member, now)
			register.QueueClear(b, member) // a link that was mailed was opened: the address can be reached
			b.Queue(sqlSessionInsert, sessionHash[:], member, now, now.Add(community.SessionIdle))
		})
	})
	if err != nil {
		return "", err
	}
	return session, nil
}

func linkSpent() error {
	return &community.Error{Code: community.CodeLinkSpent, Message: "error.linkSpent"}
}
