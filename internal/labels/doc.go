// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package labels gives every child object its labels and tells whose a child is.
//
// It imports nothing of Kubernetes but names. It must never put personal data in a label.
package labels
