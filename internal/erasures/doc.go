// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package erasures keeps a network's erasure ledger: who was erased, outside of the store, so that a backup that is older
// than an erasure does not bring anybody back.
//
// The ledger is a folder beside the network's backups. An erasure first writes an intent there, NAME.intent.json, with the
// keyed hashes of the people whom its transaction is about to delete, and afterwards what became of it: NAME.done.json or
// NAME.dropped.json. Nothing is ever written over or removed. An intent of which nobody knows the outcome counts as done: it
// was written under the locks of the very transaction that had found these people due.
//
// It may import internal/backup for its destinations, and internal/tombstone. It must never be given or write anything of a
// person but keyed hashes.
package erasures
