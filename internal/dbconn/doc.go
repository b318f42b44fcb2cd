// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package dbconn connects to a network's database, as a workload from the folder that the operator mounts, or as
// the operator from a Login in memory.
//
// Every session it opens has the same safe frame: a bound on the time to connect, no search path but
// PostgreSQL's own (SQL names its schema), the zone UTC, and TLS exactly as asked for, never less. Errors are
// classed (unreachable, authentication, TLS, …) so that callers can say what is wrong.
//
// It may import the standard library, golang.org/x/sync and pgx. It must never read the environment for connection
// settings, and never put a password into an error, a log line or a printed value.
package dbconn
