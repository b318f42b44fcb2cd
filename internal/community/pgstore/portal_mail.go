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

// ClaimMails implements community.MailQueue.
func (p *Portal) ClaimMails(ctx context.Context, limit int, lease time.Duration) ([]community.Mail, error) {
	now := p.now()
	rows, err := p.pool.Query(ctx, sqlMailClaim, now, now.Add(lease), limit)
	if err != nil {
		return nil, fault("claim mails", err)
	}
	mails, err := pgx.CollectRows(rows, p.scanMail)
	if err != nil {
		return nil, fault("claim mails", err)
	}
	return mails, nil
}

// scanMail reads one mail. One to staff has the address that their list has for them now; none when they are not on it any more.
func (p *Portal) scanMail(row pgx.CollectableRow) (community.Mail, error) {
	var m community.Mail
	var event struct {
		id                 *uuid.UUID
		title, place, zone *string
		starts, ends       *time.Time
	}
	var staff []byte
	err := row.Scan(&m.ID, &m.Member, &m.Kind, &m.Locale, &m.Attempts, &m.CreatedAt, &m.Address, &m.Request, &m.Received,
		&event.id, &event.title, &event.place, &event.starts, &event.ends, &event.zone, &staff)
	if staff != nil {
		person, _ := p.employed(staff)
		m.Address = person.Address
	}
	if err == nil && event.id != nil {
		m.Event = &community.MailEvent{ID: *event.id, Title: *event.title, Place: *event.place,
			StartsAt: *event.starts, EndsAt: *event.ends, TimeZone: *event.zone}
	}
	return m, err
}

// NewLink implements community.MailQueue.
func (p *Portal) NewLink(ctx context.Context, member uuid.UUID, address string) (token string, err error) {
	token = newToken()
	hash, now := hashToken(token), p.now()
	made, err := p.pool.Exec(ctx, sqlLinkInsert, hash[:], member, now, now.Add(community.LinkLifetime), address)
	if err != nil {
		return "", fault("make a sign-in link", err)
	}
	if made.RowsAffected() == 0 {
		return "", nil
	}
	return token, nil
}

// DropLink implements community.MailQueue.
func (p *Portal) DropLink(ctx context.Context, token string) error {
	hash := hashToken(token)
	return p.exec(ctx, "drop a sign-in link", sqlLinkDelete, hash[:])
}

// MailSent implements community.MailQueue.
func (p *Portal) MailSent(ctx context.Context, id int64) error {
	return p.exec(ctx, "record a sent mail", sqlMailSent, id, p.now())
}

// MailFailed implements community.MailQueue.
func (p *Portal) MailFailed(ctx context.Context, id int64) error {
	return p.exec(ctx, "give up a mail", sqlMailFailed, id)
}

// RetryMail implements community.MailQueue.
func (p *Portal) RetryMail(ctx context.Context, id int64, wait time.Duration) error {
	return p.exec(ctx, "put off a mail", sqlMailRetry, id, p.now().Add(wait))
}

// bouncesKept is how long what came back is remembered: well beyond the window in which it counts, and in which a report
// that comes twice would.
const bouncesKept = 90 * 24 * time.Hour

// Housekeep implements community.Housekeeper.
func (p *Portal) Housekeep(ctx context.Context) error {
	now := p.now()
	return errors.Join(
		p.exec(ctx, "end pauses", sqlPausesEnd, now),
		p.exec(ctx, "forget links", sqlLinksPurge, now.Add(-time.Hour)),
		p.exec(ctx, "forget sessions", sqlSessionsPurge, now),
		p.exec(ctx, "forget mails", sqlMailsPurge, now.Add(-24*time.Hour)),
		p.exec(ctx, "forget captured mails", sqlCapturedPurge, now.Add(-community.CapturedFor), community.CapturedKept),
		p.exec(ctx, "forget bounces", sqlBouncesPurge, now, now.Add(-bouncesKept)),
		p.exec(ctx, "forget addresses that nobody confirmed", sqlAddressesPurge, now),
		p.exec(ctx, "forget who was asked to confirm", sqlConfirmationsPurge, now.Add(-community.ConfirmationSpan)),
		p.exec(ctx, "forget codes for LINE", sqlLINECodesPurge, now),
		p.exec(ctx, "empty events of members who are gone", sqlEventsEmpty, now),
		p.exec(ctx, "forget reactions to mails", sqlTrackingPurge, now.Add(-community.TrackedFor)),
	)
}

func (p *Portal) exec(ctx context.Context, act, sql string, args ...any) error {
	if _, err := p.pool.Exec(ctx, sql, args...); err != nil {
		return fault(act, err)
	}
	return nil
}
