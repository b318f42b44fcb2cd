// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Suspended says whether the object's work is stopped by its declaration.
func (s State) Suspended() bool { return s == StateSuspended }
