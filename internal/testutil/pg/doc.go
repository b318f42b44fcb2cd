// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pg gives tests a real PostgreSQL server that belongs to the test
// process alone.
//
// Start boots one server for all tests of the process and hands out databases
// of it; New boots one that a single test may stop, start and break. A server
// listens on a free loopback port, keeps its data in a folder of its own under
// the temporary folder, and asks for SCRAM passwords like a server in
// production. When the test process ends in any way, even by SIGKILL, a small
// keeper process (keeper.sh) stops the server and removes the folder.
//
// The package may import the standard library, pgx and
// internal/testutil/scratch. It must never be
// imported by code that is not a test, must never reach a server that it did
// not start, and must never skip a test because PostgreSQL is missing.
package pg
