// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// QuietHours are the times of a week at which members are left in peace.
//
// +kubebuilder:validation:XValidation:rule="!has(self.days) || self.days.size() < 7",message="leave at least one day of the week out of days, or nobody is ever written to"
type QuietHours struct {
	// from is when they begin on every day.
	// +required
	From ClockTime `json:"from"`

	// until is when they end; before from, it is on the next day. The same as from: no hours of the day are quiet.
	// +required
	Until ClockTime `json:"until"`

	// days are quiet as a whole.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=7
	Days []Weekday `json:"days,omitempty"`

	// holidaysFrom names the ConfigMap key that lists holidays, which are quiet as a whole: one date in each line, as 2027-01-01, with a
	// comment after #. A change of it is picked up. While it cannot be read, no run of a campaign starts.
	// +optional
	HolidaysFrom *ConfigMapKeyReference `json:"holidaysFrom,omitempty"`
}

// Weekday is a day of the week.
//
// +kubebuilder:validation:Enum=Sunday;Monday;Tuesday;Wednesday;Thursday;Friday;Saturday
type Weekday string

// FrequencyCap bounds what one member gets of all campaigns together. Days are those of the network's zone. Whatever a run has
// planned and may still send counts as sent.
//
// +kubebuilder:validation:XValidation:rule="self.perDay <= self.perSevenDays",message="perDay is at most perSevenDays"
type FrequencyCap struct {
	// perDay is the most messages in a day.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	PerDay int32 `json:"perDay"`

	// perSevenDays is the most messages in a day and the six days before.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	PerSevenDays int32 `json:"perSevenDays"`
}
