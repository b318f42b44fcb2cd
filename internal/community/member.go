// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// State is where a person stands in the network.
type State string

// The states of a member. Erased people have no row, so there is no state for them.
const (
	// StateListed people are known from the roster and have not been contacted.
	StateListed State = "Listed"
	// StateInvited people were invited and have not answered.
	StateInvited State = "Invited"
	// StateActive people take part.
	StateActive State = "Active"
	// StatePaused people take part and asked not to be contacted for a while.
	StatePaused State = "Paused"
	// StateWithdrawn people left and wait for erasure.
	StateWithdrawn State = "Withdrawn"
)

// Joined tells whether a person takes part, and so may have a session.
func (s State) Joined() bool { return s == StateActive || s == StatePaused }

// MayJoin tells whether a person can still confirm joining.
func (s State) MayJoin() bool { return s == StateListed || s == StateInvited }

// Locale is a language of the platform.
type Locale string

// The languages of the platform.
const (
	Japanese Locale = "ja"
	English  Locale = "en"
)

// Locales lists the languages in the order in which they are offered.
func Locales() []Locale { return []Locale{Japanese, English} }

// ParseLocale reads a language code; ok is false for a language that the platform does not speak.
func ParseLocale(code string) (locale Locale, ok bool) {
	l := Locale(code)
	return l, slices.Contains(Locales(), l)
}

// Viewer is the person behind a session. Only a SessionService makes one; services take it as the proof of who
// asks, and check again in the store that this person still takes part.
type Viewer struct {
	Member  uuid.UUID
	Session [32]byte // the hash of the session's token: tells this session from the person's others
}

// Member is what the network holds of a person and shows to that person. HR's sensitive facts are not here.
type Member struct {
	ID          uuid.UUID
	State       State
	FamilyName  string
	GivenName   string
	Email       string // empty when the network knows no address
	JoinedAt    time.Time
	PausedUntil *time.Time // nil with StatePaused: until further notice
	Employments []Employment
	Profile     Profile
	Visibility  Visibility
}

// Paused tells whether the member is in distance mode at an instant: a pause ends by itself at PausedUntil.
func (m Member) Paused(now time.Time) bool {
	return m.State == StatePaused && (m.PausedUntil == nil || now.Before(*m.PausedUntil))
}

// Employment is one time of employment as HR recorded it. Dates are days without a zone, zero when unknown.
type Employment struct {
	Department string
	Post       string
	JoinedOn   time.Time
	LeftOn     time.Time
}
