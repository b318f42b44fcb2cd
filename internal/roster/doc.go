// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package roster imports the HR feed of leavers into a network's store.
//
// A Reader turns a CSV file into rows, or into the line, field and reason of a row that cannot be taken: in
// constant memory, whatever the file holds. Open gives the file from a volume or an HTTPS server, and reaches no
// address that a roster can never have. Import stages the rows in a temporary table and takes them over in one
// transaction: all of the file's good rows, or nothing.
//
// What a re-import may change is bound by three rules. Erased people are not brought back (tombstones). People
// who withdrew are left alone until they are erased. What a member wrote or decided wins over the roster: an
// address of his own, a field he edited, a consent he withdrew. People who are missing from a file stay as they
// are: a roster adds and corrects, retention erases.
//
// The package may import internal/settings, internal/dbconn's pools, internal/tombstone, the rules of internal/community and
// pgx. It must never put
// a cell of the file into an error, a log line or the quarantine, and never hold more of the file than one record.
package roster
