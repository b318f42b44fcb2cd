// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package broadcast knows the destinations that get one post for each run of a campaign: what their Secrets hold, and the
// client that posts to each. The operator asks it whether a Secret is in order, a worker for the clients; so both refuse
// the same.
//
// It may import the settings, internal/egress and the channels below internal/channel. It reads the files that Load is
// told of and nothing else. It must never put a URL or a key into an error, and never log.
package broadcast
