// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// State says whether the operator works on an object or leaves it as it is.
//
// +kubebuilder:validation:Enum=Active;Suspended
type State string

const (
	// StateActive is the default: the operator converges the object.
	StateActive State = "Active"
	// StateSuspended stops all work of the object; nothing is deleted.
	StateSuspended State = "Suspended"
)

// Locale is a language the platform speaks.
//
// +kubebuilder:validation:Enum=ja;en
type Locale string

const (
	// LocaleJapanese is Japanese.
	LocaleJapanese Locale = "ja"
	// LocaleEnglish is English.
	LocaleEnglish Locale = "en"
)

// SecretReference names a Secret of the object's own namespace.
type SecretReference struct {
	// name of the Secret, in the same namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// ConfigMapKeyReference names one key of a ConfigMap of the object's own namespace.
type ConfigMapKeyReference struct {
	// name of the ConfigMap, in the same namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// key of the ConfigMap's data.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key"`
}

// CronSchedule is a repeating time of day in a named zone.
type CronSchedule struct {
	// cron is five fields: minute, hour, day of month, month, day of week. A zone is given in timeZone,
	// never inside this string.
	// +required
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="!self.contains('TZ=')",message="write the zone in timeZone, not inside cron"
	// +kubebuilder:validation:XValidation:rule="self.trim().split(' ').filter(f, f != '').size() == 5",message="cron needs five fields: minute, hour, day of month, month, day of week, for example '0 9 1 * *'"
	Cron string `json:"cron"`

	// timeZone is the IANA name of the zone in which cron is read, for example Asia/Tokyo. Defaults to the
	// network's zone.
	// +optional
	TimeZone *TimeZone `json:"timeZone,omitempty"`
}

// TimeZone is an IANA time zone name such as Asia/Tokyo or UTC.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$') && self != 'Local'",message="timeZone is an IANA name such as Asia/Tokyo, Europe/Berlin or UTC"
type TimeZone string

// ClockTime is a time of the day from 00:00 to 23:59.
//
// +kubebuilder:validation:MinLength=5
// +kubebuilder:validation:MaxLength=5
// +kubebuilder:validation:XValidation:rule="self.matches('^([01][0-9]|2[0-3]):[0-5][0-9]$')",message="a time of the day is written as 09:00 or 21:30"
type ClockTime string

// Period is an ISO 8601 calendar period of years, months, weeks and days, such as P3Y or P30D.
//
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=24
// +kubebuilder:validation:XValidation:rule="self.matches('^P([0-9]{1,3}Y)?([0-9]{1,4}M)?([0-9]{1,4}W)?([0-9]{1,5}D)?$') && self != 'P'",message="a period is ISO 8601 with years, months, weeks or days, for example P3Y, P18M or P30D"
type Period string
