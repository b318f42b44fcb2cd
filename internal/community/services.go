// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"context"
	"net/netip"
	"time"

	"github.com/google/uuid"
)

// How long things live.
const (
	// LinkLifetime is how long a mailed sign-in link works.
	LinkLifetime = 15 * time.Minute
	// LinksPerHour is how many links one person is mailed in an hour; more requests are answered alike and do nothing.
	LinksPerHour = 5
	// SessionIdle ends a session that was not used for so long.
	SessionIdle = 30 * 24 * time.Hour
	// SessionLifetime ends every session, used or not.
	SessionLifetime = 90 * 24 * time.Hour
)

// How often anybody is asked whether an address is theirs: by a link to join, or to an address that a member wants to be written to. The
// store keeps the counts, for all replicas together.
const (
	// ConfirmationsPerAddress is how many such mails go to one address within ConfirmationSpan.
	ConfirmationsPerAddress = 3
	// ConfirmationSpan is the time over which they are counted.
	ConfirmationSpan = 24 * time.Hour
	// ConfirmationsPerSource is how many such mails one client can ask for in an hour.
	ConfirmationsPerSource = 20
	// AddressLifetime is how long an address waits for its member to confirm it.
	AddressLifetime = 24 * time.Hour
)

// SignInService lets people in by links that are mailed to the address the network knows.
type SignInService interface {
	// QueueLink has a link mailed to the member with this address. Anyone may ask; nobody is told whether the
	// address is known: the result is nil for unknown, withdrawn and over-eager people too. from is the client that asks; the
	// zero Addr when that cannot be told.
	QueueLink(ctx context.Context, address string, locale Locale, from netip.Addr) error
	// LinkState looks at a link without using it: the state of the person behind it.
	// CodeLinkSpent: unknown, used or too old.
	LinkState(ctx context.Context, token string) (State, error)
	// SignIn uses up a link of someone who takes part and opens a session; the result is the session's token.
	// CodeLinkSpent: unknown, used or too old. CodeJoinNeeded: the person has not joined; the link stays good.
	SignIn(ctx context.Context, token string) (session string, err error)
	// Join uses up a link of someone who was listed or invited, makes that person a member with the consents
	// chosen, everything hidden, and opens a session. CodeInvalid: no consent to PurposeNetwork; the link stays
	// good. CodeLinkSpent: as above.
	Join(ctx context.Context, token string, choice Choice) (session string, err error)
}

// Session is one of a member's open sessions.
type Session struct {
	Current   bool
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
}

// SessionService keeps people signed in.
type SessionService interface {
	// Authenticate finds the person behind a session's token and keeps the session alive.
	// CodeUnauthenticated: no live session, or the person no longer takes part.
	Authenticate(ctx context.Context, token string) (Viewer, error)
	// Sessions lists the viewer's own sessions, the newest first.
	Sessions(ctx context.Context, viewer Viewer) ([]Session, error)
	// SignOut ends the viewer's session.
	SignOut(ctx context.Context, viewer Viewer) error
	// SignOutEverywhere ends all of the viewer's sessions.
	SignOutEverywhere(ctx context.Context, viewer Viewer) error
}

// MemberService shows and keeps the viewer's own data. Every method works on the viewer alone and answers
// CodeForbidden when that person no longer takes part.
type MemberService interface {
	// Member is the viewer as the network holds him or her.
	Member(ctx context.Context, viewer Viewer) (Member, error)
	// UpdateProfile replaces profile and visibility. CodeInvalid: a field breaks a rule.
	UpdateProfile(ctx context.Context, viewer Viewer, profile Profile, visibility Visibility) error
	// Consents is what the viewer agreed to, with its history.
	Consents(ctx context.Context, viewer Viewer) (Consents, error)
	// Decide records the purposes whose decision changes, each as an entry of the ledger. Withdrawing
	// PurposeNetwork is refused with CodeInvalid: that is Withdraw.
	Decide(ctx context.Context, viewer Viewer, choice Choice) error
	// Decline makes these the occasions for which the viewer is not written to; every other is welcome again. CodeInvalid: an
	// occasion that there is not.
	Decline(ctx context.Context, viewer Viewer, occasions []Occasion) error
	// ResumeMail takes the viewer's address off the list of those never to send to.
	ResumeMail(ctx context.Context, viewer Viewer) error
	// Pause stops all contact until an instant, or until further notice when it is nil. CodeInvalid: not in the
	// future.
	Pause(ctx context.Context, viewer Viewer, until *time.Time) error
	// Resume ends a pause.
	Resume(ctx context.Context, viewer Viewer) error
	// Withdraw makes the viewer leave at once: no session, link, consent or visible field is left, and the
	// erasure of the data is requested.
	Withdraw(ctx context.Context, viewer Viewer, locale Locale) (Receipt, error)
}

// NewAddress is the address that waits for its member to confirm it.
type NewAddress struct {
	Address string // empty: none waits
	Until   time.Time
}

// AddressService lets members change the address to which their mail goes. Every method works on the viewer alone and answers
// CodeForbidden when that person no longer takes part.
type AddressService interface {
	// AskAddress has a mail sent that asks whether an address is the viewer's. Until it is confirmed the address is used for nothing
	// else. The result is the same for an address that is somebody else's, and for over-eager people. CodeInvalid: it is none, or is
	// the viewer's already.
	AskAddress(ctx context.Context, viewer Viewer, address string, locale Locale, from netip.Addr) error
	// WaitingAddress is the one that was asked for.
	WaitingAddress(ctx context.Context, viewer Viewer) (NewAddress, error)
	// DropAddress forgets the one that was asked for.
	DropAddress(ctx context.Context, viewer Viewer) error
	// ConfirmAddress makes the one that was asked for the viewer's, with the token that was mailed to it, and has the former one told.
	// CodeLinkSpent: it is not the token of what waits, or the address has become somebody else's.
	ConfirmAddress(ctx context.Context, viewer Viewer, token string) error
}

// Receipt is what a person who left can refer to.
type Receipt struct {
	Request    uuid.UUID
	ReceivedAt time.Time
}

// Unsubscription is what a link at the foot of a mail asks for. The link itself is the permission.
type Unsubscription struct {
	Member  uuid.UUID
	Purpose string // of consent, or an Occasion; empty or unknown for an invitation, which has no purpose of its own
	Run     int64  // the campaign run whose mail held the link
	All     bool   // stop all mail, not only this purpose
}

// UnsubscribeService stops mail.
type UnsubscribeService interface {
	// Unsubscribe does what a link asks for. It may be repeated, and does nothing for a person who is erased;
	// changed tells whether anything was still to be done.
	Unsubscribe(ctx context.Context, request Unsubscription) (changed bool, err error)
}
