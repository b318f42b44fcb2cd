// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package compose writes the pieces of a mail message: headers, encoded words, addresses, quoted-printable and
// base64 (RFC 5322, 2045, 2047).
//
// All functions append to a buffer of the caller and are pure. Whatever text they are given, they never write a
// line end that is not their own, so that no value can add a header or end a message. The package imports the
// standard library and the IDNA tables only; it must never open a connection or read a clock.
package compose
