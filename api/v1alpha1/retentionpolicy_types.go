// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RetentionPolicy says how long networks keep personal data, erases what is due, and leaves proof.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=rp,categories=alumni,path=retentionpolicies
// +kubebuilder:printcolumn:name="Mode",type=string,JSONPath=`.spec.mode`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Networks",type=integer,JSONPath=`.status.selectedNetworks`
// +kubebuilder:printcolumn:name="Due",type=integer,JSONPath=`.status.due`
// +kubebuilder:printcolumn:name="Erased",type=integer,JSONPath=`.status.erased`
// +kubebuilder:printcolumn:name="Next",type=string,JSONPath=`.status.nextRunAt`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40",message="metadata.name of a RetentionPolicy has at most 40 characters, so that the names of its runs fit"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name of a RetentionPolicy begins with a letter and has lower case letters, digits and hyphens only, so that its children can be named after it"
type RetentionPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the declared policy.
	// +required
	Spec RetentionPolicySpec `json:"spec"`

	// status is what it has planned and erased.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status RetentionPolicyStatus `json:"status,omitempty"`
}

// RetentionPolicySpec declares a policy.
type RetentionPolicySpec struct {
	// networkSelector chooses networks of the same namespace by label. An empty selector chooses all; for a
	// category that a policy with labels also has a rule for, that policy wins.
	// +required
	NetworkSelector metav1.LabelSelector `json:"networkSelector"`

	// timeZone is the zone in which days begin and end. Defaults to UTC.
	// +optional
	// +kubebuilder:default=UTC
	TimeZone TimeZone `json:"timeZone,omitempty"`

	// mode DryRun, the default, counts what would be erased by the rules; Enforce erases it. What people ask for
	// themselves, withdrawal and erasure, is done in both modes.
	// +optional
	// +kubebuilder:default=DryRun
	Mode RetentionMode `json:"mode,omitempty"`

	// state Suspended starts no run of any kind. Defaults to Active.
	// +optional
	// +kubebuilder:default=Active
	State State `json:"state,omitempty"`

	// schedule of the runs.
	// +required
	Schedule RetentionSchedule `json:"schedule"`

	// rules say what is erased when. Of two rules for one record, the earlier wins.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Rules []RetentionRule `json:"rules,omitempty"`

	// minimums say how long something is kept at least, whatever the rules say. They hold for every policy over the same
	// networks, also while this one is suspended, and while it only previews.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Minimums []RetentionMinimum `json:"minimums,omitempty"`

	// ceiling ends everybody's keeping, whatever the rules and the wishes of the business say; only the law keeps longer.
	// +optional
	Ceiling *RetentionCeiling `json:"ceiling,omitempty"`

	// holds keep people for a claim, an audit or an investigation, whatever else says that they must go. They hold for every policy over
	// the same networks, also while this one is suspended, and while it only previews. What is taken out here, or out of a hold's
	// Secret, goes on: a release is confirmed by the annotation alumni-operator.io/confirm-release-holds with the value
	// NAME@YYYY-MM-DD, of which there may be several with commas between.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Holds []RetentionHold `json:"holds,omitempty"`

	// erasureRequests are the promises made to people who leave or ask to be erased.
	// +optional
	ErasureRequests *ErasureRequests `json:"erasureRequests,omitempty"`

	// execution tunes the size and pace of the erasing transactions.
	// +optional
	Execution *RetentionExecution `json:"execution,omitempty"`

	// evidence is the proof that is kept.
	// +optional
	Evidence *RetentionEvidence `json:"evidence,omitempty"`
}

// RetentionMode is preview or action.
//
// +kubebuilder:validation:Enum=DryRun;Enforce
type RetentionMode string

const (
	// RetentionDryRun counts and erases nothing.
	RetentionDryRun RetentionMode = "DryRun"
	// RetentionEnforce erases what is due.
	RetentionEnforce RetentionMode = "Enforce"
)

