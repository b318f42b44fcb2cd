// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package campaign reconciles Campaigns: it checks the texts and the audience, works out the next due time,
// makes one Job for each run, and shows in status what the ledger counts.
//
// It may import the API, the pure packages content, audience and schedule, builders, and the read model of the
// store's aggregates. It must never read a member, send a mail, or import the portal.
package campaign
