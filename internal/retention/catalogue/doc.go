// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package catalogue knows every table that holds something of a member, and checks that knowledge against the
// database itself before anything is erased.
//
// A list of tables goes stale with the first migration that nobody thought of here. So the list is compared with
// PostgreSQL's own catalogue: every foreign key that reaches the member, at any depth, every column named after
// the member, the rule on deletion of each key, and an index to find its rows by; and of followers, which have no key yet, the
// trigger that stands for it. The schema itself says of each column what it holds, in its comment, so that a worker knows the
// columns of a version after its own. Whatever is not known or not classified stops erasing, by name.
//
// The package imports pgx and the standard library. It must never change anything.
package catalogue
