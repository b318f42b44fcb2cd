// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package holdlist reads the list of members whom a legal hold keeps.
//
// It may import the standard library and uuid. Its errors name the line and never what stands in it.
package holdlist
