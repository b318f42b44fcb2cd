// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package calls counts what the operator asks of the API server and of PostgreSQL when a network on an External server is
// created, edited, looked at and deleted, and compares the counts with the table in docs/calls.md.
//
// Its tests run the reconciler one look at a time, so that the counts are the same on every machine. It must never be
// imported by anything.
package calls
