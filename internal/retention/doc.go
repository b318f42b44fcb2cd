// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package retention erases personal data that is due, or that its owner asked to have erased, and proves it.
//
// A run goes: find or make the run's row; plan in a read-only snapshot; and, unless the policy only previews,
// erase in bounded transactions, look for what may be left, and sign a certificate. A Planner can only look; an
// Executor is needed to erase, and a dry run never has one.
//
// Each transaction stands for itself: it holds the run's fence and the members' rows, checks once more that they
// are due, leaves tombstones, counts, deletes, checks that nothing is left, and adds a link to the audit chain. A
// run that is killed at any moment goes on under the same name, and counts nobody twice.
//
// Where the network has an erasure ledger, each transaction writes down there whom it is about to erase, before it deletes
// anybody. A ledger that cannot be written stops the run. A Replay goes the other way: it erases in a restored store whoever
// the ledger names.
//
// The package may import its own sub-packages, internal/erasures, internal/settings, internal/tombstone and pgx. It must never log,
// return or keep anything of a member but the opaque identifier, and that only where a person could not be erased.
package retention
