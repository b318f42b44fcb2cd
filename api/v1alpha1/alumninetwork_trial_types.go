// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Trial says whether a network is a rehearsal: with invented people, and with mail that stays in its store.
//
// +kubebuilder:validation:Enum=Enabled;Disabled
type Trial string

const (
	// TrialEnabled is a rehearsal: nobody in the network is real, and no mail leaves it.
	TrialEnabled Trial = "Enabled"
	// TrialDisabled is a network for real people.
	TrialDisabled Trial = "Disabled"
)

// What a trial gets where it declares nothing.
const (
	defaultTrialMembers = 200
	// trialSender is the sender's address of a trial without a channel. Nobody can have one under .example (RFC 2606).
	trialSender = "rehearsal@trial.example"
)

// IsTrial says whether the network is a rehearsal.
func (n *AlumniNetwork) IsTrial() bool { return n.Spec.Trial == TrialEnabled }

// TrialMembers is the number of people that are invented for the network; none where it is for real people.
func (n *AlumniNetwork) TrialMembers() int32 {
	if !n.IsTrial() {
		return 0
	}
	return orDefault(n.Spec.TrialMembers, defaultTrialMembers)
}

// captured takes out of a channel whatever leads to a mail server: a trial's workloads are not even told of one.
func (e *EmailChannel) captured() {
	e.Host, e.Port, e.TLS, e.CredentialsSecretRef, e.Bounces = "", 0, "", nil, nil
	e.PerDomain, e.WarmUp, e.DKIM = nil, nil, nil
}
