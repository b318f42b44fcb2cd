// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package phases runs the steps of a reconcile in a listed order and shows each step's error in its condition.
//
// It may import conditions and outcome. It must never know what a step does.
package phases
