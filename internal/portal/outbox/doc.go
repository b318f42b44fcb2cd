// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package outbox sends the portal's own mails: sign-in links and receipts of withdrawals.
//
// Requests takes an address off a visitor's hands and looks it up behind the answer; Worker works the queue in the
// store with leases, so that every replica helps and none is needed; Composer writes the mail in the member's
// language. It imports the domain, internal/mail, internal/settings and the portal's texts. It must never log or
// count an address, a token or a member's name, and never write a token anywhere but into its mail.
package outbox
