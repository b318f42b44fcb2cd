// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"errors"
	"fmt"
	"time"
)

// Kind is what became of a message. The package's comment says what follows from each.
type Kind uint8

const (
	// Accepted: the provider took the message, now or at an earlier try with the same key.
	Accepted Kind = iota
	// Temporary: the provider has not taken it and said "later".
	Temporary
	// Permanent: the provider has not taken it and never will.
	Permanent
	// Unknown: the request went out, and no answer tells whether it was taken.
	Unknown
	// OverQuota: the account may send no more for now, and it is not a matter of seconds.
	OverQuota
	// Trouble: the provider or the account cannot be used. The message was not taken, and it is not its fault.
	Trouble
)

var kindNames = [...]string{"accepted", "temporary", "permanent", "unknown", "over quota", "trouble"}

// String is the kind in lower case, for logs.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", k)
}

// Reason is why a message was not accepted, as a word that may be kept, counted and shown.
type Reason string

// The reasons of an Outcome.
const (
	RateLimited      Reason = "RateLimited"      // too many requests; later
	Overloaded       Reason = "Overloaded"       // the provider is busy or down; later
	MonthlyQuota     Reason = "MonthlyQuota"     // the month's messages are used up, or reserved by another send
	InvalidRecipient Reason = "InvalidRecipient" // the provider knows no such recipient, or may not write to them
	DestinationGone  Reason = "DestinationGone"  // the webhook, channel or flow does not exist any more
	Credentials      Reason = "Credentials"      // the token or the signature in the URL is not accepted
	TooLarge         Reason = "TooLarge"         // the message is larger than the channel takes
	Refused          Reason = "Refused"          // refused for another reason
	Redirected       Reason = "Redirected"       // the server sends elsewhere, and redirects are not followed
	AddressRefused   Reason = "AddressRefused"   // the URL leads to an address that must not be called
	InvalidURL       Reason = "InvalidURL"       // the URL is none that may be called
	Unreachable      Reason = "Unreachable"      // no connection
	NoAnswer         Reason = "NoAnswer"         // the connection ended, or the time was over, before an answer
	ServerError      Reason = "ServerError"      // the provider failed while it had the message
	KeyExpired       Reason = "KeyExpired"       // an earlier try is in doubt, and its key proves nothing any more
)

// Outcome is what became of one request.
type Outcome struct {
	Kind   Kind
	Reason Reason // empty when Accepted
	Code   int    // the HTTP status; 0 without an answer
	// ProviderID is what the provider calls the request; empty when it named none.
	ProviderID string
	// RetryAfter is how long the provider wants to be left alone; 0 when it did not say.
	RetryAfter time.Duration
	// Safe tells of Unknown that the same request may go out again and cannot arrive twice.
	Safe bool
	Err  error // why there was no answer, without any data of the message
}

// Failure is an Outcome that is not Accepted, as an error.
type Failure struct{ Outcome Outcome }

// Error names kind, reason and status. It never holds what the provider wrote.
func (f *Failure) Error() string {
	o := f.Outcome
	s := fmt.Sprintf("channel: %s: %s", o.Kind, o.Reason)
	if o.Code != 0 {
		s += fmt.Sprintf(", status %d", o.Code)
	}
	if o.Err != nil {
		s += ": " + o.Err.Error()
	}
	return s
}

// Unwrap is the cause, for errors.Is.
func (f *Failure) Unwrap() error { return f.Outcome.Err }

// Failure is nil for a message that was accepted, and the outcome as an error for any other.
func (o Outcome) Failure() error {
	if o.Kind == Accepted {
		return nil
	}
	return &Failure{o}
}

// Refusal is a message that this program itself refuses to send, and says why.
func Refusal(reason Reason, why string) Outcome {
	return Outcome{Kind: Permanent, Reason: reason, Err: errors.New(why)}
}

// NotBuilt is the outcome of a post that cannot be written in the channel's form.
func NotBuilt(err error) Outcome {
	if errors.Is(err, ErrNoRoom) {
		return Outcome{Kind: Permanent, Reason: TooLarge, Err: err}
	}
	return Outcome{Kind: Permanent, Reason: Refused, Err: err}
}
