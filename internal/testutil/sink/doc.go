// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package sink builds and runs the measuring programs that lie beside the repository: smtp-sink, a mail server that counts
// and a fake of LINE, Slack, Teams and webhook receivers, and smtp-blast, a client that only sends.
//
// They are looked for in the folder that ALUMNI_BENCH_DIR names, else in ../shared/bench beside the repository. A
// checkout without them skips the tests that need them; a folder that is named and lacks them fails.
//
// It may import the standard library. It must never be imported by code that is not a test, must never listen beyond
// loopback, and must never copy the programs' sources into the repository.
package sink
