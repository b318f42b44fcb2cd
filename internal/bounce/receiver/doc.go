// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package receiver takes what comes back to campaign mails, over LMTP or SMTP, from the mail server of the network's
// bounce address.
//
// It takes mail for one mailbox only: for the addresses with a token that this network made, and for the address without
// one, to which complaints go, when the message quotes a mail of ours. Everything else is answered with 550. A message is
// answered with 250 when the store has what it says, and with 451 while the store is away, so that the mail server keeps
// it. No mail is sent from here, and nothing is kept of a message beyond what internal/bounce/register writes.
//
// Clients may be anybody: connections, recipients, sizes, lines, times and wrong guesses are bounded. There is neither
// authentication nor TLS: whoever can reach the port can report no more than who was sent a mail, for the tokens are in
// it; let only the mail server reach it.
//
// The package imports go-smtp, the Prometheus client, internal/bounce and internal/unsubscribe. It must never log or
// count by an address, a token or any text of a message.
package receiver
