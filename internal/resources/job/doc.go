// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package job builds the one-shot jobs of a network: roster import, campaign run, retention run. Each mounts its own
// role's login and the keys it needs, and nothing else.
//
// It is pure: no client, no clock, no logger. A job's name is its run's name, so that a second controller cannot
// make a second run.
package job
