// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/egress"
)

// maxRetryAfter bounds what a server may ask for. A run does not last longer.
const maxRetryAfter = 72 * time.Hour

// NoReply is the outcome of a request without an answer. err is what the client of internal/egress returned.
func NoReply(err error) Outcome {
	var e *egress.Error
	if !errors.As(err, &e) {
		return Outcome{Kind: Unknown, Reason: NoAnswer, Err: errors.New("the request failed")}
	}
	switch {
	case e.Reason == egress.AddressRefused:
		return Outcome{Kind: Permanent, Reason: AddressRefused, Err: e}
	case e.Reason == egress.InvalidURL:
		return Outcome{Kind: Permanent, Reason: InvalidURL, Err: e}
	case e.Sent:
		return Outcome{Kind: Unknown, Reason: NoAnswer, Err: e}
	}
	return Outcome{Kind: Trouble, Reason: Unreachable, Err: e}
}

// Reply reads a status as HTTP means it; a channel corrects what its provider means differently. A server error
// other than 503 is Unknown: who fails while they have the message may have taken it.
func Reply(a *egress.Answer, now time.Time) Outcome {
	o := Outcome{Kind: Permanent, Reason: Refused, Code: a.Status}
	switch s := a.Status; {
	case s >= 200 && s < 300:
		o.Kind, o.Reason = Accepted, ""
	case s >= 300 && s < 400:
		o.Reason = Redirected
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		o.Reason = Credentials
	case s == http.StatusNotFound, s == http.StatusGone:
		o.Reason = DestinationGone
	case s == http.StatusRequestEntityTooLarge:
		o.Reason = TooLarge
	case s == http.StatusTooManyRequests:
		o.Kind, o.Reason, o.RetryAfter = Temporary, RateLimited, RetryAfter(a.Header, now)
	case s == http.StatusServiceUnavailable, s == http.StatusRequestTimeout, s == http.StatusTooEarly:
		o.Kind, o.Reason, o.RetryAfter = Temporary, Overloaded, RetryAfter(a.Header, now)
	case s < 200, s >= 500:
		o.Kind, o.Reason = Unknown, ServerError
	}
	return o
}

// RetryAfter reads the header of that name, which holds seconds or a time. It is 0 without one, and never longer than
// a run may last.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// maxProviderID bounds the ids that are kept.
const maxProviderID = 100

// ProviderID is what a provider calls a request, if it looks like an id, and empty otherwise: it goes into the ledger.
func ProviderID(s string) string {
	odd := func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.:", r))
	}
	if len(s) > maxProviderID || strings.ContainsFunc(s, odd) {
		return ""
	}
	return s
}
