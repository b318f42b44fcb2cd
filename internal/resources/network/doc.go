// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package network builds what all workloads of a network read: its settings and the address of its store.
//
// It is pure: no client, no clock, no logger. It must never put a secret into a ConfigMap.
package network
