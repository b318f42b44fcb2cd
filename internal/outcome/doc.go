// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package outcome gives the errors of a reconcile step their meaning: Terminal stops for good, Waiting looks
// again after a while, Failure and every other error are tried again with growing pauses.
//
// It may import apimachinery's error types and controller-runtime's result. It must never read or write
// anything, and no message of its errors may hold a secret or personal data, for they become conditions.
package outcome
