// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pod has the parts that every pod of a network shares: the restricted security settings, and the folders
// that internal/settings names.
//
// It is pure: no client, no clock, no logger. It must never mount a Secret that its caller did not name.
package pod