// RetentionSchedule is a repeating time in the policy's zone.
type RetentionSchedule struct {
	// cron is five fields, read in the policy's timeZone.
	// +required
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="!self.contains('TZ=')",message="write the zone in spec.timeZone, not inside cron"
	// +kubebuilder:validation:XValidation:rule="self.trim().split(' ').filter(f, f != '').size() == 5",message="cron needs five fields: minute, hour, day of month, month, day of week, for example '0 1 * * *'"
	Cron string `json:"cron"`
}

// RetentionCategory is a kind of personal data.
//
// +kubebuilder:validation:Enum=Profile;DeliveryLogs
type RetentionCategory string

const (
	// CategoryProfile is the member with everything that hangs on them: the whole person.
	CategoryProfile RetentionCategory = "Profile"
	// CategoryDeliveryLogs is the ledger of messages sent to members.
	CategoryDeliveryLogs RetentionCategory = "DeliveryLogs"
)

// RetentionAnchor is the event from which a period is counted.
//
// +kubebuilder:validation:Enum=Departed;LastActivity;MembershipWithdrawn;ConsentEnded;Created;Sent
type RetentionAnchor string

// The events from which a period is counted.
const (
	SinceDeparted            RetentionAnchor = "Departed"
	SinceLastActivity        RetentionAnchor = "LastActivity"
	SinceMembershipWithdrawn RetentionAnchor = "MembershipWithdrawn"
	SinceConsentEnded        RetentionAnchor = "ConsentEnded"
	SinceCreated             RetentionAnchor = "Created"
	SinceSent                RetentionAnchor = "Sent"
)

// RetentionAction is what is done to data that is due.
//
// +kubebuilder:validation:Enum=Delete
type RetentionAction string

// ActionDelete removes the rows.
const ActionDelete RetentionAction = "Delete"

// RetentionRule says when one category is due.
//
// +kubebuilder:validation:XValidation:rule="(self.category == 'DeliveryLogs') == (self.trigger.since == 'Sent')",message="DeliveryLogs are counted from Sent; Profile from Departed, LastActivity, MembershipWithdrawn, ConsentEnded or Created"
type RetentionRule struct {
	// name of the rule, used in counts and certificates.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",message="name has lower case letters, digits and hyphens"
	Name string `json:"name"`

	// category of data.
	// +required
	Category RetentionCategory `json:"category"`

	// trigger is the event from which the period is counted.
	// +required
	Trigger RetentionTrigger `json:"trigger"`

	// after is the calendar period. The first counted day is the day after the event; data may be deleted from
	// 00:00 of the day after the last (Civil Code of Japan, articles 140, 141 and 143).
	// +required
	After Period `json:"after"`

	// action on data that is due. Delete is the only one, and the default.
	// +optional
	// +kubebuilder:default=Delete
	Action RetentionAction `json:"action,omitempty"`

	// legalBasis is a note for the certificate: the law or decision behind the rule.
	// +optional
	// +kubebuilder:validation:MaxLength=200
	LegalBasis string `json:"legalBasis,omitempty"`
}

// RetentionTrigger is the event from which a period is counted.
//
// +kubebuilder:validation:XValidation:rule="!has(self.ifMissing) || self.ifMissing != 'UseCreated' || self.since in ['Departed', 'LastActivity']",message="ifMissing UseCreated is for Departed and LastActivity; without their event, the others have not happened"
type RetentionTrigger struct {
	// since names the event. Departed and Created do not count people who are active members: for these, LastActivity does. Created
	// is when the roster listed somebody first, and counts who never joined. None of the two counts who works for the company again or
	// still. ConsentEnded is when somebody withdrew their consent to take part (purpose Network), and did not give it again.
	// +required
	Since RetentionAnchor `json:"since"`

	// ifMissing says what becomes of people whom the rule concerns and whose event is not known. Never, the default: they are not due
	// by this rule. UseCreated: it counts from when the roster listed them first.
	// +optional
	// +kubebuilder:default=Never
	IfMissing RetentionIfMissing `json:"ifMissing,omitempty"`
}

