// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package middleware is what every request to the portal passes through, one concern in each file.
//
// It imports the standard library, x/time/rate and the Prometheus client. It must never know a page, a member or
// the store, and never log or count a path, query, address or token: routes are named by their pattern.
package middleware
