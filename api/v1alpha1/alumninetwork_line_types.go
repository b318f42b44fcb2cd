// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// LINEChannel is a LINE official account with the Messaging API.
type LINEChannel struct {
	// secretRef names the Secret with the keys channelAccessToken, which sends messages, and channelSecret, by which the portal knows
	// that an event comes from LINE.
	// +required
	SecretRef SecretReference `json:"secretRef"`

	// accountID is the account's basic or premium ID, as members find it in LINE, for example @123abcde.
	// +required
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^@[a-z0-9._-]+$')",message="accountID begins with @ and has lower case letters, digits, dots, hyphens and underscores, as LINE Official Account Manager shows it"
	AccountID string `json:"accountID"`
}

// LINE is the network's LINE account; nil without one.
func (n *AlumniNetwork) LINE() *LINEChannel {
	if n.Spec.Channels == nil {
		return nil
	}
	return n.Spec.Channels.LINE
}
