// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command pgboot runs the PostgreSQL server of a Standalone store, as any user, in any image that holds
// PostgreSQL's own programs (15 or newer). It relies on nothing else of the image: no shell, no entry point.
//
//	pgboot copy DEST                        copies itself, from an init container into a shared volume
//	pgboot run --data DIR --admin-dir DIR   makes the cluster when there is none, and runs the server
//	pgboot ready                            exits 0 when the server takes connections
//
// A cluster is made in a folder beside DIR that is renamed when it is complete, so that a crash at any moment
// leaves either nothing or a whole cluster. The superuser's password comes from a file and is never on a command
// line. The server logs no statements, no parameters, and no errors of clients: these may hold personal data.
//
// The server is a child and not the process itself: the kubelet sends SIGTERM, by which PostgreSQL waits until
// the last client is gone, and portals keep their connections. pgboot turns it into SIGINT, the fast shutdown:
// open transactions are rolled back, and the files are left clean. It passes SIGINT, SIGQUIT and SIGHUP on,
// collects orphans as the first process of a container must, and ends with the server's exit code.
//
// It imports the standard library only, and must never print a password.
package main
