// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What a network gets where it declares nothing.
const (
	defaultPortalReplicas = 2
	defaultTargetCPU      = 80
	defaultEmailPort      = 587
	defaultMaxPerSecond   = 50
	defaultMaxPerHour     = 10000
	defaultMaxConnections = 5
	defaultBackupCount    = 14
	defaultStaffKey       = "staff"
)

// NetworkConditions lists the component conditions that Ready sums up, in the order in which they are reached.
func NetworkConditions() []string {
	return []string{StoreReadyCondition, SchemaReadyCondition, ChannelsReadyCondition, PortalAvailableCondition, RosterSyncedCondition}
}

// WorkloadImage is the image of the operator's programs that the network's jobs run, given the operator's own.
func (n *AlumniNetwork) WorkloadImage(operators string) string {
	if n.Status.Image == "" {
		return operators
	}
	return n.Status.Image
}

// Components lists the component conditions that Ready sums up for this network: Restored is one where there is a backup to
// restore, and HolidaysReady where there are holidays.
func (n *AlumniNetwork) Components() []string {
	all := NetworkConditions()
	if n.Spec.Store.RestoreFrom != nil {
		all = append([]string{RestoredCondition}, all...)
	}
	if n.HolidaysFrom() != nil {
		all = append(all, HolidaysReadyCondition)
	}
	return all
}

// HolidaysFrom is where the holidays are listed on which nobody is written to; nil where there are none.
func (n *AlumniNetwork) HolidaysFrom() *ConfigMapKeyReference {
	if n.Spec.QuietHours == nil {
		return nil
	}
	return n.Spec.QuietHours.HolidaysFrom
}

// StaffFrom is where the staff are listed who may enter the portal's console; nil where nobody may.
func (n *AlumniNetwork) StaffFrom() *StaffSecretReference {
	if n.Spec.SignIn == nil || n.Spec.SignIn.StaffSecretRef == nil {
		return nil
	}
	from := *n.Spec.SignIn.StaffSecretRef
	from.Key = orDefault(from.Key, defaultStaffKey)
	return &from
}

// GetConditions returns the conditions in status, for the helpers that work on every kind.
func (n *AlumniNetwork) GetConditions() []metav1.Condition { return n.Status.Conditions }

// SetConditions replaces the conditions in status.
func (n *AlumniNetwork) SetConditions(conditions []metav1.Condition) {
	n.Status.Conditions = conditions
}

// SetObservedGeneration records the generation that status speaks of.
func (n *AlumniNetwork) SetObservedGeneration(generation int64) {
	n.Status.ObservedGeneration = generation
}

// StoreKind is the effective type of the store.
func (n *AlumniNetwork) StoreKind() StoreType {
	if n.Spec.Store.Type == "" {
		return StoreStandalone
	}
	return n.Spec.Store.Type
}

// Locale is the effective default language.
func (n *AlumniNetwork) Locale() Locale {
	if n.Spec.DefaultLocale == "" {
		return LocaleJapanese
	}
	return n.Spec.DefaultLocale
}

// Zone is the effective time zone of the network's schedules and dates.
func (n *AlumniNetwork) Zone() TimeZone {
	if n.Spec.TimeZone == "" {
		return "UTC"
	}
	return n.Spec.TimeZone
}

// RosterZone is the zone in which the roster's cron is read.
func (n *AlumniNetwork) RosterZone() TimeZone {
	if r := n.Spec.Roster; r != nil && r.Schedule != nil && r.Schedule.TimeZone != nil {
		return *r.Schedule.TimeZone
	}
	return n.Zone()
}

// URL is the address of the portal, without a slash at the end.
func (n *AlumniNetwork) URL() string { return strings.TrimRight(n.Spec.Portal.PublicURL, "/") }

// PortalReplicas is the number of portal pods that should run now where no autoscaler chooses it: none while the network is
// suspended.
func (n *AlumniNetwork) PortalReplicas() int32 {
	switch {
	case n.Spec.State.Suspended():
		return 0
	case n.Spec.Portal.Replicas == nil:
		return defaultPortalReplicas
	default:
		return *n.Spec.Portal.Replicas
	}
}

