// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package webhook posts signed events to a server of the user's own.
//
// The body is an Event as JSON. Signatures are HMAC-SHA256 over the timestamp, a full stop and the body, one for each
// key, so that keys can be changed without losing an event. The id of an event is made from the run and the
// destination, is the same at every try, and also stands in Idempotency-Key: a receiver who remembers ids takes nothing twice.
// Since not every receiver does, a request without an answer is Unknown and not Safe.
//
// It may import internal/channel, internal/egress and the UUID type. It must never put the URL, a key, or a text into an
// error, and must never put data of a member into an event.
package webhook
