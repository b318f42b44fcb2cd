// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package channeltest is a provider of a channel that answers as a test tells it to, for what the fakes of internal/testutil/sink
// cannot say: refusals, quotas, conflicts, and connections that are cut.
//
// It may import the standard library and internal/egress. It must never be imported by code that is not a test, and must
// never listen beyond loopback.
package channeltest
