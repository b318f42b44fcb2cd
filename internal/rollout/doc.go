// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rollout decides which networks an upgrade of the operator reaches, and when: one first, then a share, then all, and
// no further one after the first failure.
//
// It is pure: what every network's status says goes in, and who may move comes out. It may import apimachinery's names. It
// must never keep what it decided before, so that a restart in the middle of a rollout changes nothing.
package rollout
