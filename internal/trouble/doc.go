// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package trouble puts into words why pods do not start or keep failing.
//
// It is pure. Its sentences name container, image and cause, never a pod or a time, so that they stay the same while
// the trouble does; and nothing that a container itself wrote, for that may hold anything.
package trouble
