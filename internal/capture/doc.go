// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package capture is the mailbox of a trial: it keeps in the network's store what would have gone to a mail server, and
// takes a kept message apart for people to read.
//
// Recorder is the mail.Recorder of portal and campaign worker. What it answers is as good as a mail server's word: accepted
// only when the message is in the store, and unknown when the store may have taken it and its answer was lost. How much is
// kept is the portal's housekeeping.
//
// The package imports internal/mail and pgx. It must never reach a mail server, and never put an address, a subject or a
// text into an error.
package capture
