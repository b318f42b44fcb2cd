// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// The kinds of CloudNativePG. Not every cluster serves them, and no Go type of theirs is imported.
var (
	Cluster         = schema.GroupVersionKind{Group: "postgresql.cnpg.io", Version: "v1", Kind: "Cluster"}
	ScheduledBackup = schema.GroupVersionKind{Group: "postgresql.cnpg.io", Version: "v1", Kind: "ScheduledBackup"}
)

// AdminRole is the role of a declared Cluster that makes databases and roles, and is no superuser. CloudNativePG makes it
// and gives it the password of its Secret.
const AdminRole = "alumni_admin"

// ReloadLabel asks CloudNativePG to look again when a Secret changes.
const ReloadLabel = "cnpg.io/reload"

// ClusterName is the Cluster that a network's database is in: the one that others keep, or the network's own.
func ClusterName(n *v1alpha1.AlumniNetwork) string {
	if foreign := n.ForeignCluster(); foreign != "" {
		return foreign
	}
	return naming.StoreServer(n.Name)
}

// ClusterHost is the address of the Service that leads to a Cluster's primary.
func ClusterHost(n *v1alpha1.AlumniNetwork) string {
	return fmt.Sprintf("%s-rw.%s.svc", ClusterName(n), n.Namespace)
}

// ClusterCA is the Secret with the certificate of a Cluster's authority, unless its status names another.
func ClusterCA(n *v1alpha1.AlumniNetwork) string { return ClusterName(n) + "-ca" }

// BuildCluster declares the network's own Cluster. It has no owner: like the volume of a Standalone store it outlives the
// network, and is taken up again by its label.
func BuildCluster(in Input) (*unstructured.Unstructured, error) {
	n := in.Network
	resources, err := plain(n.ClusterResources())
	if err != nil {
		return nil, err
	}
	size := n.ClusterStorageSize()
	storage := map[string]any{"size": size.String(), "resizeInUseVolumes": true}
	if class := n.ClusterStorageClass(); class != nil {
		storage["storageClass"] = *class
	}
	spec := map[string]any{
		"instances":             int64(n.ClusterInstances()),
		"enableSuperuserAccess": false,
		"bootstrap":             map[string]any{"initdb": map[string]any{"dataChecksums": true, "encoding": "UTF8"}},
		"managed":               map[string]any{"roles": []any{adminRole(n)}},
		"postgresql":            clusterSettings(n),
		"resources":             resources,
		"storage":               storage,
	}
	if image := n.ClusterImage(); image != "" {
		spec["imageName"] = image
	}
	var secrets []any
	for _, s := range n.PullSecrets() {
		secrets = append(secrets, map[string]any{"name": s.Name})
	}
	if secrets != nil {
		spec["imagePullSecrets"] = secrets
	}
	addBackup(spec, n.ScheduledBackup())
	return untyped(in, Cluster, spec), nil
}

// adminRole may make databases and roles, and nothing else.
func adminRole(n *v1alpha1.AlumniNetwork) map[string]any {
	return map[string]any{
		"name": AdminRole, "ensure": "present", "comment": "provisions alumni networks",
		"login": true, "createdb": true, "createrole": true, "superuser": false,
		"passwordSecret": map[string]any{"name": naming.AdminSecret(n.Name)},
	}
}

// clusterSettings are those of PostgreSQL that people's data depends on: nothing of it reaches the log, nobody connects in
// clear, and what was told as done is on a replica too. Where there is one replica only, the primary goes on without it;
// where there are more, it waits until one of them has come back.
func clusterSettings(n *v1alpha1.AlumniNetwork) map[string]any {
	settings := map[string]any{
		"parameters": map[string]any{
			"log_min_error_statement":           "panic",
			"log_parameter_max_length":          "0",
			"log_parameter_max_length_on_error": "0",
			"password_encryption":               "scram-sha-256",
			"shared_buffers":                    sharedBuffers(n.ClusterResources()),
		},
		"pg_hba": []any{"hostnossl all all all reject"},
	}
	switch instances := n.ClusterInstances(); {
	case instances == 2:
		settings["synchronous"] = map[string]any{"method": "any", "number": int64(1), "dataDurability": "preferred"}
	case instances > 2:
		settings["synchronous"] = map[string]any{
			"method": "any", "number": int64(1), "dataDurability": "required", "failoverQuorum": true,
		}
	}
	return settings
}

// addBackup tells the Cluster how it is backed up. When is told by the ScheduledBackup.
func addBackup(spec map[string]any, b *v1alpha1.CloudNativePGScheduledBackup) {
	switch {
	case b == nil:
	case b.Plugin != nil:
		plugin := pluginConfig(b.Plugin)
		plugin["isWALArchiver"] = true
		spec["plugins"] = []any{plugin}
	default:
		snapshot := map[string]any{}
		if s := b.VolumeSnapshot; s != nil && s.ClassName != "" {
			snapshot["className"] = s.ClassName
		}
		spec["backup"] = map[string]any{"volumeSnapshot": snapshot}
	}
}

func pluginConfig(p *v1alpha1.CloudNativePGBackupPlugin) map[string]any {
	config := map[string]any{"name": p.Name}
	if len(p.Parameters) > 0 {
		parameters := map[string]any{}
		for _, each := range p.Parameters {
			parameters[each.Name] = each.Value
		}
		config["parameters"] = parameters
	}
	return config
}

// BuildScheduledBackup has CloudNativePG back up the declared Cluster; nil when the network does not ask for it. The
// backups that it makes have no owner and stay.
func BuildScheduledBackup(in Input) *unstructured.Unstructured {
	b := in.Network.ScheduledBackup()
	if b == nil {
		return nil
	}
	spec := map[string]any{
		"cluster": map[string]any{"name": ClusterName(in.Network)},
		// CloudNativePG counts seconds too.
		"schedule":             "0 " + string(b.Schedule),
		"backupOwnerReference": "none",
		"method":               "volumeSnapshot",
	}
	if b.Plugin != nil {
		spec["method"], spec["pluginConfiguration"] = "plugin", map[string]any{"name": b.Plugin.Name}
	}
	return untyped(in, ScheduledBackup, spec)
}

// NamedScheduledBackup is the network's ScheduledBackup with nothing but its name, to find and remove it.
func NamedScheduledBackup(in Input) *unstructured.Unstructured {
	return untyped(in, ScheduledBackup, nil)
}

// NamedCluster is the network's Cluster with nothing but its name, to find it.
func NamedCluster(n *v1alpha1.AlumniNetwork) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(Cluster)
	u.SetNamespace(n.Namespace)
	u.SetName(ClusterName(n))
	return u
}

// untyped is an object of a kind of which no Go type is imported.
func untyped(in Input, kind schema.GroupVersionKind, spec map[string]any) *unstructured.Unstructured {
	m := meta(in)
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetGroupVersionKind(kind)
	u.SetNamespace(m.Namespace)
	u.SetName(m.Name)
	u.SetLabels(m.Labels)
	if spec != nil {
		u.Object["spec"] = spec
	}
	return u
}

// plain turns resources into what a Cluster holds of them.
func plain(value corev1.ResourceRequirements) (map[string]any, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&value)
	if err != nil {
		return nil, fmt.Errorf("encode resources: %w", err)
	}
	return content, nil
}
