// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// StoreBackup says when a store is backed up, to where, for whom to read, and how long backups are kept.
type StoreBackup struct {
	// schedule of the backups: five fields, read in the network's timeZone. A backup that could not start at its time
	// is made up for within twelve hours.
	// +required
	Schedule CronExpression `json:"schedule"`

	// keep says how many backups stay, and for how long. The newest good one always stays.
	// +optional
	Keep *BackupKeep `json:"keep,omitempty"`

	// destination is where backups are written.
	// +required
	Destination BackupDestination `json:"destination"`

	// encryption says who can read the backups. There is no backup in clear.
	// +required
	Encryption BackupEncryption `json:"encryption"`

	// drill restores the newest backup on a schedule and looks whether everything is in it. Without it nobody knows
	// whether a backup can be restored before it must be.
	// +optional
	Drill *BackupDrill `json:"drill,omitempty"`
}

// CronExpression is a repeating time in five fields: minute, hour, day of month, month, day of week.
//
// +kubebuilder:validation:MinLength=9
// +kubebuilder:validation:MaxLength=100
// +kubebuilder:validation:XValidation:rule="!self.contains('TZ=')",message="write the zone in spec.timeZone, not inside schedule"
// +kubebuilder:validation:XValidation:rule="self.trim().split(' ').filter(f, f.size() > 0).size() == 5",message="schedule needs five fields: minute, hour, day of month, month, day of week, for example '30 2 * * *'"
type CronExpression string

// BackupKeep bounds the backups of a network. They are removed after a backup that succeeded, and never otherwise.
type BackupKeep struct {
	// count is the highest number of backups that stay. Defaults to 14.
	// +optional
	// +kubebuilder:default=14
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Count int32 `json:"count,omitempty"`

	// age is the calendar period after which a backup goes although count has room for it, for example P30D. People
	// who were erased are in older backups until these go, so this is part of what they are promised.
	// +optional
	Age *Period `json:"age,omitempty"`
}

// BackupDestinationType is the kind of place that backups are written to.
//
// +kubebuilder:validation:Enum=PersistentVolumeClaim;S3
type BackupDestinationType string

const (
	// BackupToClaim writes files on a PersistentVolumeClaim.
	BackupToClaim BackupDestinationType = "PersistentVolumeClaim"
	// BackupToS3 writes objects into a bucket of an S3-compatible server.
	BackupToS3 BackupDestinationType = "S3"
)

// BackupDestination is a union on type.
//
// +kubebuilder:validation:XValidation:rule="self.type == 'PersistentVolumeClaim' ? has(self.persistentVolumeClaim) : !has(self.persistentVolumeClaim)",message="persistentVolumeClaim is set exactly when type is PersistentVolumeClaim"
// +kubebuilder:validation:XValidation:rule="self.type == 'S3' ? has(self.s3) : !has(self.s3)",message="s3 is set exactly when type is S3"
type BackupDestination struct {
	// type of the destination.
	// +required
	Type BackupDestinationType `json:"type"`

	// persistentVolumeClaim is a folder on a claim of the same namespace.
	// +optional
	PersistentVolumeClaim *BackupClaim `json:"persistentVolumeClaim,omitempty"`

	// s3 is a bucket of an S3-compatible server.
	// +optional
	S3 *BackupBucket `json:"s3,omitempty"`
}

// BackupClaim is a folder on a PersistentVolumeClaim.
type BackupClaim struct {
	// claimName of the PersistentVolumeClaim, in the same namespace. Several networks may share one.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ClaimName string `json:"claimName"`

	// path of a folder, relative to the root of the volume; it is made when it is not there. Defaults to the root.
	// Each network has a folder of its own below it.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('/') && !self.split('/').exists(p, p == '..')",message="path is relative to the volume and has no '..'"
	Path string `json:"path,omitempty"`
}

// BackupBucket is a bucket of an S3-compatible server.
type BackupBucket struct {
	// endpoint of the server: https, or http for a host inside the cluster, whose name ends in .svc or .cluster.local.
	// +required
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="isURL(self) && (url(self).getScheme() == 'https' || self.matches('^http://[A-Za-z0-9.-]+[.]svc([.]cluster[.]local)?(:[0-9]+)?/?$'))",message="endpoint must start with https:// (or http:// for a host inside the cluster, such as http://store.storage.svc:9000)"
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getEscapedPath() in ['', '/'] && url(self).getQuery().size() == 0 && !self.contains('#') && !self.contains('@')",message="endpoint has a host and a port only: no path, query, fragment or user; use bucket, prefix and secretRef for these"
	Endpoint string `json:"endpoint"`

	// bucket that holds the backups. It must exist.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9][a-z0-9.-]*[a-z0-9]$')",message="bucket has lower case letters, digits, dots and hyphens only"
	Bucket string `json:"bucket"`

	// prefix of the names of objects. Each network has a folder of its own below it.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^([A-Za-z0-9_-][A-Za-z0-9._-]*/)*([A-Za-z0-9_-][A-Za-z0-9._-]*)?$')",message="prefix has letters, digits, dots, hyphens and underscores, in parts joined by '/'"
	Prefix string `json:"prefix,omitempty"`

	// region of the bucket, for servers that ask for one. Defaults to us-east-1, which servers without regions expect.
	// +optional
	// +kubebuilder:default=us-east-1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9-]*$')",message="region has letters, digits and hyphens only"
	Region string `json:"region,omitempty"`

	// secretRef names a Secret with the keys accessKeyID and secretAccessKey, and optionally ca.crt, the certificate of
	// the authority that the server's own was signed by.
	// +required
	SecretRef SecretReference `json:"secretRef"`
}

