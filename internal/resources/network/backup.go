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
	if claim := b.Destination.PersistentVolumeClaim; claim != nil {
		s.Path = claim.Path
	}
	if bucket := b.Destination.S3; bucket != nil {
		s.Bucket = &settings.Bucket{Endpoint: bucket.Endpoint, Name: bucket.Bucket, Prefix: bucket.Prefix, Region: bucket.Region}
	}
	return s
}
