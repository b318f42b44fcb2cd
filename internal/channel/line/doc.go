// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package line sends to members over the LINE Messaging API: to one (Push) or the same text to up to 500 (Multicast).
//
// Every request carries a retry key from its first try on, so that a try whose answer was lost can be repeated for
// 24 hours: LINE takes a key once, and answers 409 to a repetition, which counts as accepted. When the key of a try
// in doubt is too old to prove anything, nothing is sent and the outcome is Unknown and not Safe.
//
// ReadQuota and PlanQuota tell before a run whether the month's messages will do. Acceptance by LINE is not delivery:
// users who blocked the account are accepted too.
//
// ParseEvents reads what LINE tells of its users, once Genuine has shown that it was LINE who told.
//
// It may import internal/channel, internal/egress, internal/settings and the UUID type. It must never put the access token, a user id or
// a text into an error, and must never be pointed at LINE by a load test: LINE forbids it.
package line
