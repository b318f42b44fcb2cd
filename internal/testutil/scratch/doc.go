// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package scratch finds a folder for the data of servers that live as long as a test: in memory where there is room. Tests make
// and drop hundreds of databases of nine hundred files each, and a file system on a disk spends a third of their time on that.
//
// It imports the standard library only. It must never be used for what a test looks for afterwards.
package scratch