// RetentionIfMissing says what becomes of people whose event is not known.
//
// +kubebuilder:validation:Enum=Never;UseCreated
type RetentionIfMissing string

const (
	// IfMissingNever is never due.
	IfMissingNever RetentionIfMissing = "Never"
	// IfMissingUseCreated counts from when the roster listed them first.
	IfMissingUseCreated RetentionIfMissing = "UseCreated"
)

// RetentionBasis says what beats a duty or a wish to keep.
//
// +kubebuilder:validation:Enum=Statutory;Business
type RetentionBasis string

const (
	// BasisStatutory is a duty by law: it keeps data also from who asked to be erased.
	BasisStatutory RetentionBasis = "Statutory"
	// BasisBusiness is a wish of the business: a person's right beats it.
	BasisBusiness RetentionBasis = "Business"
)

// RetentionMinimumAnchor is the event from which a minimum is counted.
//
// +kubebuilder:validation:Enum=Created;Sent
type RetentionMinimumAnchor string

const (
	// MinimumSinceCreated is when the roster listed the member first; minimums for Profile count from it.
	MinimumSinceCreated RetentionMinimumAnchor = "Created"
	// MinimumSinceSent is when a message was sent; minimums for DeliveryLogs count from it.
	MinimumSinceSent RetentionMinimumAnchor = "Sent"
)

// RetentionMinimum says how long one category is kept at least.
//
// +kubebuilder:validation:XValidation:rule="(self.category == 'DeliveryLogs') == (self.since == 'Sent')",message="DeliveryLogs are kept from Sent; Profile from Created"
// +kubebuilder:validation:XValidation:rule="self.basis != 'Statutory' || has(self.legalBasis) && self.legalBasis.size() > 0",message="a Statutory minimum names its law in legalBasis"
type RetentionMinimum struct {
	// name of the minimum, used in certificates.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",message="name has lower case letters, digits and hyphens"
	Name string `json:"name"`

	// category of data. Profile keeps the whole person. A Statutory minimum for DeliveryLogs keeps the person too, as long as the
	// newest of their log rows must be kept, for they are erased together; a Business one does not.
	// +required
	Category RetentionCategory `json:"category"`

	// basis says what beats it. Statutory keeps data also from who leaves or asks to be erased; Business gives way to them.
	// +required
	Basis RetentionBasis `json:"basis"`

	// legalBasis is the law or decision behind it, for the certificate. Required when basis is Statutory.
	// +optional
	// +kubebuilder:validation:MaxLength=200
	LegalBasis string `json:"legalBasis,omitempty"`

	// since names the event from which the period is counted.
	// +required
	Since RetentionMinimumAnchor `json:"since"`

	// keep is the calendar period, counted as the periods of rules are.
	// +required
	Keep Period `json:"keep"`
}

// RetentionCeilingAnchor is the event from which a ceiling is counted.
//
// +kubebuilder:validation:Enum=LastActivity
type RetentionCeilingAnchor string

// CeilingSinceLastActivity is the newest event of any kind that is known of a person: the roster listed them, they joined, were active,
// left the network, or left the company.
const CeilingSinceLastActivity RetentionCeilingAnchor = "LastActivity"

// RetentionCeiling says when nobody is kept any longer.
type RetentionCeiling struct {
	// since names the event from which the period is counted. LastActivity, the only one and the default, is the newest event of any
	// kind that is known of a person. People who still work for the company and take no part in the network are not concerned.
	// +optional
	// +kubebuilder:default=LastActivity
	Since RetentionCeilingAnchor `json:"since,omitempty"`

	// after is the calendar period, counted as the periods of rules are.
	// +required
	After Period `json:"after"`

	// legalBasis is a note for the certificate: the law or decision behind the ceiling.
	// +optional
	// +kubebuilder:validation:MaxLength=200
	LegalBasis string `json:"legalBasis,omitempty"`
}

