// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package mail hands messages to a mail server over SMTP (RFC 5321).
//
// A Lane is one connection that is kept and filled: with PIPELINING it sends the end of one message and the
// envelope of the next in one write, and it never sends RSET between successes. Every message ends in one Outcome:
// accepted, temporary, permanent, unknown (the connection died after the final dot had gone out), or trouble (the
// server could not be used at all, which says nothing about the message). Send delivers a single message.
//
// Where the network has a DKIM key, mails are signed; otherwise the mail server does it. In a trial a Recorder takes every letter instead. LoadConfig decides which of the two, and a Config that captures opens
// no connection, whoever asks.
//
// The package imports the standard library, the settings and internal/mail/compose. It must never put an address, a
// reply's text, a user name or a password into an error or a log: replies may quote addresses, so that only
// their codes are kept. It must never send a password over a connection that is not encrypted.
package mail
