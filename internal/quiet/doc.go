// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package quiet knows when a member is not written to: at night, on days of rest and on holidays, by the member's own clock
// (campaign.md M12).
//
// It is pure: every function takes the moment it speaks of. It imports nothing of this module and must never read a clock.
package quiet
