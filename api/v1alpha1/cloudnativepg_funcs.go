// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// defaultInstances leaves a primary and a replica to confirm its transactions when one of the three is lost.
const defaultInstances int32 = 3

// cloudNativePG is the declared section, or an empty one.
func (n *AlumniNetwork) cloudNativePG() CloudNativePGStore {
	if c := n.Spec.Store.CloudNativePG; c != nil {
		return *c
	}
	return CloudNativePGStore{}
}

// ForeignCluster is the name of the Cluster that others keep for this network; empty when the operator declares one.
func (n *AlumniNetwork) ForeignCluster() string {
	if ref := n.cloudNativePG().ClusterRef; ref != nil {
		return ref.Name
	}
	return ""
}

// ClusterInstances is the effective number of servers of a declared Cluster.
func (n *AlumniNetwork) ClusterInstances() int32 {
	if i := n.cloudNativePG().Instances; i != nil {
		return *i
	}
	return defaultInstances
}

// ClusterImage is the declared image of a Cluster; empty leaves it to CloudNativePG.
func (n *AlumniNetwork) ClusterImage() string { return n.cloudNativePG().Image }

// ClusterResources are the effective resources of each server of a declared Cluster.
func (n *AlumniNetwork) ClusterResources() corev1.ResourceRequirements {
	if r := n.cloudNativePG().Resources; r != nil {
		return *r
	}
	return resources("100m", "256Mi", "512Mi")
}

// ClusterStorageSize is the effective size of the volume of each server of a declared Cluster.
func (n *AlumniNetwork) ClusterStorageSize() resource.Quantity {
	if s := n.cloudNativePG().Storage; s != nil && s.Size != nil {
		return *s.Size
	}
	return resource.MustParse("5Gi")
}

// ClusterStorageClass is the declared class of these volumes; nil leaves it to the cluster.
func (n *AlumniNetwork) ClusterStorageClass() *string {
	if s := n.cloudNativePG().Storage; s != nil {
		return s.StorageClassName
	}
	return nil
}

// ScheduledBackup is what CloudNativePG backs up by itself; nil when it does not.
func (n *AlumniNetwork) ScheduledBackup() *CloudNativePGScheduledBackup {
	return n.cloudNativePG().ScheduledBackup
}
