// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// CampaignEvent is what an EventInvitation invites to. Its mails carry it as a calendar file (RFC 5545), which a calendar that took it
// before replaces when the campaign has changed.
//
// +kubebuilder:validation:XValidation:rule="self.endsAt > self.startsAt",message="endsAt is after startsAt"
type CampaignEvent struct {
	// startsAt is when it begins, RFC 3339.
	// +required
	StartsAt metav1.Time `json:"startsAt"`

	// endsAt is when it ends, RFC 3339.
	// +required
	EndsAt metav1.Time `json:"endsAt"`

	// url is a page about it.
	// +optional
	// +kubebuilder:validation:MaxLength=500
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() == 'https'",message="url begins with https://"
	URL string `json:"url,omitempty"`

	// locales say what it is, in each language. Where the language of a mail is missing, the first is taken.
	// +required
	// +listType=map
	// +listMapKey=locale
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	Locales []EventText `json:"locales"`
}

// EventText is what an event is called, and where it is.
type EventText struct {
	// locale of this text.
	// +required
	Locale Locale `json:"locale"`

	// title is one line, the same for everybody.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\r\\n]')",message="title is a single line"
	Title string `json:"title"`

	// location is one line, an address or a room.
	// +optional
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\r\\n]')",message="location is a single line"
	Location string `json:"location,omitempty"`
}
