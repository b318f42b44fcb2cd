// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package audit is the chain of evidence that retention leaves: each record holds the hash of the one before, so
// that none can be changed, removed or put in between unseen.
//
// The hash of record n is SHA-256(hash of record n-1, canonical JSON of record n); before the first record stand
// 32 zero bytes. A cut-off end is seen by whoever knows the head, which is why every certificate and the status
// of the policy name it.
//
// The package is pure. It imports internal/retention/canonical and the standard library. A record must never
// hold anything but counts, codes, names of rules and runs, and keyed hashes.
package audit
