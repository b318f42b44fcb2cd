// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package unsubscribe makes and reads the tokens of one-click unsubscribe links (RFC 8058).
//
// A token names a member, a purpose and a campaign run, and nobody without the network's key can read, make or
// change one: its payload is encrypted, and an HMAC-SHA-256 tag of 16 bytes proves it. The same claim always gives
// the same token, so that a mail that is sent again is the same mail. Tokens do not expire, for mails do not.
//
// The package imports the standard library and the UUID type only. It must never reach a network, a clock or the
// store, and must never put a token or a member into an error.
package unsubscribe
