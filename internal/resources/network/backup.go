// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package network

import (
	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// BuildBackup says what one backup or drill is told, with every default filled in. The network must declare backups.
func BuildBackup(n *v1alpha1.AlumniNetwork, cluster, database string) settings.Backup {
	b := n.Spec.Store.Backup
	s := settings.Backup{
		Cluster: cluster, NetworkUID: string(n.UID), Namespace: n.Namespace, Name: n.Name, TimeZone: string(n.Zone()),
		Folder:    naming.BackupFolder(cluster, n.Namespace, n.Name),
		KeepCount: int(b.KeepCount()), KeepAge: string(b.KeepAge()),
		Scratch: naming.ScratchDatabase(database),
	}
	for _, recipient := range b.Encryption.Recipients {
		s.Recipients = append(s.Recipients, string(recipient))
	}
	s.Path, s.Bucket = placeOf(b.Destination)
	return s
}

// placeOf says where below its volume, or in which bucket, a destination is.
func placeOf(d v1alpha1.BackupDestination) (path string, bucket *settings.Bucket) {
	if claim := d.PersistentVolumeClaim; claim != nil {
		path = claim.Path
	}
	if b := d.S3; b != nil {
		bucket = &settings.Bucket{Endpoint: b.Endpoint, Name: b.Bucket, Prefix: b.Prefix, Region: b.Region}
	}
	return path, bucket
}

// BuildRestore says what a restore is told: whose backup it is, and where that lies. The network must declare one.
func BuildRestore(n *v1alpha1.AlumniNetwork, cluster string) settings.Backup {
	from := n.Spec.Store.RestoreFrom
	s := settings.Backup{
		Cluster: cluster, Namespace: n.Namespace, Name: n.Name, TimeZone: string(n.Zone()), Backup: from.Backup,
		NetworkUID: string(n.UID), KeepCount: 1,
	}
	if source := from.Network; source != nil {
		s.Namespace, s.Name = source.Namespace, source.Name
		if source.Cluster != "" {
			s.Cluster = source.Cluster
		}
	}
	s.Folder = naming.BackupFolder(s.Cluster, s.Namespace, s.Name)
	s.Path, s.Bucket = placeOf(from.Destination)
	return s
}

// BuildLedger says where the network's erasure ledger lies; nil when the network declares no place for its backups.
func BuildLedger(n *v1alpha1.AlumniNetwork, cluster string) *settings.Ledger {
	b := n.Spec.Store.Backup
	if b == nil {
		return nil
	}
	l := &settings.Ledger{
		Cluster: cluster, NetworkUID: string(n.UID), Namespace: n.Namespace, Name: n.Name,
		Folder: naming.BackupFolder(cluster, n.Namespace, n.Name),
	}
	l.Path, l.Bucket = placeOf(b.Destination)
	return l
}
