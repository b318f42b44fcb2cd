// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package campaign writes the texts of a Campaign as workers and the text compiler read them.
//
// It is pure: no client, no clock, no logger.
package campaign
