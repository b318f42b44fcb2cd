// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package verify checks the proof of an erasure from files, and tells what it proves in words for who does not read JSON.
//
// It imports internal/retention/evidence. It reads files, and must never need a cluster or a store: whoever checks a proof has
// neither.
package verify
