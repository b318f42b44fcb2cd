// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plan decides what is due. It is a pure function of a policy, an instant and the facts of a member: the
// same input gives the same plan, in whatever order the rules were written, and the same fingerprint.
//
// A policy is compiled to cut-off dates once; the database then only compares. The package imports
// internal/settings, internal/retention/calendar, internal/retention/canonical and the standard library. It must
// never read a clock, a database or a file.
package plan