// RetentionHoldReason is why people are on hold.
//
// +kubebuilder:validation:Enum=LegalClaim;Audit;Investigation
type RetentionHoldReason string

// The reasons of holds.
const (
	HoldLegalClaim    RetentionHoldReason = "LegalClaim"
	HoldAudit         RetentionHoldReason = "Audit"
	HoldInvestigation RetentionHoldReason = "Investigation"
)

// RetentionHold keeps some people until it is released on purpose.
type RetentionHold struct {
	// name of the hold, used in conditions, certificates and explanations: it must not tell of anybody.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",message="name has lower case letters, digits and hyphens"
	Name string `json:"name"`

	// categories that are kept; default all. Every hold keeps the person; with DeliveryLogs it keeps their log rows from rules for
	// these, too.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	Categories []RetentionCategory `json:"categories,omitempty"`

	// membersSecretRef names the Secret that lists the members.
	// +required
	MembersSecretRef HoldMembersReference `json:"membersSecretRef"`

	// reason for the hold.
	// +required
	Reason RetentionHoldReason `json:"reason"`

	// reviewOn is the date, in timeZone, from which a condition asks whether the hold is still needed. It goes on all the same.
	// +optional
	// +kubebuilder:validation:Format=date
	ReviewOn string `json:"reviewOn,omitempty"`
}

// HoldMembersReference names one key of a Secret that lists members.
type HoldMembersReference struct {
	// name of the Secret, in the same namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// key of the list: identifiers of members as the store has them, one a line, comments after #, at most 10,000. Defaults to members.
	// +optional
	// +kubebuilder:default=members
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	Key string `json:"key,omitempty"`
}

// ErasureRequests are promises to people who leave or ask to be erased.
type ErasureRequests struct {
	// primaryWithinHours is the promise: erased from the store within so many hours of the request. The work
	// begins within minutes; the promise is what status measures and the portal tells. Defaults to 24.
	// +optional
	// +kubebuilder:default=24
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=720
	PrimaryWithinHours int32 `json:"primaryWithinHours,omitempty"`
}

// RetentionExecution tunes the erasing transactions.
type RetentionExecution struct {
	// batchMembers is the number of people erased in one transaction. Defaults to 500.
	// +optional
	// +kubebuilder:default=500
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=5000
	BatchMembers int32 `json:"batchMembers,omitempty"`

	// pauseMilliseconds between two transactions. Defaults to 100.
	// +optional
	// +kubebuilder:default=100
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=60000
	PauseMilliseconds *int32 `json:"pauseMilliseconds,omitempty"`
}

// RetentionEvidence is the proof that is kept.
type RetentionEvidence struct {
	// signingKeySecretRef names a Secret whose key private-key holds an Ed25519 private key (PKCS 8, PEM) that
	// signs certificates. Without it the operator makes one key for each policy.
	// +optional
	SigningKeySecretRef *SecretReference `json:"signingKeySecretRef,omitempty"`
}

// RetentionPolicyStatus is what a policy has planned and erased.
type RetentionPolicyStatus struct {
	// conditions: Ready sums up RulesValid, HoldsPlaced, CatalogueComplete, Planned and ErasuresOnTime; Reconciling and Stalled are
	// there only while they are true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec that the conditions speak of; -1 until the operator has
	// looked at the object, so that whoever waits for it does not take it for settled.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// nextRunAt is when the next scheduled run starts.
	// +optional
	NextRunAt *metav1.Time `json:"nextRunAt,omitempty"`

	// lastScheduledAt is the due time of the last scheduled run.
	// +optional
	LastScheduledAt *metav1.Time `json:"lastScheduledAt,omitempty"`

	// selectedNetworks is the number of networks that the selector chooses.
	// +optional
	SelectedNetworks int32 `json:"selectedNetworks,omitempty"`

	// due is the number of people that the last runs found due, over all networks.
	// +optional
	Due int64 `json:"due,omitempty"`

	// erased is the number of people erased so far, over all networks.
	// +optional
	Erased int64 `json:"erased,omitempty"`

	// networks is the outcome for each selected network; the first hundred by name.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=100
	Networks []RetentionNetworkStatus `json:"networks,omitempty"`
}

