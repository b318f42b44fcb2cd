// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tracking makes and reads the addresses that campaign mails hold in the place of their links, and the image of an opened
// mail.
//
// A link names a run, its place in the text, perhaps a variant, and where it leads. All that is proved by an HMAC-SHA-256 tag of 16
// bytes under the network's key: a portal that follows only what ParseLink admits leads nobody anywhere but where a text of the
// network leads. It is the same for every reader, so that it is made once for a run. A reader token names one member; it is encrypted,
// and stands only in mails of members who consented to it.
//
//	https://portal/c/LINK?to=TARGET           counts, and knows nobody
//	https://portal/c/LINK/READER?to=TARGET    knows the member
//	https://portal/o/READER                   the image of an opened mail
//
// The same link always has the same address, so that a mail that is sent again is the same mail. Addresses do not expire, for mails
// do not. IsMachine tells requests of people from those of programs that look at links.
//
// The package imports the standard library and the UUID type only. It must never reach a network, a clock or the
// store, and must never put a token, a target or a member into an error.
package tracking
