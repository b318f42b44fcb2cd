// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"crypto/hmac"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// What staff do, as alumni.staff_action names it.
const (
	actSignedIn         = "SignedIn"
	actSignedOut        = "SignedOut"
	actLookedAtOverview = "LookedAtOverview"
	actListedCampaigns  = "ListedCampaigns"
	actLookedAtCampaign = "LookedAtCampaign"
	actLookedAtSample   = "LookedAtSample"
)

// staffTouchAfter is how old the last mark of a staff session may be before it is written again.
const staffTouchAfter = time.Minute

// employed finds who of the staff has an address of which the store knows the keyed hash.
func (p *Portal) employed(key []byte) (community.StaffMember, bool) {
	if p.staff == nil {
		return community.StaffMember{}, false
	}
	for _, person := range p.staff() {
		if hmac.Equal(p.staffKey(person.Address), key) {
			return person, true
		}
	}
	return community.StaffMember{}, false
}

// staffKey is what the store keeps of the address of one of the staff.
func (p *Portal) staffKey(address string) []byte { return p.mark("staff", strings.ToLower(address)) }

// StaffLinks is where a request for a link of the staff becomes a mail, if the address is on the list.
type StaffLinks struct{ Portal *Portal }

// QueueLink has a link mailed to one of the staff. Whoever asks is not told whether the address is on the list.
func (s StaffLinks) QueueLink(ctx context.Context, address string, locale community.Locale, _ netip.Addr) error {
	p, now := s.Portal, s.Portal.now()
	key := p.staffKey(address)
	if _, employed := p.employed(key); !employed {
		return nil
	}
	return p.inTx(ctx, "queue a link for staff", func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlStaffMeet, key, now); err != nil {
			return err
		}
		var id uuid.UUID
		if err := tx.QueryRow(ctx, sqlStaffLock, key).Scan(&id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sqlStaffLinkQueue, id, locale, now, now.Add(-time.Hour), community.LinksPerHour)
		return err
	})
}

// NewStaffLink implements community.MailQueue.
func (p *Portal) NewStaffLink(ctx context.Context, staff uuid.UUID) (token string, err error) {
	token = newToken()
	hash, now := hashToken(token), p.now()
	return token, p.exec(ctx, "make a link for staff", sqlStaffLinkInsert, hash[:], staff, now, now.Add(community.LinkLifetime))
}

// LookAtStaffLink implements community.StaffService.
func (p *Portal) LookAtStaffLink(ctx context.Context, token string) error {
	_, err := p.staffOfLink(ctx, token)
	return err
}

// staffOfLink is who is behind a live link.
func (p *Portal) staffOfLink(ctx context.Context, token string) (id uuid.UUID, err error) {
	var key []byte
	hash := hashToken(token)
	err = p.pool.QueryRow(ctx, sqlStaffLinkFind, hash[:], p.now()).Scan(&id, &key)
	if errors.Is(err, pgx.ErrNoRows) {
		return id, linkSpent()
	}
	if err != nil {
		return id, fault("look at a link of staff", err)
	}
	if _, employed := p.employed(key); !employed {
		return id, linkSpent()
	}
	return id, nil
}

// StaffSignIn implements community.StaffService.
func (p *Portal) StaffSignIn(ctx context.Context, token string) (string, error) {
	id, err := p.staffOfLink(ctx, token)
	if err != nil {
		return "", err
	}
	hash, now, session := hashToken(token), p.now(), newToken()
	err = p.inTx(ctx, "sign staff in", func(tx pgx.Tx) error {
		used, err := tx.Exec(ctx, sqlStaffLinkUse, hash[:], now)
		if err != nil {
			return err
		}
		if used.RowsAffected() == 0 {
			return linkSpent()
		}
		sessionHash := hashToken(session)
		return send(ctx, tx, func(b *pgx.Batch) {
			b.Queue(sqlStaffSessionInsert, sessionHash[:], id, now, now.Add(community.StaffSessionIdle))
			b.Queue(sqlStaffAct, id, actSignedIn, "", now)
		})
	})
	if err != nil {
		return "", err
	}
	return session, nil
}

// AuthenticateStaff implements community.StaffService.
func (p *Portal) AuthenticateStaff(ctx context.Context, token string) (community.StaffViewer, error) {
	now, viewer := p.now(), community.StaffViewer{Session: hashToken(token)}
	var key []byte
	var seen time.Time
	err := p.pool.QueryRow(ctx, sqlStaffSessionFind, viewer.Session[:], now).Scan(&viewer.ID, &key, &seen)
	nobody := &community.Error{Code: community.CodeUnauthenticated, Message: "error.unauthenticated"}
	if errors.Is(err, pgx.ErrNoRows) {
		return community.StaffViewer{}, nobody
	}
	if err != nil {
		return community.StaffViewer{}, fault("find a session of staff", err)
	}
	var employed bool
	if viewer.StaffMember, employed = p.employed(key); !employed {
		if err := p.exec(ctx, "end a session of staff", sqlStaffSessionDelete, viewer.Session[:]); err != nil {
			return community.StaffViewer{}, err
		}
		return community.StaffViewer{}, nobody
	}
	if now.Sub(seen) < staffTouchAfter {
		return viewer, nil
	}
	return viewer, p.exec(ctx, "keep a session of staff alive", sqlStaffSessionTouch, viewer.Session[:], now,
		community.StaffSessionIdle, community.StaffSessionLifetime)
}

// StaffSignOut implements community.StaffService.
func (p *Portal) StaffSignOut(ctx context.Context, viewer community.StaffViewer) error {
	return p.inTx(ctx, "sign staff out", func(tx pgx.Tx) error {
		return send(ctx, tx, func(b *pgx.Batch) {
			b.Queue(sqlStaffSessionDelete, viewer.Session[:])
			b.Queue(sqlStaffAct, viewer.ID, actSignedOut, "", p.now())
		})
	})
}

// note writes down what a viewer looks at. What cannot be noted is not shown.
func (p *Portal) note(ctx context.Context, viewer community.StaffViewer, action, subject string) error {
	return p.exec(ctx, "note what staff look at", sqlStaffAct, viewer.ID, action, subject, p.now())
}
