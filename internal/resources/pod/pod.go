// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pod

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// UID is the user that our own image runs as.
const UID int64 = 65532

// grace is the time between SIGTERM and SIGKILL. Workloads are done within 25 of these 30 seconds.
const grace int64 = 30

// Harden sets what every pod of ours has in common: Pod Security level restricted, no API token, no links to
// other Services in its environment.
func Harden(spec *corev1.PodSpec, uid int64) {
	spec.AutomountServiceAccountToken = ptr.To(false)
	spec.EnableServiceLinks = ptr.To(false)
	spec.TerminationGracePeriodSeconds = ptr.To(grace)
	spec.SecurityContext = &corev1.PodSecurityContext{
		RunAsNonRoot:   ptr.To(true),
		RunAsUser:      ptr.To(uid),
		RunAsGroup:     ptr.To(uid),
		FSGroup:        ptr.To(uid),
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	// The root of a volume is compared first, so that a large one does not delay every start.
	spec.SecurityContext.FSGroupChangePolicy = ptr.To(corev1.FSGroupChangeOnRootMismatch)
	for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range list {
			list[i].SecurityContext = &corev1.SecurityContext{
				AllowPrivilegeEscalation: ptr.To(false),
				ReadOnlyRootFilesystem:   ptr.To(true),
				Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			}
		}
	}
}

// Folder is a volume and where it is mounted.
type Folder struct {
	Volume corev1.Volume
	Mount  corev1.VolumeMount
}

// Add mounts folders into a container and adds their volumes to its pod.
func Add(spec *corev1.PodSpec, container *corev1.Container, folders ...Folder) {
	for _, f := range folders {
		spec.Volumes = append(spec.Volumes, f.Volume)
		container.VolumeMounts = append(container.VolumeMounts, f.Mount)
	}
}

// ConfigMap is a folder with the keys of a ConfigMap.
func ConfigMap(volume, name, path string) Folder {
	return folder(volume, path, corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
		LocalObjectReference: corev1.LocalObjectReference{Name: name},
	}})
}

// Secret is a folder with the named keys of a Secret; without keys, with all of them. Only the pod's own user and
// group can read it.
func Secret(volume, name, path string, keys ...string) Folder {
	return folder(volume, path, corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
		SecretName: name, DefaultMode: ptr.To(int32(0o440)), Items: items(keys),
	}})
}

// MailLogin is the folder with user name and password of the mail server, and the certificate of a private authority
// if the Secret holds one.
func MailLogin(name string) Folder {
	return withAuthority("email", name, settings.EmailDir, "username", "password")
}

// DKIM is the folder with the key that signs mails.
func DKIM(name string) Folder { return Secret("dkim", name, settings.DKIMDir, "tls.key") }

// Destination is the folder with the address of a destination of posts, and the key that signs them if it has one. A Secret that
// is gone does not keep a run's mails from going out: its post fails, and says why.
func Destination(channel, name, secret string) Folder {
	f := Secret(strings.ToLower(channel)+"-"+name, secret, settings.DestinationDir(settings.DestinationsDir, channel, name), "url")
	if channel == settings.ChannelWebhook {
		f.Volume.Secret.Items = items([]string{"url", "signingKey"})
	}
	f.Volume.Secret.Optional = ptr.To(true)
	return f
}

// LINE is the folder with one key of the Secret of a LINE account: what a worker needs, or what the portal needs. A Secret that is gone
// keeps neither from its other work.
func LINE(secret, key string) Folder {
	f := Secret("line", secret, settings.LINEDir, key)
	f.Volume.Secret.Optional = ptr.To(true)
	return f
}

// TestRecipients is the folder with the addresses of those who look a campaign over. Where the Secret is missing the worker says so.
func TestRecipients(secret string) Folder {
	f := Secret("test-recipients", secret, settings.TestRecipientsDir, settings.TestRecipientsFile)
	f.Volume.Secret.Optional = ptr.To(true)
	return f
}

