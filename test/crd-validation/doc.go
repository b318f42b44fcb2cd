// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package crdvalidation shows each rule of the three kinds to a real API server: an object that the rule lets
// through and one that it refuses, with the field and a sentence that a person understands.
package crdvalidation
