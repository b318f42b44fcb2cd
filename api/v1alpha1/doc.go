// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 is the API of the Alumni Operator: AlumniNetwork, Campaign and RetentionPolicy.
//
// It holds types, condition and reason names, and small pure getters of effective values. It may import
// apimachinery and core/v1 only. It must never read a clock, a file or the network, and no field or status
// of it ever carries personal data: people appear as counts.
//
// +kubebuilder:object:generate=true
// +kubebuilder:ac:generate=true
// +groupName=alumni-operator.io
package v1alpha1
