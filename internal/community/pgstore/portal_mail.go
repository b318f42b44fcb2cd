// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// The kinds of mail that the portal sends by itself.
const (
	MailSignInLink        = "SignInLink"
	MailWithdrawalReceipt = "WithdrawalReceipt"
)

// Mail is one queued mail that this replica holds a lease on.
type Mail struct {
	ID        int64
	Member    uuid.UUID
	Kind      string
	Locale    community.Locale
	Attempts  int // this one included
	CreatedAt time.Time
	Address   string     // empty: the network knows none
	Request   *uuid.UUID // the erasure request, for a receipt
	Received  *time.Time
}

// ClaimMails takes up to limit due mails for a time; a replica that dies loses them to the others when the lease
// is over. A mail may thus go out twice, and never not at all.
func (p *Portal) ClaimMails(ctx context.Context, limit int, lease time.Duration) ([]Mail, error) {
	now := p.now()
	rows, err := p.pool.Query(ctx, sqlMailClaim, now, now.Add(lease), limit)
	if err != nil {
		return nil, fault("claim mails", err)
	}
	mails, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Mail])
	if err != nil {
		return nil, fault("claim mails", err)
	}
	return mails, nil
}

// NewLink makes the link of one mail: the token goes into the mail, its hash into the store. The token is empty
// when the member has left in the meantime.
func (p *Portal) NewLink(ctx context.Context, member uuid.UUID) (token string, err error) {
	token = newToken()
	hash, now := hashToken(token), p.now()
	made, err := p.pool.Exec(ctx, sqlLinkInsert, hash[:], member, now, now.Add(community.LinkLifetime))
	if err != nil {
		return "", fault("make a sign-in link", err)
	}
	if made.RowsAffected() == 0 {
		return "", nil
	}
	return token, nil
}

// DropLink forgets the link of a mail that was not taken.
func (p *Portal) DropLink(ctx context.Context, token string) error {
	hash := hashToken(token)
	return p.exec(ctx, "drop a sign-in link", sqlLinkDelete, hash[:])
}

// MailSent records that the mail server took a mail.
func (p *Portal) MailSent(ctx context.Context, id int64) error {
	return p.exec(ctx, "record a sent mail", sqlMailSent, id, p.now())
}

// MailFailed gives a mail up.
func (p *Portal) MailFailed(ctx context.Context, id int64) error {
	return p.exec(ctx, "give up a mail", sqlMailFailed, id)
}

// RetryMail lets a mail be tried again after a wait.
func (p *Portal) RetryMail(ctx context.Context, id int64, wait time.Duration) error {
	return p.exec(ctx, "put off a mail", sqlMailRetry, id, p.now().Add(wait))
}

// Housekeep ends pauses whose time is over and forgets links, sessions and mails that are done with. Any replica
// may do it at any time.
func (p *Portal) Housekeep(ctx context.Context) error {
	now := p.now()
	return errors.Join(
		p.exec(ctx, "end pauses", sqlPausesEnd, now),
		p.exec(ctx, "forget links", sqlLinksPurge, now.Add(-time.Hour)),
		p.exec(ctx, "forget sessions", sqlSessionsPurge, now),
		p.exec(ctx, "forget mails", sqlMailsPurge, now.Add(-24*time.Hour)),
	)
}

func (p *Portal) exec(ctx context.Context, act, sql string, args ...any) error {
	if _, err := p.pool.Exec(ctx, sql, args...); err != nil {
		return fault(act, err)
	}
	return nil
}
