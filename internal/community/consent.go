// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"slices"
	"time"
)

// Purpose is what a member agrees to, one by one.
type Purpose string

// The purposes of consent.
const (
	// PurposeNetwork is taking part: holding the profile and sending what members must know.
	PurposeNetwork Purpose = "Network"
	// PurposeNewsletter is the regular newsletter.
	PurposeNewsletter Purpose = "Newsletter"
	// PurposeEvents are invitations to events.
	PurposeEvents Purpose = "Events"
	// PurposeJobs are job and come-back offers.
	PurposeJobs Purpose = "Jobs"
	// PurposeSurveys are surveys.
	PurposeSurveys Purpose = "Surveys"
	// PurposeTracking is that it may be noted which mails the member opens and which of their links the member follows. It is apart
	// from receiving mail: stopping all mail leaves it alone.
	PurposeTracking Purpose = "Tracking"
)

// Purposes lists every purpose; Network, without which nobody can take part, comes first.
func Purposes() []Purpose {
	return []Purpose{PurposeNetwork, PurposeNewsletter, PurposeEvents, PurposeJobs, PurposeSurveys, PurposeTracking}
}

// MailPurposes lists the kinds of mail that a member can choose freely.
func MailPurposes() []Purpose {
	return []Purpose{PurposeNewsletter, PurposeEvents, PurposeJobs, PurposeSurveys}
}

// ParsePurpose reads the name of a purpose.
func ParsePurpose(name string) (purpose Purpose, ok bool) {
	p := Purpose(name)
	return p, slices.Contains(Purposes(), p)
}

// Decision is what a member said about a purpose.
type Decision string

// The decisions.
const (
	Given     Decision = "Given"
	Withdrawn Decision = "Withdrawn"
)

// ConsentEntry is one line of the ledger.
type ConsentEntry struct {
	Purpose     Purpose
	Decision    Decision
	TextVersion string // the wording that was shown
	Channel     string // Roster, Portal or Email
	Source      string
	DecidedAt   time.Time
}

// Consents is what a member agreed to, and how it came about.
type Consents struct {
	// State holds the decision in force of each purpose that was ever decided.
	State map[Purpose]ConsentEntry
	// History is the ledger, newest first.
	History []ConsentEntry
	// Suppressed says why no mail is sent whatever was agreed to: Unsubscribed, HardBounce, SoftBounce or Complaint; empty
	// when mail flows.
	Suppressed string
	// Declined are the occasions for which the member does not want to be written to.
	Declined []Occasion
}

// Given tells whether a purpose has a live consent.
func (c Consents) Given(p Purpose) bool { return c.State[p].Decision == Given }

// Choice is what a member decides in one form.
type Choice struct {
	// Give holds every optional purpose; the value says given or withdrawn.
	Give map[Purpose]bool
	// TextVersion is the wording that the form showed.
	TextVersion string
}

// Validate answers with CodeInvalid for a purpose that does not exist and when the wording is not named.
func (c Choice) Validate() error {
	for p := range c.Give {
		if !slices.Contains(Purposes(), p) {
			return Invalid("Purpose", "error.choice")
		}
	}
	if c.TextVersion == "" {
		return Invalid("TextVersion", "error.choice")
	}
	return nil
}