// Staff is the folder with the list of staff, which is one key of a Secret. Where that is missing nobody is let in, and members are all the
// same.
func Staff(secret, key string) Folder {
	f := Secret("staff", secret, settings.StaffDir)
	f.Volume.Secret.Items = []corev1.KeyToPath{{Key: key, Path: settings.StaffFile}}
	f.Volume.Secret.Optional = ptr.To(true)
	return f
}

// BucketKeys is the folder with the keys of a bucket, and the certificate of a private authority if the Secret holds one.
func BucketKeys(name string) Folder {
	return withAuthority("backup-secret", name, settings.BackupSecretDir, "accessKeyID", "secretAccessKey")
}

// withAuthority is a folder with the named keys of a Secret, which must be there, and ca.crt, which may be.
func withAuthority(volume, name, path string, keys ...string) Folder {
	source := func(optional bool, keys ...string) corev1.VolumeProjection {
		p := &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Items: items(keys)}
		if optional {
			p.Optional = ptr.To(true)
		}
		return corev1.VolumeProjection{Secret: p}
	}
	return folder(volume, path, corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
		DefaultMode: ptr.To(int32(0o440)),
		Sources:     []corev1.VolumeProjection{source(false, keys...), source(true, "ca.crt")},
	}})
}

func items(keys []string) []corev1.KeyToPath {
	var paths []corev1.KeyToPath
	for _, key := range keys {
		paths = append(paths, corev1.KeyToPath{Key: key, Path: key})
	}
	return paths
}

// Database is the folder with the login of one role: user name and password from the role's own Secret, the
// server's address from the network's ConfigMap, so that a server that moves needs no new Secret.
func Database(network string, role naming.Role) Folder {
	return folder("db", settings.DatabaseDir, corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
		DefaultMode: ptr.To(int32(0o440)),
		Sources: []corev1.VolumeProjection{
			{Secret: &corev1.SecretProjection{
				LocalObjectReference: corev1.LocalObjectReference{Name: naming.DatabaseSecret(network, role)},
				Items:                items([]string{"username", "password"}),
			}},
			{ConfigMap: &corev1.ConfigMapProjection{
				LocalObjectReference: corev1.LocalObjectReference{Name: naming.StoreEndpoint(network)},
			}},
		},
	}})
}

// Claim is a folder on a volume claim.
func Claim(volume, claim, path string, readOnly bool) Folder {
	f := folder(volume, path, corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{
		ClaimName: claim, ReadOnly: readOnly,
	}})
	f.Mount.ReadOnly = readOnly
	return f
}

// Scratch is an empty folder that lives as long as its pod.
func Scratch(volume, path, limit string) Folder {
	size := resource.MustParse(limit)
	f := folder(volume, path, corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: &size}})
	f.Mount.ReadOnly = false
	return f
}

func folder(volume, path string, source corev1.VolumeSource) Folder {
	return Folder{
		Volume: corev1.Volume{Name: volume, VolumeSource: source},
		Mount:  corev1.VolumeMount{Name: volume, MountPath: path, ReadOnly: true},
	}
}

// Resources builds requests and limits of memory, and a request of CPU. A CPU limit would only slow a workload on
// an idle node.
func Resources(cpu, memory, memoryLimit string) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{
		Requests: corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse(cpu),
			corev1.ResourceMemory: resource.MustParse(memory),
		},
		Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memoryLimit)},
	}
}

// GoMemory tells a Go program its memory limit, so that it collects garbage before the kernel ends it. A fifth is
// left for what the runtime does not count. Without a limit it says nothing.
func GoMemory(r corev1.ResourceRequirements) []corev1.EnvVar {
	limit, ok := r.Limits[corev1.ResourceMemory]
	if !ok || limit.Value() <= 0 {
		return nil
	}
	return []corev1.EnvVar{{Name: "GOMEMLIMIT", Value: strconv.FormatInt(limit.Value()/5*4, 10) + "B"}}
}
