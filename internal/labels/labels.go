// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package labels

// Keys of labels and annotations that the operator sets.
const (
	// Network names the AlumniNetwork that a child belongs to.
	Network = "alumni-operator.io/network"
	// Campaign names the Campaign that a child belongs to.
	Campaign = "alumni-operator.io/campaign"
	// CampaignPreview names the Campaign whose preview a job counts.
	CampaignPreview = "alumni-operator.io/campaign-preview"
	// CampaignTestSend names the Campaign whose texts a job sends to those who look it over.
	CampaignTestSend = "alumni-operator.io/campaign-test-send"
	// RetentionPolicy names the RetentionPolicy that a child belongs to.
	RetentionPolicy = "alumni-operator.io/retention-policy"
	// Run names the run that a job does.
	Run = "alumni-operator.io/run"
	// RunKind says which kind of run a job does, where a policy has several.
	RunKind = "alumni-operator.io/run-kind"
	// ScheduledAt is the annotation with the due time of a run, RFC 3339.
	ScheduledAt = "alumni-operator.io/scheduled-at"
	// ResumedAfter is the annotation on the job of a campaign run that goes on after a pause: when that began, RFC 3339.
	ResumedAfter = "alumni-operator.io/resumed-after"
	// ConfigHash is the annotation on a pod template that changes when its pods must restart.
	ConfigHash = "alumni-operator.io/config-hash"
	// StoreLogin is the label on the portal's pods that tells the login that they were made for from the one before it.
	StoreLogin = "alumni-operator.io/store-login"
	// RotatedAt is the annotation on a Secret with the time at which its login was last renewed, RFC 3339.
	RotatedAt = "alumni-operator.io/rotated-at"
	// RotatedFor is the annotation on a Secret with the digest of the request that its login was last renewed for.
	RotatedFor = "alumni-operator.io/rotated-for"
	// DesiredHash is the annotation on a child with the digest of what was last applied.
	DesiredHash = "alumni-operator.io/desired-hash"

	// Name, Instance, Component and ManagedBy are the labels that Kubernetes recommends.
	Name      = "app.kubernetes.io/name"
	Instance  = "app.kubernetes.io/instance"
	Component = "app.kubernetes.io/component"
	ManagedBy = "app.kubernetes.io/managed-by"
	PartOf    = "app.kubernetes.io/part-of"

	// Manager is the value of ManagedBy on everything that the operator makes.
	Manager = "alumni-operator"
)

// Part is what a child is for.
type Part string

// The parts of a network.
const (
	Store     Part = "store"
	Portal    Part = "portal"
	Roster    Part = "roster"
	Campaigns Part = "campaign"
	Retention Part = "retention"
	Backup    Part = "backup"
	Settings  Part = "settings"
	Deletion  Part = "deletion"
)

// For are the labels of a child of a network.
func For(network string, part Part) map[string]string {
	return map[string]string{
		Name:      "alumni-" + string(part),
		Instance:  network,
		Component: string(part),
		PartOf:    "alumni-network",
		ManagedBy: Manager,
		Network:   network,
	}
}

// With adds one label to a set and returns the set.
func With(set map[string]string, key, value string) map[string]string {
	set[key] = value
	return set
}

// Selector is the part of For that pods are selected by. It can never change, for selectors of Deployments
// and StatefulSets are fixed.
func Selector(network string, part Part) map[string]string {
	return map[string]string{Component: string(part), Network: network}
}

// Managed selects everything that the operator makes.
func Managed() map[string]string { return map[string]string{ManagedBy: Manager} }
