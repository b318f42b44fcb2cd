// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package evidence checks what a network leaves as proof of an erasure, for somebody who trusts neither the network nor its store:
// the certificate, the audit chain as it was exported, and the entries of the erasure ledger.
//
// It is a pure function of these files and needs no store and no cluster. It imports internal/retention/audit and
// internal/retention/certificate. It must never take anything for true that the files do not prove, and never guess at a file that
// is not in the form in which it is written.
package evidence
