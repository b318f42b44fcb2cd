// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package backup writes a network's store to a place outside it, encrypted, and brings it back.
//
// A backup is two objects in the network's folder at the destination: NAME.dump.age, a pg_dump in custom format that is
// encrypted to age recipients, and NAME.json, the manifest: sizes and digests of both forms, and rows and checksum of
// every table, taken in the snapshot that was dumped. The manifest is written last. A dump without one is no backup, so a
// run that is killed at any moment leaves nothing that counts as one; what it leaves goes after a day.
//
// Everything is streamed: no byte of the store touches a disk in clear, and memory does not grow with the store.
// PostgreSQL's own programs do the dumping and restoring. They get the password in their environment, never as an
// argument, and what they print is read for a few known sayings and never logged, for it can quote rows.
//
// A drill restores the newest backup into a scratch database that the operator made, compares every table with the
// manifest, and empties the database again.
//
// TakeIn restores into the database of a new network. Who was erased since is not this package's business: internal/restore
// sees to it before anybody is let in.
//
// It may import internal/dbconn, internal/pgbin, internal/settings and pgx. It must never import Kubernetes packages,
// never write anything of the store anywhere but encrypted, and never remove the newest good backup.
package backup
