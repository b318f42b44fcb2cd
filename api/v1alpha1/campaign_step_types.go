// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// CampaignStep is a message that follows another, to the same members. Whoever is written to for the first message is enrolled, once;
// consent, suppression and caps are looked at anew for every step.
type CampaignStep struct {
	// name of the step, for people; it shows in test mails and in status.
	// +required
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`

	// after the message before: P1D to P999D, or P1W to P99W. What changes here holds for those for whom the step before is still to come.
	// +required
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:XValidation:rule="self.matches('^P([1-9][0-9]{0,2}D|[1-9][0-9]?W)$')",message="after is a number of days or weeks, for example P7D or P2W"
	After string `json:"after"`

	// exitWhen lets members go before this step: whoever matches any of the expressions gets neither it nor what follows. Whoever left the
	// network, took back the consent, declined the occasion or cannot be reached any more leaves without it.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	ExitWhen []AudienceExpression `json:"exitWhen,omitempty"`

	// content is the text for each language.
	// +required
	Content StepContent `json:"content"`
}

// StepContent is the text of a step.
//
// +kubebuilder:validation:XValidation:rule="self.locales.all(l, has(l.body) != has(l.bodyFrom))",message="each locale sets exactly one of body and bodyFrom"
type StepContent struct {
	// locales holds one text per language, as in content of the campaign.
	// +required
	// +listType=map
	// +listMapKey=locale
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	Locales []StepText `json:"locales"`
}

// StepText is the text of a step in one language.
type StepText struct {
	// locale of this text.
	// +required
	Locale Locale `json:"locale"`

	// subject is one line; a template like body.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\r\\n]')",message="subject is a single line"
	Subject string `json:"subject"`

	// body is Markdown with template fields, as in content of the campaign.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	Body string `json:"body,omitempty"`

	// bodyFrom reads the body from a ConfigMap of the same namespace.
	// +optional
	BodyFrom *ConfigMapKeyReference `json:"bodyFrom,omitempty"`
}

// Localised is the text as that of a campaign.
func (t StepText) Localised() LocalisedContent {
	return LocalisedContent{Locale: t.Locale, Subject: t.Subject, Body: t.Body, BodyFrom: t.BodyFrom}
}

// StepStatus counts the members who are before a step.
type StepStatus struct {
	// name of the step.
	Name string `json:"name"`
	// waiting members get it when its time has come.
	Waiting int64 `json:"waiting"`
}

// StepsStatus counts whom the steps of a campaign follow.
type StepsStatus struct {
	// steps, with those who are before each.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=10
	Steps []StepStatus `json:"steps,omitempty"`
	// completed counts members who are past the last step.
	Completed int64 `json:"completed"`
	// exited counts members who matched exitWhen of a step.
	Exited int64 `json:"exited"`
	// refused counts members to whom nothing may be sent any more, or who cannot be reached.
	Refused int64 `json:"refused"`
}
