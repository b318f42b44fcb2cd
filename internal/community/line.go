// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"context"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	// LINECodeLifetime is how long a code links a LINE account.
	LINECodeLifetime = 15 * time.Minute
	// LINECodeAlphabet leaves out what is read as something else: I and 1, O and 0.
	LINECodeAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	// LINECodeLength is 40 bits: five guesses an hour find none of a few waiting codes in many lives.
	LINECodeLength = 8
)

// LINELink is how far a member's LINE account is linked.
type LINELink struct {
	LinkedAt     *time.Time // nil: not linked
	Unfollowed   bool       // the member blocked the network's account, so that nothing is sent
	WaitingUntil *time.Time // a code waits until then
}

// LINEOutcome is what became of an event that LINE told.
type LINEOutcome string

// The outcomes.
const (
	LINELinked    LINEOutcome = "Linked"
	LINERefused   LINEOutcome = "Refused"   // no such code waits, or the account is linked to somebody else
	LINEChanged   LINEOutcome = "Changed"   // a linked member blocked the account, or took it up again
	LINEUnchanged LINEOutcome = "Unchanged" // nobody is linked, or it was known
)

// LINEService links members to their LINE accounts. The methods with a viewer work on the viewer alone and answer CodeForbidden when that
// person no longer takes part. The others are for events that LINE signed: user is LINE's name of an account for this network.
type LINEService interface {
	// LINELink is the viewer's link.
	LINELink(ctx context.Context, viewer Viewer) (LINELink, error)
	// NewLINECode makes a code that links the LINE account from which it is sent, and forgets the one before. It is empty when the
	// viewer is linked already.
	NewLINECode(ctx context.Context, viewer Viewer) (code string, err error)
	// UnlinkLINE forgets the link, the code and the account's name at once.
	UnlinkLINE(ctx context.Context, viewer Viewer) error
	// LinkLINE links an account to the member whose code waits. An account that is somebody else's is refused, and nothing changes.
	LinkLINE(ctx context.Context, user, code string, at time.Time) (LINEOutcome, error)
	// FollowLINE notes that an account follows the network's, or that it does not any more, as of LINE's time. What is older than the last
	// that was noted changes nothing.
	FollowLINE(ctx context.Context, user string, follows bool, at time.Time) (LINEOutcome, error)
}

// ParseLINECode finds a code in what somebody wrote: in either width and case, with spaces and hyphens between. ok is false for text that
// is no code.
func ParseLINECode(text string) (code string, ok bool) {
	if len(text) > 100 {
		return "", false
	}
	code = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || r == '−' || r == 'ー' { // the minus and the long vowel of Japanese keyboards
			return -1
		}
		return r
	}, strings.ToUpper(norm.NFKC.String(text)))
	return code, len(code) == LINECodeLength && strings.Trim(code, LINECodeAlphabet) == ""
}
