// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tombstone makes the keyed fingerprints by which an erased person is recognised without being known.
//
// The roster import asks for them before it brings a person in, and retention leaves them behind when it takes
// a person out. A fingerprint says nothing to whoever lacks the network's pepper, and the pepper is never in
// the store or its backups.
//
// The package imports the standard library only. It must never store, log or return a value that it was given.
package tombstone
