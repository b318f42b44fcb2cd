// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package slack posts to one Slack channel through its incoming webhook.
//
// Slack has no key that makes a repetition harmless: a request without an answer is Unknown and not Safe. No text can
// make a link with other words, or a mention; words between * or _ are shown bold or italic, as in what people write.
//
// It may import internal/channel and internal/egress. It must never put the webhook's URL, which is the secret, or a
// text into an error.
package slack
