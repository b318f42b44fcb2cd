// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pgbin knows where images and distributions put PostgreSQL's programs.
//
// It imports the standard library only.
package pgbin
