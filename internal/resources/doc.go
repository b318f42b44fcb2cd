// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package resources holds nothing itself: its subpackages build the children of our kinds, one package for each part. All of them
// are pure, and the golden files in testdata show what they make of whole networks.
package resources
