// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pepper holds a network's pepper against its store: the tombstones there say nothing under another one.
//
// It may import internal/tombstone and pgx. It must never write the pepper or print its fingerprint.
package pepper
