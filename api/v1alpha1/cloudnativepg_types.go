// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// CloudNativePGStore is a database in a Cluster of CloudNativePG: one that the operator declares, or one that is there.
//
// +kubebuilder:validation:XValidation:rule="has(self.clusterRef) == has(self.adminSecretRef)",message="adminSecretRef is set exactly when clusterRef is set: it holds a role of that Cluster that may create databases and roles"
// +kubebuilder:validation:XValidation:rule="!has(self.clusterRef) || !(has(self.instances) || has(self.image) || has(self.storage) || has(self.resources) || has(self.scheduledBackup))",message="instances, image, storage, resources and scheduledBackup are set only without clusterRef: set these on the Cluster that it names"
type CloudNativePGStore struct {
	// clusterRef names a Cluster that others keep. Without it the operator declares one of its own, called like the
	// network with "-db" at the end. It cannot be set, changed or removed on a live store.
	// +optional
	ClusterRef *ClusterReference `json:"clusterRef,omitempty"`

	// adminSecretRef names the Secret of a role of the Cluster in clusterRef that may create databases and roles. Keys:
	// username and password. The address and the certificate are the Cluster's.
	// +optional
	AdminSecretRef *SecretReference `json:"adminSecretRef,omitempty"`

	// instances is the number of servers: one primary, and replicas that can take its place. From two on, a transaction
	// is told as done when a replica has it too. Defaults to 3.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=9
	Instances *int32 `json:"instances,omitempty"`

	// image of PostgreSQL, version 15 or newer, as CloudNativePG wants it: its tag begins with PostgreSQL's version.
	// Defaults to CloudNativePG's own choice.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self == '' || self.matches('^[^@]+:[0-9]+([.][0-9]+)*([^/:@]*)(@.+)?$')",message="image needs a tag that begins with PostgreSQL's version, for example registry.example/postgresql:17.6"
	Image string `json:"image,omitempty"`

	// storage of each instance.
	// +optional
	Storage *CloudNativePGStorage `json:"storage,omitempty"`

	// resources of each instance. Defaults to requests of 100m CPU and 256Mi memory and a limit of 512Mi memory.
	// +optional
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// scheduledBackup has CloudNativePG back up the whole Cluster, beside store.backup, which this does not replace:
	// what CloudNativePG keeps is restored by it, into a Cluster. Without it there is none.
	// +optional
	ScheduledBackup *CloudNativePGScheduledBackup `json:"scheduledBackup,omitempty"`
}

// ClusterReference names a Cluster of CloudNativePG in the object's own namespace.
type ClusterReference struct {
	// name of the Cluster, in the same namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=50
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="name has lower case letters, digits and hyphens, and begins with a letter"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="clusterRef.name cannot be changed on a live store: back up, declare a new network, and restore the backup into that one"
	Name string `json:"name"`
}

// CloudNativePGStorage is the volume of each instance.
type CloudNativePGStorage struct {
	// size of the volume. It can be raised where the storage class allows it, and never lowered. Defaults to 5Gi.
	// +optional
	// +kubebuilder:validation:XValidation:rule="quantity(self).isGreaterThan(quantity('0'))",message="size must be more than zero"
	Size *resource.Quantity `json:"size,omitempty"`

	// storageClassName of the volume. Defaults to the cluster's default class. Fixed once made.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="storageClassName cannot be changed on a live store"
	StorageClassName *string `json:"storageClassName,omitempty"`
}

// CloudNativePGBackupMethod is a way in which CloudNativePG backs up a Cluster.
//
// +kubebuilder:validation:Enum=VolumeSnapshot;Plugin
type CloudNativePGBackupMethod string

const (
	// CloudNativePGSnapshots takes VolumeSnapshots.
	CloudNativePGSnapshots CloudNativePGBackupMethod = "VolumeSnapshot"
	// CloudNativePGPlugin leaves it to a plugin of CloudNativePG, such as Barman Cloud.
	CloudNativePGPlugin CloudNativePGBackupMethod = "Plugin"
)

// CloudNativePGScheduledBackup is a union on method.
//
// +kubebuilder:validation:XValidation:rule="self.method == 'Plugin' ? has(self.plugin) : !has(self.plugin)",message="plugin is set exactly when method is Plugin"
// +kubebuilder:validation:XValidation:rule="self.method == 'VolumeSnapshot' || !has(self.volumeSnapshot)",message="volumeSnapshot is set only when method is VolumeSnapshot"
type CloudNativePGScheduledBackup struct {
	// schedule of the backups: five fields, read in the time zone of CloudNativePG's operator, which is UTC unless its
	// pod is told otherwise.
	// +required
	Schedule CronExpression `json:"schedule"`

	// method of the backups.
	// +required
	Method CloudNativePGBackupMethod `json:"method"`

	// volumeSnapshot says how snapshots are taken.
	// +optional
	VolumeSnapshot *CloudNativePGVolumeSnapshot `json:"volumeSnapshot,omitempty"`

	// plugin says which plugin backs up. It archives the write-ahead log too.
	// +optional
	Plugin *CloudNativePGBackupPlugin `json:"plugin,omitempty"`
}

// CloudNativePGVolumeSnapshot says how snapshots are taken.
type CloudNativePGVolumeSnapshot struct {
	// className of the VolumeSnapshotClass. Defaults to the cluster's default class.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	ClassName string `json:"className,omitempty"`
}

// CloudNativePGBackupPlugin is a plugin of CloudNativePG that backs up Clusters.
type CloudNativePGBackupPlugin struct {
	// name of the plugin, for example barman-cloud.cloudnative-pg.io.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// parameters of the plugin, for example barmanObjectName. They are seen by everybody who sees the Cluster: no secrets.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=20
	Parameters []CloudNativePGPluginParameter `json:"parameters,omitempty"`
}

// CloudNativePGPluginParameter is one parameter of a plugin.
type CloudNativePGPluginParameter struct {
	// name of the parameter.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	Name string `json:"name"`

	// value of the parameter.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1000
	Value string `json:"value"`
}