// PortalAutoscaling is how the autoscaler chooses the number of portal pods, with every default filled in, or nil when the
// number is fixed: because no autoscaling is declared, or because the network is suspended.
func (n *AlumniNetwork) PortalAutoscaling() *PortalAutoscaling {
	if n.Spec.Portal.Autoscaling == nil || n.Spec.State.Suspended() {
		return nil
	}
	a := *n.Spec.Portal.Autoscaling
	a.MinReplicas = orDefault(a.MinReplicas, defaultPortalReplicas)
	a.TargetCPUPercent = orDefault(a.TargetCPUPercent, defaultTargetCPU)
	return &a
}

// LeastPortalReplicas is the number of portal pods that run at least: the lowest that the autoscaler may choose, or the fixed
// number.
func (n *AlumniNetwork) LeastPortalReplicas() int32 {
	if a := n.PortalAutoscaling(); a != nil {
		return a.MinReplicas
	}
	return n.PortalReplicas()
}

// PullSecrets are the Secrets with which every pod of the network pulls its images.
func (n *AlumniNetwork) PullSecrets() []corev1.LocalObjectReference {
	var all []corev1.LocalObjectReference
	for _, s := range n.Spec.Portal.ImagePullSecrets {
		all = append(all, corev1.LocalObjectReference{Name: s.Name})
	}
	return all
}

// PortalHost is the host of publicURL in lower case, without a port.
func (n *AlumniNetwork) PortalHost() string {
	u, err := url.Parse(n.Spec.Portal.PublicURL)
	if err != nil {
		return "" // the schema lets no such address through
	}
	return strings.ToLower(u.Hostname())
}

// ExposureKind is the effective type of the portal's exposure.
func (n *AlumniNetwork) ExposureKind() ExposureType {
	if e := n.Spec.Portal.Exposure; e != nil && e.Type != "" {
		return e.Type
	}
	return ExposedByNone
}

// PortalResources are the effective resources of one portal pod.
func (n *AlumniNetwork) PortalResources() corev1.ResourceRequirements {
	if n.Spec.Portal.Resources != nil {
		return *n.Spec.Portal.Resources
	}
	return resources("20m", "48Mi", "192Mi")
}

// ServerImage is the PostgreSQL image of a Standalone store, or the fallback when the network names none.
func (n *AlumniNetwork) ServerImage(fallback string) string {
	if s := n.Spec.Store.Standalone; s != nil && s.Image != "" {
		return s.Image
	}
	return fallback
}

// ServerResources are the effective resources of a Standalone store's server.
func (n *AlumniNetwork) ServerResources() corev1.ResourceRequirements {
	if s := n.Spec.Store.Standalone; s != nil && s.Resources != nil {
		return *s.Resources
	}
	return resources("100m", "256Mi", "512Mi")
}

// StorageSize is the effective size of a Standalone store's volume.
func (n *AlumniNetwork) StorageSize() resource.Quantity {
	if s := n.Spec.Store.Standalone; s != nil && s.StorageSize != nil {
		return *s.StorageSize
	}
	return resource.MustParse("5Gi")
}

// StorageClass is the declared class of a Standalone store's volume; nil leaves it to the cluster.
func (n *AlumniNetwork) StorageClass() *string {
	if s := n.Spec.Store.Standalone; s != nil {
		return s.StorageClassName
	}
	return nil
}

// Email is the mail sender with every default filled in, or nil when the network has none. A trial always has one, which
// leads to no mail server.
func (n *AlumniNetwork) Email() *EmailChannel {
	var e EmailChannel
	switch {
	case n.Spec.Channels != nil && n.Spec.Channels.Email != nil:
		e = *n.Spec.Channels.Email
	case n.IsTrial():
		e.FromAddress = trialSender
	default:
		return nil
	}
	e.Port = orDefault(e.Port, defaultEmailPort)
	e.TLS = orDefault(e.TLS, EmailStartTLS)
	e.FromName = orDefault(e.FromName, n.Spec.DisplayName)
	e.MaxPerSecond = orDefault(e.MaxPerSecond, defaultMaxPerSecond)
	e.MaxPerHour = orDefault(e.MaxPerHour, defaultMaxPerHour)
	e.MaxConnections = orDefault(e.MaxConnections, defaultMaxConnections)
	if n.IsTrial() {
		e.captured()
	}
	return &e
}

// BounceReceiver is the protocol by which the portal takes what comes back to campaign mails, or BounceDisabled.
func (n *AlumniNetwork) BounceReceiver() BounceReceiver {
	if e := n.Email(); e != nil && e.Bounces != nil {
		return orDefault(e.Bounces.Receiver, BounceDisabled)
	}
	return BounceDisabled
}

