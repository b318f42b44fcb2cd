// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Conditions that every kind carries.
const (
	// ReadyCondition sums up the component conditions of a kind. True when all of them are settled.
	ReadyCondition = "Ready"
	// ReconcilingCondition is there, and True, only while the operator works towards the declared state.
	ReconcilingCondition = "Reconciling"
	// StalledCondition is there, and True, only when the operator has stopped trying: a person must act.
	StalledCondition = "Stalled"
)

// Reasons that every condition can carry.
const (
	// ReasonReady: every component is as declared (Ready).
	ReasonReady = "Ready"
	// ReasonProgressing: the declared state is being worked on for the first time (Reconciling).
	ReasonProgressing = "Progressing"
	// ReasonProgressingWithRetry: the last try failed and another follows (Reconciling).
	ReasonProgressingWithRetry = "ProgressingWithRetry"
	// ReasonSuspended: spec.state is Suspended; nothing is done and nothing is deleted.
	ReasonSuspended = "Suspended"
	// ReasonNotReachedYet: an earlier step must be done first (status Unknown).
	ReasonNotReachedYet = "NotReachedYet"
	// ReasonFailed: an error that has no reason of its own. The message says what was tried.
	ReasonFailed = "Failed"
	// ReasonNotOwned: an object of the name that the operator needs exists and belongs to somebody else.
	ReasonNotOwned = "NotOwned"
	// ReasonInvalidSpec: a field holds a value that the schema could not refuse; the message names the field.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonSecretsForbidden: the operator may not read Secrets in this namespace yet.
	ReasonSecretsForbidden = "SecretsForbidden"
	// ReasonSecretNotFound: a Secret that the spec names does not exist.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonSecretInvalid: a Secret lacks a key or holds a value that cannot be used.
	ReasonSecretInvalid = "SecretInvalid"
	// ReasonConfigMapNotFound: a ConfigMap that the spec names does not exist.
	ReasonConfigMapNotFound = "ConfigMapNotFound"
	// ReasonConfigMapInvalid: a ConfigMap lacks a key or holds a value that cannot be used.
	ReasonConfigMapInvalid = "ConfigMapInvalid"
	// ReasonNetworkNotFound: the network that networkRef names does not exist.
	ReasonNetworkNotFound = "NetworkNotFound"
	// ReasonNetworkNotReady: the network exists and its store cannot be used yet.
	ReasonNetworkNotReady = "NetworkNotReady"
	// ReasonPodTrouble: a pod cannot start or keeps failing; the message says why in words.
	ReasonPodTrouble = "PodTrouble"
)
