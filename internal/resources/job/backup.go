// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package job

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/resources/pod"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// The kinds of jobs that work with backups, as values of the label that tells them apart.
const (
	KindBackup  = "backup"
	KindDrill   = "drill"
	KindRestore = "restore"
)

// longestBackup ends a run that hangs, for no other begins meanwhile.
const longestBackup = 12 * time.Hour

// BackupInput describes the job of one backup, of one drill, or of one restore.
type BackupInput struct {
	Run
	Kind           string // one of the kinds above
	PostgresImage  string // has pg_dump and pg_restore of the server's version
	Claim          string // PersistentVolumeClaim with the backups; empty when they are in a bucket
	BucketSecret   string // Secret that opens the bucket; empty without one
	IdentitySecret string // Secret that opens backups; for a drill or a restore
}

// BuildBackupJob builds the job that backs up a store, rehearses a restore, or restores into the network's own database. The
// last is the only job that logs in as the owner role, for nobody else may enter that database yet. Its container is PostgreSQL's own image, for
// the sake of pg_dump; our program comes to it from an init container, as it does to the server. Its settings are frozen
// in a ConfigMap of the run's name.
func BuildBackupJob(in BackupInput) *batchv1.Job {
	role, command := naming.RoleBackup, []string{settings.ProgramDir + "/worker", "backup"}
	switch in.Kind {
	case KindDrill:
		command = []string{settings.ProgramDir + "/worker", "restore", "--drill"}
	case KindRestore:
		role, command = naming.RoleOwner, []string{settings.ProgramDir + "/worker", "restore", "--network"}
	}
	j := build(in.Run, labels.Backup, role, "backup")
	for _, set := range []map[string]string{j.Labels, j.Spec.Template.Labels} {
		labels.With(set, labels.RunKind, in.Kind)
	}
	j.Spec.BackoffLimit = ptr.To[int32](3)
	j.Spec.ActiveDeadlineSeconds = ptr.To(int64(longestBackup / time.Second))
	spec := &j.Spec.Template.Spec
	programs := pod.Scratch("programs", settings.ProgramDir, "256Mi")
	spec.InitContainers = []corev1.Container{{
		Name: "install", Image: in.Image, Command: []string{"/worker", "install", settings.ProgramDir},
		VolumeMounts: []corev1.VolumeMount{programs.Mount}, Resources: pod.Resources("10m", "32Mi", "128Mi"),
	}}
	programs.Mount.ReadOnly = true
	worker := &spec.Containers[0]
	worker.Image, worker.Command = in.PostgresImage, command
	worker.Env = append(worker.Env, corev1.EnvVar{Name: "SSL_CERT_FILE", Value: settings.ProgramDir + "/" + settings.RootsFile})
	mount(j, programs, pod.Scratch("tmp", "/tmp", "16Mi"), pod.ConfigMap("backup", in.Name, settings.BackupDir))
	if in.Claim != "" {
		mount(j, pod.Claim("backups", in.Claim, settings.BackupVolumeDir, in.Kind != KindBackup))
	}
	if in.BucketSecret != "" {
		mount(j, pod.BucketKeys(in.BucketSecret))
	}
	if in.IdentitySecret != "" {
		mount(j, pod.Secret("identity", in.IdentitySecret, settings.BackupIdentityDir, settings.BackupIdentityFile))
	}
	if in.Kind == KindRestore {
		mount(j, pod.Secret("pepper", naming.PepperSecret(in.Network), settings.PepperDir, settings.PepperFile))
	}
	resize(j, pod.Resources("100m", "96Mi", "512Mi"))
	pod.Harden(spec, pod.UID)
	return j
}
