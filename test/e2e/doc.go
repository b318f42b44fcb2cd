// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e tells stories on a real cluster: the operator as it is installed, real pods, a real PostgreSQL, a
// mail server, and processes that are killed.
//
// One cluster is made for the package and removed after it. E2E_KEEP=1 leaves it to be looked at, and the next
// run finds it.
package e2e
