// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plugin is `kubectl alumni`: what is tedious to do by kubectl alone, with the rights of whoever calls it.
//
// Each noun has a package below it, which does the work and knows nothing of command lines. The package imports those, cobra and
// client-go. It must never reach a store, and reads no Secret. What checks a proof reaches no cluster either.
package plugin
