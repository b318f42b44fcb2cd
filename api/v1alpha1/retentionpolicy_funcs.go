// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What a policy gets where it declares nothing.
const (
	defaultPrimaryWithinHours = 24
	defaultBatchMembers       = 500
	defaultPauseMilliseconds  = 100
)

// ReleaseHoldsAnnotation confirms a release from legal hold by name and day, NAME@YYYY-MM-DD. On a policy the name is that of a hold,
// with commas between several, and what the hold does not declare any more is released; on a network that is deleted with its store it
// is the network's, and everybody is.
const ReleaseHoldsAnnotation = "alumni-operator.io/confirm-release-holds"

// RetentionConditions lists the component conditions that Ready sums up, in the order in which they are reached.
func RetentionConditions() []string {
	return []string{RulesValidCondition, HoldsPlacedCondition, CatalogueCompleteCondition, PlannedCondition, ErasuresOnTimeCondition}
}

// GetConditions returns the conditions in status, for the helpers that work on every kind.
func (p *RetentionPolicy) GetConditions() []metav1.Condition { return p.Status.Conditions }

// SetConditions replaces the conditions in status.
func (p *RetentionPolicy) SetConditions(conditions []metav1.Condition) {
	p.Status.Conditions = conditions
}

// SetObservedGeneration records the generation that status speaks of.
func (p *RetentionPolicy) SetObservedGeneration(generation int64) {
	p.Status.ObservedGeneration = generation
}

// EffectiveMode is the declared mode; a policy that declares none only counts.
func (p *RetentionPolicy) EffectiveMode() RetentionMode {
	return orDefault(p.Spec.Mode, RetentionDryRun)
}

// Zone is the effective zone in which days begin and end.
func (p *RetentionPolicy) Zone() TimeZone { return orDefault(p.Spec.TimeZone, "UTC") }

// ErasurePromise is how long a person who asked may wait to be erased from the store.
func (p *RetentionPolicy) ErasurePromise() time.Duration {
	hours := int32(defaultPrimaryWithinHours)
	if p.Spec.ErasureRequests != nil {
		hours = orDefault(p.Spec.ErasureRequests.PrimaryWithinHours, hours)
	}
	return time.Duration(hours) * time.Hour
}

// EffectiveExecution is the execution section with every default filled in.
func (p *RetentionPolicy) EffectiveExecution() RetentionExecution {
	var e RetentionExecution
	if p.Spec.Execution != nil {
		e = *p.Spec.Execution
	}
	e.BatchMembers = orDefault(e.BatchMembers, defaultBatchMembers)
	if e.PauseMilliseconds == nil {
		pause := int32(defaultPauseMilliseconds)
		e.PauseMilliseconds = &pause
	}
	return e
}

// SigningSecretName is the Secret that holds the policy's signing key when the spec names one.
func (p *RetentionPolicy) SigningSecretName() string {
	if p.Spec.Evidence == nil || p.Spec.Evidence.SigningKeySecretRef == nil {
		return ""
	}
	return p.Spec.Evidence.SigningKeySecretRef.Name
}
