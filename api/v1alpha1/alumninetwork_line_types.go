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

	// maxPerSecond bounds the messages of all runs of the network together. LINE takes 2000 requests per second of an account.
	// +optional
	// +kubebuilder:default=1000
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1500
	MaxPerSecond int32 `json:"maxPerSecond,omitempty"`

	// onQuota decides about a run that needs more messages than the account may still send this month. Defaults to Refuse: nobody
	// is written to by LINE. Trim writes to as many as there are messages left.
	// +optional
	OnQuota QuotaRule `json:"onQuota,omitempty"`
}

// QuotaRule says what becomes of a run that needs more messages than are left.
//
// +kubebuilder:validation:Enum=Refuse;Trim
type QuotaRule string

// The quota rules.
const (
	QuotaRefuse QuotaRule = "Refuse"
	QuotaTrim   QuotaRule = "Trim"
)

// LINE is the network's LINE account; nil without one.
func (n *AlumniNetwork) LINE() *LINEChannel {
	if n.Spec.Channels == nil {
		return nil
	}
	return n.Spec.Channels.LINE
}