// BackupEncryption says who can read backups.
type BackupEncryption struct {
	// recipients are age public keys (X25519). The holder of any of the matching identities can read a backup; the
	// operator needs none of them.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Recipients []AgeRecipient `json:"recipients"`
}

// AgeRecipient is an X25519 public key of age.
//
// +kubebuilder:validation:MinLength=62
// +kubebuilder:validation:MaxLength=62
// +kubebuilder:validation:XValidation:rule="self.matches('^age1[02-9ac-hj-np-z]{58}$')",message="recipients are age public keys such as age-keygen prints, 'age1' and 58 more characters; never an AGE-SECRET-KEY"
type AgeRecipient string

// BackupDrill is a rehearsal of a restore.
type BackupDrill struct {
	// schedule of the drills: five fields, read in the network's timeZone.
	// +required
	Schedule CronExpression `json:"schedule"`

	// identitySecretRef names a Secret with the key identity: an AGE-SECRET-KEY that matches one of the recipients. Only
	// the drill's own pod mounts it. Make a key of its own for it, so that it can be taken away.
	// +required
	IdentitySecretRef SecretReference `json:"identitySecretRef"`
}

// RestoreFrom names the backup that the store of a new network is built from.
type RestoreFrom struct {
	// destination is where the backup lies, as backup.destination named it.
	// +required
	Destination BackupDestination `json:"destination"`

	// network is the one that was backed up. Defaults to this one: the same name, namespace and cluster.
	// +optional
	Network *BackedUpNetwork `json:"network,omitempty"`

	// backup is the name of the backup, without suffix, for example 20270401T023004Z-00002. Defaults to the newest that is
	// complete when the restore begins.
	// +optional
	// +kubebuilder:validation:MinLength=22
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{8}T[0-9]{6}Z-[0-9]{5,}$')",message="backup is the name of a backup without its suffix, such as 20270401T023004Z-00002"
	Backup string `json:"backup,omitempty"`

	// identitySecretRef names a Secret with the key identity: an AGE-SECRET-KEY that matches one of the recipients that the
	// backup was made for. Only the pod of the restore mounts it. It may be removed when the network is Ready.
	// +required
	IdentitySecretRef SecretReference `json:"identitySecretRef"`
}

// BackedUpNetwork names the network that a backup was made of.
type BackedUpNetwork struct {
	// cluster is the identifier under which the operator ran there, as the manifest of the backup tells it. Defaults to
	// that of this operator.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Cluster string `json:"cluster,omitempty"`

	// namespace of the network.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="namespace has lower case letters, digits and hyphens only"
	Namespace string `json:"namespace"`

	// name of the network.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="name begins with a letter and has lower case letters, digits and hyphens only"
	Name string `json:"name"`
}

// RestoreStatus is what a network's store was built from.
type RestoreStatus struct {
	// backup is the name of the backup.
	// +optional
	Backup string `json:"backup,omitempty"`
	// takenAt is the time that the backup shows the former store at.
	// +optional
	TakenAt *metav1.Time `json:"takenAt,omitempty"`
	// rows that were restored, in all tables.
	// +optional
	Rows int64 `json:"rows,omitempty"`
	// erasedAgain is the number of people in the backup who had been erased since, and were erased again.
	// +optional
	ErasedAgain int64 `json:"erasedAgain,omitempty"`
	// restoredAt is when the store was opened. No campaign starts a run that was due before: whether it was sent from the
	// former store, nobody knows.
	// +optional
	RestoredAt *metav1.Time `json:"restoredAt,omitempty"`
}

// BackupStatus is what is known of a network's backups.
type BackupStatus struct {
	// lastSuccessAt is the time that the newest backup shows the store at.
	// +optional
	LastSuccessAt *metav1.Time `json:"lastSuccessAt,omitempty"`
	// lastBackup is the name of the newest backup, below the network's folder.
	// +optional
	LastBackup string `json:"lastBackup,omitempty"`
	// sizeBytes of the newest backup, compressed and encrypted.
	// +optional
	SizeBytes int64 `json:"sizeBytes,omitempty"`
	// nextAt is the next scheduled backup.
	// +optional
	NextAt *metav1.Time `json:"nextAt,omitempty"`
	// lastDrillAt is when a drill last proved that a backup can be restored.
	// +optional
	LastDrillAt *metav1.Time `json:"lastDrillAt,omitempty"`
}
