// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package restore builds a network's store from a backup, and lets nobody in before the erasure ledger has been replayed.
//
// It works as the owner role in a database that provisioning has made, claimed and marked for it, and that no other role may
// connect to yet. The mark says how far it has come, so that a run that is killed at any moment is gone on with by the next:
//
//   - Empty: what is in the database is thrown away, the backup is restored in one transaction, and every table is compared
//     with the manifest. Then the mark says Restored.
//   - Restored: the schema is brought up to date; members who were erased after the backup was made are erased again; what
//     must not go on where it was broken off is ended: sessions, links, and mails of which nobody knows whether they were
//     sent since. That and Done are one transaction.
//
// It may import internal/backup, internal/erasures, internal/retention, internal/community/pgstore and internal/postgres. It
// must never touch a database without such a mark, or one whose mark is Done.
package restore
