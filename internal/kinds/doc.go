// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kinds tells whether the cluster serves a kind that not every cluster has, such as those of the Gateway API.
//
// It may import client-go's discovery. It must never watch or read objects of such a kind, and never keep an answer for so
// long that a person who has just installed the kind wonders.
package kinds
