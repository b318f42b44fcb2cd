// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package app is the manager's options and its start: apart from main, so that tests can run it.
//
// It may import controllers, internal/dbconn and controller-runtime. It must never hold a rule about any kind.
package app
