// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controllers wires the reconcilers of all kinds into a manager, for cmd/manager and for the test suites alike.
//
// Each kind has a package of its own below this one. None of them may import another, the portal, or a worker; none is meant
// to be imported by another module, and their API may change at any time.
package controllers
