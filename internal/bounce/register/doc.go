// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package register notes what came back to campaign mails, and lets follow what must: an address that does not exist and a
// complaint suppress a member's mail at once; soft bounces do, for a while, when several of them stand without a success
// between them.
//
// There is one way to note: Notes. Workers that see a refusal in the dialogue with the mail server use it within the
// transaction that writes the outcome, and Register uses it for what is reported later, when the ledger must be put right
// too. Whatever is told of a member or a mail that is not known changes nothing, and neither does what is told twice.
//
// The package imports internal/bounce, internal/dbconn and pgx. It must never write to the store outside its SQL files, or put an address
// or a server's text into the store, a log or an error.
package register
