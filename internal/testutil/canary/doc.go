// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package canary plants invented personal data in tests and finds it again
// where it must never be.
//
// A test gives the planted person to the code under test as a member, a
// password or a token, and then scans every output for it: logs, events,
// conditions, metrics, Job arguments, termination messages, server logs. A
// finding names the place and the kind of data, never the data.
//
// The package imports the standard library and sigs.k8s.io/yaml. It must never
// hold data of a living person, and must never be imported by code that is not
// a test.
package canary
