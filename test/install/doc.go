// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package install tests what config/ ships: that it renders, that a real API server takes it, that it grants no more than it
// says, and that the samples are valid. It holds tests only; those that need kubectl have the build tag install.
package install
