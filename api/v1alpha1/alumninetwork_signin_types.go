// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// SignIn says who signs in on the portal besides members.
type SignIn struct {
	// staffSecretRef is the list of those of the office who may enter the portal's pages under /console. Each line of the key's value
	// is a mail address, a space, and one or more of the roles ProgrammeOwner, CommunityManager and PrivacyOfficer, with commas between;
	// what follows # is a comment. At most 200 people. A change takes effect within two minutes and restarts nothing. Without it there
	// is no /console.
	// +optional
	StaffSecretRef *StaffSecretReference `json:"staffSecretRef,omitempty"`
}

// StaffSecretReference names one key of a Secret of the network's own namespace.
type StaffSecretReference struct {
	// name of the Secret, in the same namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// key of the Secret's data. Defaults to staff.
	// +optional
	// +kubebuilder:default=staff
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="key has letters, digits, hyphens, dots and underscores, as the key of a Secret does"
	Key string `json:"key,omitempty"`
}
