// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package campaign runs one campaign run: it freezes the audience into the ledger (alumni.delivery) and divides it into chunks
// (alumni.delivery_chunk), leases a chunk and hands out its rows in small parts, renders and sends their mails over several
// connections, and writes every outcome back. A row is written when it is planned and when its outcome is known; between the two
// the chunk says how far its rows were handed out, and to whom.
//
// What it promises (campaign.md M1, M2, M3, M6, M7):
//   - A run's name makes it unique; a second start joins the same run, and any number of workers may share it.
//   - Every member of the audience has one row, or one for each channel, and every row ends in one state. The numbers of a run are
//     counted from the rows.
//   - A worker that is killed loses nobody. Rows that were handed out to it are settled by the campaign's onUnknown: Resend sends
//     again, Hold waits for a person. What can arrive twice is bounded: flushSize + waitingAcks + one message per connection.
//   - A worker that is told to stop finishes what is on the wire, gives the rest back, and leaves nothing in doubt.
//   - Consent, suppression, state and address are checked when a row is claimed; a message whose check is older
//     than maxClaimAge does not go out but is checked again.
//
// A channel that writes to members is a way: what makes a message and what sends it. A courier does the rest, and is the same for each. By
// LINE a message has a key by which it is known again, so that one in doubt is sent again and arrives once (M4); a notice of the portal is
// written in the transaction of its outcome (S10). With FirstReachable whom a channel does not reach is passed on to the next (S5), by the
// courier that takes them over; it is done when everything before it is.
//
// In a run with an A/B test a part of the audience gets the variants; the others wait until the store has decided, once, which of
// them they get (S1).
//
// TestSend sends the texts to people who look them over, and touches no ledger (M15).
//
// Beside that it posts once to each destination of Slack, Teams and webhooks (alumni.broadcast, M16). Neither waits for the
// other, and a run is finished when both are settled. Of a post that was on the wire when its worker died nobody knows whether
// it arrived: it waits for a person unless the campaign wants it posted again.
//
// The package imports the settings, the domain (of which samples of a preview are a part), the content and audience compilers,
// internal/mail, internal/broadcast, internal/channel/line, internal/unsubscribe, internal/bounce and pgx.
// It must never import Kubernetes, write to the store outside its SQL files
// and internal/bounce/register, or put a member's data into a log or an
// error: members appear there as counts and opaque ids only.
package campaign
