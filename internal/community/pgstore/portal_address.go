// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// AskAddress implements community.AddressService.
func (p *Portal) AskAddress(ctx context.Context, viewer community.Viewer, typed string, locale community.Locale, from netip.Addr) error {
	address, err := community.NormaliseAddress(typed)
	if err != nil {
		return err
	}
	now := p.now()
	var taken bool
	err = p.inTx(ctx, "ask for a new address", func(tx pgx.Tx) error {
		if err := lockMember(ctx, tx, viewer.Member); err != nil {
			return err
		}
		var own string
		if err := tx.QueryRow(ctx, sqlAddressTaken, viewer.Member, address).Scan(&taken, &own); err != nil {
			return err
		}
		if strings.EqualFold(own, address) {
			return community.Invalid("Address", "error.addressSame")
		}
		_, err := tx.Exec(ctx, sqlAddressAsk, viewer.Member, address, now, now.Add(community.AddressLifetime))
		return err
	})
	if err != nil {
		return err
	}
	return unlessMany(p.inTx(ctx, "ask whether an address is a member's", func(tx pgx.Tx) error {
		if err := p.countConfirmation(ctx, tx, address, from); err != nil || taken {
			return err
		}
		_, err := tx.Exec(ctx, sqlAddressQueue, viewer.Member, locale, address, now)
		return err
	}))
}

// WaitingAddress implements community.AddressService.
func (p *Portal) WaitingAddress(ctx context.Context, viewer community.Viewer) (community.NewAddress, error) {
	var w community.NewAddress
	var asked time.Time
	err := p.pool.QueryRow(ctx, sqlAddressWaiting, viewer.Member, p.now()).Scan(&w.Address, &asked, &w.Until)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return community.NewAddress{}, fault("read the address that waits", err)
	}
	return w, nil
}

// DropAddress implements community.AddressService.
func (p *Portal) DropAddress(ctx context.Context, viewer community.Viewer) error {
	return p.changeMember(ctx, viewer, "forget the address that waits", sqlAddressForget, viewer.Member)
}

// AddressToken implements community.MailQueue.
func (p *Portal) AddressToken(ctx context.Context, member uuid.UUID, address string) (string, error) {
	token, waits, err := p.addressToken(ctx, p.pool, member)
	switch {
	case errors.Is(err, pgx.ErrNoRows) || (err == nil && waits != address):
		return "", nil
	case err != nil:
		return "", fault("make a link for a new address", err)
	}
	return token, nil
}

// ConfirmAddress implements community.AddressService.
func (p *Portal) ConfirmAddress(ctx context.Context, viewer community.Viewer, token string) error {
	now := p.now()
	err := p.inTx(ctx, "confirm an address", func(tx pgx.Tx) error {
		if err := lockMember(ctx, tx, viewer.Member); err != nil {
			return err
		}
		want, address, err := p.addressToken(ctx, tx, viewer.Member)
		if errors.Is(err, pgx.ErrNoRows) || (err == nil && !hmac.Equal([]byte(want), []byte(token))) {
			return linkSpent()
		}
		if err != nil {
			return err
		}
		var taken bool
		var former string
		if err := tx.QueryRow(ctx, sqlAddressTaken, viewer.Member, address).Scan(&taken, &former); err != nil {
			return err
		}
		return send(ctx, tx, func(b *pgx.Batch) {
			b.Queue(sqlAddressConfirm, viewer.Member, now)
			b.Queue(sqlAddressForget, viewer.Member)
			if former != "" {
				b.Queue(sqlAddressChangedQueue, viewer.Member, former, now)
			}
		})
	})
	if pgErr := (*pgconn.PgError)(nil); errors.As(err, &pgErr) && pgErr.Code == uniqueViolation {
		return linkSpent() // somebody else has the address by now
	}
	return err
}

// rower is a pool or a transaction.
type rower interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// addressToken is the token by which a member confirms the address that waits, and that address. It is made of what the store keeps and of
// the network's key, which it does not: so every mail of one request holds the same.
func (p *Portal) addressToken(ctx context.Context, from rower, member uuid.UUID) (token, address string, err error) {
	var asked, until time.Time
	if err := from.QueryRow(ctx, sqlAddressWaiting, member, p.now()).Scan(&address, &asked, &until); err != nil {
		return "", "", err
	}
	moment := binary.BigEndian.AppendUint64(nil, uint64(asked.UnixMicro()))
	return tokenEncoding.EncodeToString(p.mark("confirm an address", string(member[:]), string(moment), address)), address, nil
}

// errMany rolls a transaction back whose mail would be one too many.
var errMany = errors.New("too many mails ask for a confirmation")

// unlessMany hides from whoever asks that nothing was sent.
func unlessMany(err error) error {
	if errors.Is(err, errMany) {
		return nil
	}
	return err
}

// ipv6Client is the part of an IPv6 address that one customer is given.
const ipv6Client = 64

// countConfirmation counts a mail that asks whether an address is somebody's, for the address and for the client that wants it sent. Its error
// is errMany when it must not be sent. A client whose address is not a public one is not counted: it is a proxy that nobody has named, and
// everybody comes by it.
func (p *Portal) countConfirmation(ctx context.Context, tx pgx.Tx, address string, from netip.Addr) error {
	now := p.now()
	count := func(key []byte, span time.Duration, most int) error {
		counted, err := tx.Exec(ctx, sqlConfirmationCount, key, now, now.Add(-span), most)
		if err == nil && counted.RowsAffected() == 0 {
			err = errMany
		}
		return err
	}
	if err := count(p.mark("mails to an address", strings.ToLower(address)), community.ConfirmationSpan, community.ConfirmationsPerAddress); err != nil {
		return err
	}
	if !from.IsGlobalUnicast() || from.IsPrivate() {
		return nil
	}
	if from.Is6() {
		if prefix, err := from.Prefix(ipv6Client); err == nil {
			from = prefix.Addr()
		}
	}
	return count(p.mark("mails for a client", from.String()), time.Hour, community.ConfirmationsPerSource)
}

// mark is what the store may keep of something that it must not know: a keyed hash, for one use alone.
func (p *Portal) mark(use string, parts ...string) []byte {
	mac := hmac.New(sha256.New, p.key)
	for _, part := range append([]string{"alumni-operator portal", use}, parts...) {
		var size [4]byte
		binary.BigEndian.PutUint32(size[:], uint32(len(part)))
		mac.Write(size[:])
		mac.Write([]byte(part))
	}
	return mac.Sum(nil)
}
