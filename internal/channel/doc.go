// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package channel is what the channels other than e-mail have in common: what became of a message (Outcome), the
// identity of what is sent (Send), the text that is sent (Post), and how to shorten it.
//
// LINE sends to members; Slack, Teams and webhooks post once for each destination. Each has a package of its own
// below this one. All of them turn rendered plain text into the provider's form, send it once, and say what became of
// it; none of them tries again, waits, or remembers. That is the campaign engine's work, by one policy for all:
//
//	kind          what the ledger should say
//	Accepted      sent
//	Temporary     deferred: after RetryAfter or the usual step, whichever is longer; the try counts
//	Permanent     failed with the reason; InvalidRecipient also ends the member's address on this channel
//	Unknown       Safe: deferred, and tried again with the same key. Not Safe: by the campaign's onUnknown
//	OverQuota     planned again; the run stops on this channel until the quota was read again
//	Trouble       planned again, no try counted; the breaker opens. With reason Credentials: stop the channel
//
// A context that is cancelled while a request is on the wire leaves it Unknown: a worker that is told to stop should
// let requests end, which takes a minute at most.
//
// The packages may import internal/egress, the UUID type and a library for graphemes. They must never read the
// environment or a file, never log, and never put a token, a URL, a text or a recipient into an error or an Outcome.
package channel
