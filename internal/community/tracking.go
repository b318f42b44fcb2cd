// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// TrackedFor is how long it is kept which links a member followed. Counts stay.
const TrackedFor = 365 * 24 * time.Hour

// ReactionKind is what somebody did with a mail.
type ReactionKind string

// The kinds of reaction.
const (
	ReactionClick ReactionKind = "Click"
	ReactionOpen  ReactionKind = "Open"
)

// Reaction is that a link of a mail was followed, or a mail opened. The address in the mail is the permission to count it.
type Reaction struct {
	Run     int64 // the campaign run whose mail it was
	Kind    ReactionKind
	Link    int       // its place in the text; 0 for an opened mail
	Variant string    // of the text
	Member  uuid.UUID // whose mail it was; zero when the mail does not say
	Machine bool      // it was a program that looks at links, and nobody's wish
}

// TrackingService counts what becomes of mails.
type TrackingService interface {
	// Track counts a reaction. Of a member who consents to PurposeTracking at this moment it is noted too, and counted once; of
	// everybody else only clicks are counted, and nothing is noted. A run that the store does not know counts nothing.
	Track(ctx context.Context, reaction Reaction) error
}
