// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package conditions is the algebra of status conditions: setting one, summing up Ready from the components,
// and telling a transition from a repetition. Its results conform to kstatus.
//
// It may import apimachinery and our API and outcome packages. It must never read a clock other than the one
// meta.SetStatusCondition uses, never write to the cluster, and never put personal data in a message.
package conditions
