// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// touchAfter is how old the last mark of a session may be before it is written again: a page needs no write.
const touchAfter = 5 * time.Minute

// Authenticate implements community.SessionService.
func (p *Portal) Authenticate(ctx context.Context, token string) (community.Viewer, error) {
	now, viewer := p.now(), community.Viewer{Session: hashToken(token)}
	var seen time.Time
	err := p.pool.QueryRow(ctx, sqlSessionFind, viewer.Session[:], now).Scan(&viewer.Member, &seen)
	if errors.Is(err, pgx.ErrNoRows) {
		return community.Viewer{}, &community.Error{Code: community.CodeUnauthenticated, Message: "error.unauthenticated"}
	}
	if err != nil {
		return community.Viewer{}, fault("find a session", err)
	}
	if now.Sub(seen) < touchAfter {
		return viewer, nil
	}
	return viewer, p.inTx(ctx, "keep a session alive", func(tx pgx.Tx) error {
		return send(ctx, tx, func(b *pgx.Batch) {
			b.Queue(sqlSessionTouch, viewer.Session[:], now, community.SessionIdle, community.SessionLifetime)
			b.Queue(sqlMemberTouch, viewer.Member, now)
		})
	})
}

// Sessions implements community.SessionService.
func (p *Portal) Sessions(ctx context.Context, viewer community.Viewer) ([]community.Session, error) {
	rows, err := p.pool.Query(ctx, sqlSessionList, viewer.Member, p.now())
	if err != nil {
		return nil, fault("list sessions", err)
	}
	sessions, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (community.Session, error) {
		var hash []byte
		var s community.Session
		err := row.Scan(&hash, &s.CreatedAt, &s.SeenAt, &s.ExpiresAt)
		s.Current = string(hash) == string(viewer.Session[:])
		return s, err
	})
	if err != nil {
		return nil, fault("list sessions", err)
	}
	return sessions, nil
}

// SignOut implements community.SessionService.
func (p *Portal) SignOut(ctx context.Context, viewer community.Viewer) error {
	if _, err := p.pool.Exec(ctx, sqlSessionDelete, viewer.Member, viewer.Session[:]); err != nil {
		return fault("sign out", err)
	}
	return nil
}

// SignOutEverywhere implements community.SessionService.
func (p *Portal) SignOutEverywhere(ctx context.Context, viewer community.Viewer) error {
	if _, err := p.pool.Exec(ctx, sqlSessionDeleteAll, viewer.Member); err != nil {
		return fault("sign out everywhere", err)
	}
	return nil
}