// NamedDestination is a declared destination and the channel that it belongs to.
type NamedDestination struct {
	Destination
	Channel ChannelType
	// Field is where it is declared, for messages.
	Field string
}

// Destinations lists the LINE account and every declared destination of posts, in the order of the spec: whatever is opened by a
// Secret of its own.
func (n *AlumniNetwork) Destinations() []NamedDestination {
	if n.Spec.Channels == nil {
		return nil
	}
	var all []NamedDestination
	add := func(channel ChannelType, field string, declared []Destination) {
		for _, d := range declared {
			all = append(all, NamedDestination{Destination: d, Channel: channel, Field: "spec.channels." + field + "[" + d.Name + "]"})
		}
	}
	if l := n.Spec.Channels.LINE; l != nil {
		all = append(all, NamedDestination{Destination: Destination{SecretRef: l.SecretRef}, Channel: ChannelLINE, Field: "spec.channels.line"})
	}
	add(ChannelSlack, "slack", n.Spec.Channels.Slack)
	add(ChannelTeams, "teams", n.Spec.Channels.Teams)
	add(ChannelWebhook, "webhook", n.Spec.Channels.Webhook)
	return all
}

// MailReady says whether mail can go out: whatever a destination lacks is none of its business.
func (n *AlumniNetwork) MailReady() bool {
	i := slices.IndexFunc(n.Status.Conditions, func(c metav1.Condition) bool { return c.Type == ChannelsReadyCondition })
	if i < 0 {
		return false
	}
	switch c := n.Status.Conditions[i]; c.Reason {
	case ReasonDestinationSecretNotFound, ReasonDestinationSecretInvalid, ReasonDestinationRefused:
		return c.Status == metav1.ConditionFalse
	default:
		return c.Status == metav1.ConditionTrue
	}
}

// SecretNames lists the Secrets of other people that the spec refers to, sorted and without repeats.
func (n *AlumniNetwork) SecretNames() []string {
	var names []string
	if x := n.Spec.Store.External; x != nil {
		names = append(names, x.AdminSecretRef.Name)
	}
	if c := n.Spec.Store.CloudNativePG; c != nil && c.AdminSecretRef != nil {
		names = append(names, c.AdminSecretRef.Name)
	}
	if r := n.Spec.Roster; r != nil && r.Source.HTTPS != nil && r.Source.HTTPS.SecretRef != nil {
		names = append(names, r.Source.HTTPS.SecretRef.Name)
	}
	if e := n.Email(); e != nil && e.CredentialsSecretRef != nil {
		names = append(names, e.CredentialsSecretRef.Name)
	}
	if !n.IsTrial() { // which posts nothing
		for _, d := range n.Destinations() {
			names = append(names, d.SecretRef.Name)
		}
	}
	if from := n.StaffFrom(); from != nil {
		names = append(names, from.Name)
	}
	names = append(names, n.Spec.Store.Backup.secretNames()...)
	if from := n.Spec.Store.RestoreFrom; from != nil {
		names = append(append(names, from.IdentitySecretRef.Name), from.Destination.secretNames()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// secretNames lists the Secrets that a backup section refers to.
func (b *StoreBackup) secretNames() []string {
	var names []string
	if b == nil {
		return nil
	}
	names = append(names, b.Destination.secretNames()...)
	if b.Drill != nil {
		names = append(names, b.Drill.IdentitySecretRef.Name)
	}
	return names
}

// secretNames lists the Secrets that open a destination.
func (d *BackupDestination) secretNames() []string {
	if d.S3 == nil {
		return nil
	}
	return []string{d.S3.SecretRef.Name}
}

// KeepCount is the effective number of backups that stay.
func (b *StoreBackup) KeepCount() int32 {
	if b.Keep == nil {
		return defaultBackupCount
	}
	return orDefault(b.Keep.Count, defaultBackupCount)
}

// KeepAge is the period after which a backup goes; empty when only the count bounds them.
func (b *StoreBackup) KeepAge() Period {
	if b.Keep == nil || b.Keep.Age == nil {
		return ""
	}
	return *b.Keep.Age
}

// orDefault returns the value, or the fallback where the value is its type's zero.
func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// resources builds requests and a memory limit. A CPU limit would only slow a workload on an idle node.
func resources(cpu, memory, memoryLimit string) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{
		Requests: corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse(cpu),
			corev1.ResourceMemory: resource.MustParse(memory),
		},
		Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memoryLimit)},
	}
}
