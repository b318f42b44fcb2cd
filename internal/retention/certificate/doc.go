// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package certificate is the signed proof of one retention run: what was due by which rule, what was erased, what
// was not and why, what was checked afterwards, and how deep the erasure went.
//
// It is canonical JSON signed with Ed25519, so that it can be checked for many years with any tool. The package
// is pure; it imports internal/retention/audit, internal/retention/canonical and the standard library. A
// certificate must never hold anything of a person: it counts.
package certificate
