// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package journey walks through the portal as a member does, with nothing but HTTP and the mails that arrive. The
// demo and the end-to-end tests share it.
//
// It must never look into the store.
package journey
