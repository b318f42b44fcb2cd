// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package conformance holds one suite of tests that every channel below internal/channel must pass against the fakes of
// ../shared/bench/smtp-sink: accepted, limited, answer lost, too large, destination gone; and for LINE that a twentieth
// of lost answers loses and doubles nobody. A new channel gets an entry in the suite's table.
//
// It has tests only. It must never reach a network beyond loopback.
package conformance
