// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// uniqueViolation is the SQLSTATE of a row that there is already.
const uniqueViolation = "23505"

// LINELink implements community.LINEService.
func (p *Portal) LINELink(ctx context.Context, viewer community.Viewer) (community.LINELink, error) {
	var l community.LINELink
	err := p.pool.QueryRow(ctx, sqlLINELinkGet, viewer.Member, p.now()).Scan(&l.LinkedAt, &l.Unfollowed, &l.WaitingUntil)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return community.LINELink{}, fault("read a link to LINE", err)
	}
	return l, nil
}

// NewLINECode implements community.LINEService.
func (p *Portal) NewLINECode(ctx context.Context, viewer community.Viewer) (code string, err error) {
	code = newLINECode()
	hash := hashToken(code)
	err = p.inTx(ctx, "make a code for LINE", func(tx pgx.Tx) error {
		if err := lockMember(ctx, tx, viewer.Member); err != nil {
			return err
		}
		made, err := tx.Exec(ctx, sqlLINECodeInsert, viewer.Member, hash[:], p.now().Add(community.LINECodeLifetime))
		if err == nil && made.RowsAffected() == 0 {
			code = ""
		}
		return err
	})
	return code, err
}

// newLINECode draws each letter from an alphabet of 32, into which the bytes go without a rest.
func newLINECode() string {
	var code [community.LINECodeLength]byte
	_, _ = rand.Read(code[:]) // never fails
	for i, b := range code {
		code[i] = community.LINECodeAlphabet[int(b)%len(community.LINECodeAlphabet)]
	}
	return string(code[:])
}

// UnlinkLINE implements community.LINEService.
func (p *Portal) UnlinkLINE(ctx context.Context, viewer community.Viewer) error {
	return p.changeMember(ctx, viewer, "unlink LINE", sqlLINELinkDelete, viewer.Member)
}

// LinkLINE implements community.LINEService.
func (p *Portal) LinkLINE(ctx context.Context, user, code string, at time.Time) (community.LINEOutcome, error) {
	hash := hashToken(code)
	linked, err := p.pool.Exec(ctx, sqlLINELinkUse, hash[:], user, p.now(), at)
	if pgErr := (*pgconn.PgError)(nil); errors.As(err, &pgErr) && pgErr.Code == uniqueViolation {
		return community.LINERefused, nil // the account was linked to somebody else at this very moment
	}
	if err != nil {
		return "", fault("link LINE", err)
	}
	if linked.RowsAffected() == 0 {
		return community.LINERefused, nil
	}
	return community.LINELinked, nil
}

// FollowLINE implements community.LINEService.
func (p *Portal) FollowLINE(ctx context.Context, user string, follows bool, at time.Time) (community.LINEOutcome, error) {
	sql, args := sqlLINEUnfollowed, []any{user, at, p.now()}
	if follows {
		sql, args = sqlLINEFollowed, args[:2]
	}
	changed, err := p.pool.Exec(ctx, sql, args...)
	if err != nil {
		return "", fault("note who follows in LINE", err)
	}
	if changed.RowsAffected() == 0 {
		return community.LINEUnchanged, nil
	}
	return community.LINEChanged, nil
}
