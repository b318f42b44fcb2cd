// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// MailKind is a kind of mail that the portal sends by itself.
type MailKind string

// The kinds of mail.
const (
	// MailSignInLink holds a link that signs its reader in.
	MailSignInLink MailKind = "SignInLink"
	// MailWithdrawalReceipt tells somebody who left the number of the erasure request.
	MailWithdrawalReceipt MailKind = "WithdrawalReceipt"
	// MailAddressConfirmation asks whether an address is a member's, and goes to that address.
	MailAddressConfirmation MailKind = "AddressConfirmation"
	// MailAddressChanged tells the former address of a member that it was replaced.
	MailAddressChanged MailKind = "AddressChanged"
	// MailEventSeat tells who waited for a seat of an event that they have one.
	MailEventSeat MailKind = "EventSeat"
	// MailEventCancelled tells who registered for an event that it does not take place.
	MailEventCancelled MailKind = "EventCancelled"
	// MailStaffSignInLink holds a link that signs its reader in to the console.
	MailStaffSignInLink MailKind = "StaffSignInLink"
)

// SignsIn tells a mail whose link signs its reader in.
func (k MailKind) SignsIn() bool { return k == MailSignInLink || k == MailStaffSignInLink }

// Mail is one queued mail on which its holder has a lease.
type Mail struct {
	ID        int64
	Member    uuid.UUID // or the one of the staff to whom it goes
	Kind      MailKind
	Locale    Locale
	Attempts  int // this one included
	CreatedAt time.Time
	Address   string     // empty: the network knows none any more
	Request   *uuid.UUID // the erasure request, for a receipt
	Received  *time.Time // when it was received
	Event     *MailEvent // the event that it tells of
}

// MailEvent is what a mail tells of an event.
type MailEvent struct {
	ID               uuid.UUID
	Title            string
	Place            string
	StartsAt, EndsAt time.Time
	TimeZone         string
}

// MailQueue is worked by every replica of the portal.
type MailQueue interface {
	// ClaimMails takes up to limit due mails for a time; when the holder dies, the others get them after the
	// lease. A mail may thus go out twice, and never not at all.
	ClaimMails(ctx context.Context, limit int, lease time.Duration) ([]Mail, error)
	// NewLink makes the link of one mail to an address: the token goes into the mail, its hash into the store. The
	// token is empty when the member has left, or has another address, in the meantime.
	NewLink(ctx context.Context, member uuid.UUID, address string) (token string, err error)
	// NewStaffLink makes the link of one mail to one of the staff.
	NewStaffLink(ctx context.Context, staff uuid.UUID) (token string, err error)
	// AddressToken is the token of the link by which a member confirms an address; empty when it does not wait any more. It is the same
	// for every mail of one request, so that a mail that goes out twice holds no link that is spent.
	AddressToken(ctx context.Context, member uuid.UUID, address string) (token string, err error)
	// DropLink forgets the link of a mail that was not taken.
	DropLink(ctx context.Context, token string) error
	// MailSent records that the mail server took a mail.
	MailSent(ctx context.Context, id int64) error
	// MailFailed gives a mail up.
	MailFailed(ctx context.Context, id int64) error
	// RetryMail lets a mail be tried again after a wait.
	RetryMail(ctx context.Context, id int64, wait time.Duration) error
}

// Housekeeper forgets what is done with.
type Housekeeper interface {
	// Housekeep ends pauses whose time is over and forgets links, sessions, and mails that are done with, also the older
	// ones of a trial. Any replica may do it at any time.
	Housekeep(ctx context.Context) error
}
