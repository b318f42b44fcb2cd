// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
)

// Reason is why there is no answer, as a word that may be kept and counted.
type Reason string

// The reasons of an Error.
const (
	InvalidURL     Reason = "InvalidURL"     // it is no URL that may be called
	AddressRefused Reason = "AddressRefused" // every address that the name leads to, or the first that was tried, must not be dialled
	NameUnknown    Reason = "NameUnknown"    // the name cannot be resolved
	Unreachable    Reason = "Unreachable"    // nobody listens, or no way leads there
	Certificate    Reason = "Certificate"    // the server's certificate is not trusted
	TLSFailed      Reason = "TLSFailed"      // no TLS 1.2 or later with the server
	TimedOut       Reason = "TimedOut"       // a limit of this client, or the caller's deadline, has passed
	Canceled       Reason = "Canceled"       // the caller gave up
	BrokenOff      Reason = "BrokenOff"      // the connection ended before the answer, or the answer was no HTTP
)

var sentences = map[Reason]string{
	NameUnknown: "the server's name cannot be resolved",
	Unreachable: "the server cannot be reached",
	Certificate: "the server's certificate is not trusted",
	TLSFailed:   "no TLS 1.2 or later with the server",
	TimedOut:    "the server did not answer in time",
	Canceled:    "the request was given up",
	BrokenOff:   "the connection ended before the answer",
}

// Error says why there is no answer.
type Error struct {
	Reason Reason
	// Sent tells whether the request may have reached the server. When it is false, the server has not seen it.
	Sent bool

	detail string
	cause  error
}

// Error is a sentence without URL, host, address or anything that a server wrote.
func (e *Error) Error() string {
	if e.detail != "" {
		return e.detail
	}
	return sentences[e.Reason]
}

// Unwrap is a *Refused or an error of a context, if one of them was the cause, and nil otherwise: every other error
// of an HTTP client may quote what is secret.
func (e *Error) Unwrap() error { return e.cause }

// invalid says what is wrong with a URL without quoting it.
func invalid(detail string) *Error { return &Error{Reason: InvalidURL, detail: detail} }

// explain turns a client's error, which quotes the URL, into one that does not. The caller's context decides
// whether somebody gave up.
func explain(caller context.Context, err error, sent bool) *Error {
	e := &Error{Sent: sent}
	var refused *Refused
	switch gaveUp := caller.Err(); {
	case errors.As(err, &refused):
		e.Reason, e.detail, e.cause, e.Sent = AddressRefused, refused.Error(), refused, false
	case errors.Is(gaveUp, context.Canceled):
		e.Reason, e.cause = Canceled, context.Canceled
	case gaveUp != nil, errors.Is(err, context.DeadlineExceeded), timedOut(err):
		e.Reason, e.cause = TimedOut, context.DeadlineExceeded
	case sent:
		e.Reason = BrokenOff
	default:
		e.Reason = beforeSending(err)
	}
	return e
}

func timedOut(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

// beforeSending tells why there is no connection.
func beforeSending(err error) Reason {
	var (
		dns    *net.DNSError
		verify *tls.CertificateVerificationError
		host   x509.HostnameError
		header tls.RecordHeaderError
		alert  tls.AlertError
		dial   *net.OpError
	)
	switch {
	case errors.As(err, &dns):
		return NameUnknown
	case errors.As(err, &verify), errors.As(err, &host):
		return Certificate
	case errors.As(err, &header), errors.As(err, &alert):
		return TLSFailed
	case errors.As(err, &dial) && dial.Op == "dial":
		return Unreachable
	case strings.Contains(err.Error(), "tls: "), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return TLSFailed
	}
	return Unreachable
}
