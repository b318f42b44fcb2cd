// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package upgrade replaces the operator of a real API server by newer versions of itself and watches how they reach its
// networks: in stages, and no further after a failure. Stores are on a real PostgreSQL; pods become ready when the tests say.
//
// It must never be imported by anything.
package upgrade
