// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// StoreCredentials says how long the logins of a network's workloads are used.
type StoreCredentials struct {
	// rotateAfter is the calendar period after which the logins are renewed, for example P90D. Without it they are renewed when
	// the annotation alumni-operator.io/rotate-credentials gets a new value, and never by age. The former login stays valid until
	// no pod uses it any more, an hour at most. From one day to ten years.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self.matches('^P[1-9][0-9]{0,3}[DWMY]$') && int(self.substring(1, self.size() - 1)) * (self.endsWith('D') ? 1 : self.endsWith('W') ? 7 : self.endsWith('M') ? 30 : 365) <= 3650",message="rotateAfter is one number of days, weeks, months or years, from P1D to ten years, for example P90D"
	RotateAfter *Period `json:"rotateAfter,omitempty"`
}

// RotationState says how far the renewal of logins is.
//
// +kubebuilder:validation:Enum=Settled;HandingOver;Waiting
type RotationState string

const (
	// RotationSettled: every workload uses the present logins, and the former are closed.
	RotationSettled RotationState = "Settled"
	// RotationHandingOver: the logins were renewed, and the former are valid until no pod uses them any more.
	RotationHandingOver RotationState = "HandingOver"
	// RotationWaiting: the next renewal is due and waits until it can be done without a failed request.
	RotationWaiting RotationState = "Waiting"
)

// CredentialsStatus is what is known of the logins of a network's workloads; never what they are.
type CredentialsStatus struct {
	// rotatedAt is when the logins were last renewed; absent while they are the first.
	// +optional
	RotatedAt *metav1.Time `json:"rotatedAt,omitempty"`
	// state is Settled, HandingOver while the former logins are still valid, or Waiting while the next renewal waits.
	// +optional
	State RotationState `json:"state,omitempty"`
}