// RetentionNetworkStatus is the outcome for one network.
type RetentionNetworkStatus struct {
	// name of the network.
	Name string `json:"name"`
	// planHash is the fingerprint of what the last run planned, SHA-256 in hex.
	// +optional
	PlanHash string `json:"planHash,omitempty"`
	// lastRun counts the newest run.
	// +optional
	LastRun *RetentionRun `json:"lastRun,omitempty"`
	// erased is the number of people erased from this network so far.
	// +optional
	Erased int64 `json:"erased,omitempty"`
	// openErasures is the number of people who asked to be erased and are not yet.
	// +optional
	OpenErasures int64 `json:"openErasures,omitempty"`
	// oldestDeadline is when the oldest open request is due.
	// +optional
	OldestDeadline *metav1.Time `json:"oldestDeadline,omitempty"`
	// chainHead is the newest link of the audit chain, SHA-256 in hex. Kept here, it shows when the end of the
	// chain was cut off in the store.
	// +optional
	ChainHead string `json:"chainHead,omitempty"`
	// chainLength is the number of links.
	// +optional
	ChainLength int64 `json:"chainLength,omitempty"`
	// restoredAt is when the network's store was built from a backup: the chain is followed since then.
	// +optional
	RestoredAt *metav1.Time `json:"restoredAt,omitempty"`
	// holds count the legal holds that are on in the store, of all policies; the first hundred by name.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=100
	Holds []RetentionHoldStatus `json:"holds,omitempty"`
	// certificate names the ConfigMap that holds the signed certificate of the newest run that has one.
	// +optional
	Certificate string `json:"certificate,omitempty"`
}

// RetentionHoldStatus counts one legal hold in one network.
type RetentionHoldStatus struct {
	// name of policy and hold.
	Name string `json:"name"`
	// members is the number of people who are kept.
	Members int64 `json:"members"`
	// unknownMembers is the number of identifiers that the network has nobody for.
	// +optional
	UnknownMembers int64 `json:"unknownMembers,omitempty"`
	// unlistedMembers is the number of identifiers that the Secret does not list any more and nobody has released.
	// +optional
	UnlistedMembers int64 `json:"unlistedMembers,omitempty"`
}

// RetentionRun counts one run over one network.
type RetentionRun struct {
	// id of the run.
	ID string `json:"id"`
	// mode in which it ran.
	Mode RetentionMode `json:"mode"`
	// state, for example Certified.
	State string `json:"state"`
	// asOf is the instant for which it was planned.
	// +optional
	AsOf *metav1.Time `json:"asOf,omitempty"`
	// finishedAt is when it ended.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// dueMembers is the number of people found due.
	DueMembers int64 `json:"dueMembers"`
	// erasedMembers is the number of people erased.
	ErasedMembers int64 `json:"erasedMembers"`
	// changedMembers were no longer due when their turn came.
	// +optional
	ChangedMembers int64 `json:"changedMembers,omitempty"`
	// failedMembers could not be erased and need a look.
	// +optional
	FailedMembers int64 `json:"failedMembers,omitempty"`
	// withheldMembers are due by a rule and must not be erased yet; the certificate says why.
	// +optional
	WithheldMembers int64 `json:"withheldMembers,omitempty"`
	// dueRows is the number of rows found due, those of due people included.
	// +optional
	DueRows int64 `json:"dueRows,omitempty"`
	// erasedRows is the number of all rows deleted, those of erased people included.
	// +optional
	ErasedRows int64 `json:"erasedRows,omitempty"`
}

// RetentionPolicyList is a list of policies.
//
// +kubebuilder:object:root=true
type RetentionPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []RetentionPolicy `json:"items"`
}
