// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package patch writes an object's status: once for each loop, only when something changed in meaning, and
// only over the version that was read.
//
// It may import controller-runtime's client. It must never write a spec.
package patch
