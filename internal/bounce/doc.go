// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package bounce reads what comes back to a campaign's mails: delivery status notifications (RFC 3464), complaints
// (RFC 5965) and the plain notices of servers that send neither. It says what a status means, and makes and reads the
// envelope senders by which a mail that comes back tells whom it was for.
//
// Classify is the one answer to "what does this status mean", for replies in the dialogue with the mail server and for
// notifications that come later. What follows from it is in internal/bounce/register; who takes the notifications, in
// internal/bounce/receiver.
//
// Messages come from strangers. Parse looks at MaxMessage bytes, a bounded number of parts and a bounded depth, keeps
// little of them, takes time that grows with their length alone, and never fails: what it cannot read is Ignored.
//
// The package imports the standard library, the UUID type and internal/mail/compose. It must never reach a network, a
// clock or the store, and must never put an address or a token into an error.
package bounce
