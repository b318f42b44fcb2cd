// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package job

import (
	"path"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/resources/pod"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

const (
	// exitFinal is the exit code of a worker that another try cannot help.
	exitFinal = 2
	// keepFinished is how long a finished job stays to be looked at.
	keepFinished = 24 * time.Hour
	// container is the name of a job's one container.
	container = "worker"
)

// Run says which run of which network a job does.
type Run struct {
	Namespace   string
	Network     string // name of the AlumniNetwork
	Name        string // name of the run, from naming; the job bears it too
	ScheduledAt time.Time
	Image       string // the operator's own
	PullSecrets []corev1.LocalObjectReference
}

// CampaignInput describes the job of one campaign run.
type CampaignInput struct {
	Run
	Campaign     string        // name of the Campaign
	ConfigMap    string        // holds settings.CampaignFile; empty means naming.CampaignConfig of the campaign
	EmailSecret  string        // Secret with username and password of the mail server; empty for none
	DKIMSecret   string        // Secret with the key that signs mails; empty for none
	LINESecret   string        // Secret of the LINE account that messages are sent by; empty for none
	Destinations []Destination // that the run posts to
	EgressAllow  string        // what posts may be sent to although it is not public, with commas between
	StopAfter    time.Duration // the run is cut off after so long; zero means never
	Suspended    bool          // the job has no pods while the campaign is suspended
	Workers      int32         // how many pods share the run; 0 means one
	Resume       time.Time     // when the run was paused that may go on; zero for a run that was not
}

// Destination is one place that a run posts to, and the Secret with its address.
type Destination struct {
	Channel, Name, Secret string
}

// RetentionInput describes the job of one retention run over one network.
type RetentionInput struct {
	Run
	Policy        string     // name of the RetentionPolicy
	Kind          string     // label value: which kind of run, for example scheduled or requests
	Arguments     []string   // further arguments of worker retention
	ConfigMap     string     // holds settings.RetentionFile; empty means naming.RetentionConfig
	SigningSecret string     // Secret with settings.SigningKeyFile
	Holds         []HoldList // lists of members on legal hold
	LedgerClaim   string     // PersistentVolumeClaim with the erasure ledger; empty when there is none or it is in a bucket
	LedgerSecret  string     // Secret that opens the bucket with the erasure ledger; empty without one
}

// HoldList is one key of a Secret that lists members on legal hold.
type HoldList struct{ Secret, Key string }

// RosterInput describes the job of one roster import.
type RosterInput struct {
	Run
	Claim  string // PersistentVolumeClaim with the file; empty when it is read over HTTPS
	Secret string // Secret that opens the web server; empty for none
}

// BuildCampaignJob builds the job that sends one run. A killed pod is replaced, for the ledger knows what is left.
func BuildCampaignJob(in CampaignInput) *batchv1.Job {
	j := build(in.Run, labels.Campaigns, naming.RoleCampaign, "campaign")
	labels.With(j.Labels, labels.Campaign, in.Campaign)
	labels.With(j.Spec.Template.Labels, labels.Campaign, in.Campaign)
	j.Spec.BackoffLimit = ptr.To[int32](50) // every pod that dies counts, and a long run may meet many drained nodes
	j.Spec.Suspend = ptr.To(in.Suspended)
	if in.StopAfter > 0 {
		j.Spec.ActiveDeadlineSeconds = ptr.To(int64(in.StopAfter / time.Second))
	}
	mount(j, pod.ConfigMap("campaign", orElse(in.ConfigMap, naming.CampaignConfig(in.Campaign)), settings.CampaignDir),
		pod.Secret("token-key", naming.TokenKeySecret(in.Network), settings.TokenKeyDir, settings.TokenKeyFile))
	if in.EmailSecret != "" {
		mount(j, pod.MailLogin(in.EmailSecret))
	}
	if in.DKIMSecret != "" {
		mount(j, pod.DKIM(in.DKIMSecret))
	}
	if in.LINESecret != "" {
		mount(j, pod.LINE(in.LINESecret, settings.LINETokenFile))
	}
	for _, d := range in.Destinations {
		mount(j, pod.Destination(d.Channel, d.Name, d.Secret))
	}
	c := &j.Spec.Template.Spec.Containers[0]
	if in.Workers > 1 {
		// Each index is one worker. Should two pods have the same, nothing is sent twice: they share the run as all others do.
		j.Spec.CompletionMode = ptr.To(batchv1.IndexedCompletion)
		j.Spec.Parallelism, j.Spec.Completions = ptr.To(in.Workers), ptr.To(in.Workers)
		c.Env = append(c.Env, corev1.EnvVar{Name: settings.EnvWorkers, Value: strconv.Itoa(int(in.Workers))})
	}
	if in.EgressAllow != "" && (in.LINESecret != "" || len(in.Destinations) > 0) {
		c.Env = append(c.Env, corev1.EnvVar{Name: settings.EnvEgressAllow, Value: in.EgressAllow})
	}
	if !in.Resume.IsZero() {
		labels.With(j.Annotations, labels.ResumedAfter, in.Resume.UTC().Format(time.RFC3339Nano))
		c.Env = append(c.Env, corev1.EnvVar{Name: settings.EnvResume, Value: in.Resume.UTC().Format(time.RFC3339Nano)})
	}
	resize(j, pod.Resources("100m", "96Mi", "384Mi"))
	return j
}

// BuildPreviewJob builds the job that counts how a run would go. It is no run: it has a label of its own.
func BuildPreviewJob(in CampaignInput) *batchv1.Job {
	j := BuildCampaignJob(in)
	for _, set := range []map[string]string{j.Labels, j.Spec.Template.Labels} {
		delete(set, labels.Campaign)
		labels.With(set, labels.CampaignPreview, in.Campaign)
	}
	j.Spec.BackoffLimit = ptr.To[int32](3)
	j.Spec.Template.Spec.Containers[0].Command = append(j.Spec.Template.Spec.Containers[0].Command, "--preview")
	return j
}

// BuildTestSendJob builds the job that sends a campaign's texts to those whose addresses a Secret holds. It is no run, and is tried once:
// nobody wants a test mail again and again.
func BuildTestSendJob(in CampaignInput, recipients string) *batchv1.Job {
	j := BuildCampaignJob(in)
	for _, set := range []map[string]string{j.Labels, j.Spec.Template.Labels} {
		delete(set, labels.Campaign)
		labels.With(set, labels.CampaignTestSend, in.Campaign)
	}
	j.Spec.BackoffLimit = ptr.To[int32](0)
	mount(j, pod.TestRecipients(recipients))
	j.Spec.Template.Spec.Containers[0].Command = append(j.Spec.Template.Spec.Containers[0].Command, "--test-send")
	return j
}

// BuildRetentionJob builds the job that plans, and where the policy says so erases, for one network.
func BuildRetentionJob(in RetentionInput) *batchv1.Job {
	j := build(in.Run, labels.Retention, naming.RoleRetention, "retention", in.Arguments...)
	for _, set := range []map[string]string{j.Labels, j.Spec.Template.Labels} {
		labels.With(set, labels.RetentionPolicy, in.Policy)
		if in.Kind != "" {
			labels.With(set, labels.RunKind, in.Kind)
		}
	}
	mount(j, pod.ConfigMap("retention", orElse(in.ConfigMap, naming.RetentionConfig(in.Policy, in.Network)), settings.RetentionDir),
		pod.Secret("pepper", naming.PepperSecret(in.Network), settings.PepperDir, settings.PepperFile))
	if in.SigningSecret != "" {
		mount(j, pod.Secret("signing", in.SigningSecret, settings.SigningDir, settings.SigningKeyFile))
	}
	for i, h := range in.Holds {
		number := strconv.Itoa(i)
		mount(j, pod.Secret("hold-"+number, h.Secret, path.Join(settings.HoldsDir, number), h.Key))
	}
	if in.LedgerClaim != "" {
		mount(j, pod.Claim("backups", in.LedgerClaim, settings.BackupVolumeDir, false))
	}
	if in.LedgerSecret != "" {
		mount(j, pod.BucketKeys(in.LedgerSecret))
	}
	resize(j, pod.Resources("100m", "64Mi", "256Mi"))
	return j
}

// BuildRosterJob builds the job that imports the HR feed once.
func BuildRosterJob(in RosterInput) *batchv1.Job {
	j := build(in.Run, labels.Roster, naming.RoleRoster, "roster")
	mount(j, pod.Secret("pepper", naming.PepperSecret(in.Network), settings.PepperDir, settings.PepperFile))
	if in.Claim != "" {
		mount(j, pod.Claim("roster", in.Claim, settings.RosterVolumeDir, true))
	}
	if in.Secret != "" {
		mount(j, pod.Secret("roster-secret", in.Secret, settings.RosterSecretDir))
	}
	j.Spec.Template.Spec.Containers[0].Resources = pod.Resources("100m", "64Mi", "192Mi") // it bounds itself far below
	return j
}

// build makes the frame that all jobs share.
func build(run Run, part labels.Part, role naming.Role, command string, arguments ...string) *batchv1.Job {
	set := func() map[string]string {
		return labels.With(labels.For(run.Network, part), labels.Run, run.Name)
	}
	due := run.ScheduledAt.UTC().Format(time.RFC3339)
	j := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: run.Namespace, Name: run.Name, Labels: set(),
			Annotations: map[string]string{labels.ScheduledAt: due},
		},
		Spec: batchv1.JobSpec{
			Parallelism:             ptr.To[int32](1),
			Completions:             ptr.To[int32](1),
			BackoffLimit:            ptr.To[int32](6),
			TTLSecondsAfterFinished: ptr.To(int32(keepFinished / time.Second)),
			PodReplacementPolicy:    ptr.To(batchv1.Failed), // never two pods of one run at once
			PodFailurePolicy:        failurePolicy(),
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: set()},
				Spec: corev1.PodSpec{
					RestartPolicy:    corev1.RestartPolicyNever,
					ImagePullSecrets: run.PullSecrets,
					Containers: []corev1.Container{{
						Name:    container,
						Image:   run.Image,
						Command: append([]string{"/worker", command}, arguments...),
						Env: []corev1.EnvVar{
							{Name: settings.EnvRunName, Value: run.Name},
							{Name: settings.EnvScheduledAt, Value: due},
						},
					}},
				},
			},
		},
	}
	pod.Harden(&j.Spec.Template.Spec, pod.UID)
	mount(j, pod.ConfigMap("network", naming.NetworkConfig(run.Network), settings.NetworkDir), pod.Database(run.Network, role))
	return j
}

// failurePolicy ends a run whose worker says that trying again cannot help, and does not count pods that the
// cluster itself took away.
func failurePolicy() *batchv1.PodFailurePolicy {
	return &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{
		{
			Action: batchv1.PodFailurePolicyActionFailJob,
			OnExitCodes: &batchv1.PodFailurePolicyOnExitCodesRequirement{
				ContainerName: ptr.To(container), Operator: batchv1.PodFailurePolicyOnExitCodesOpIn, Values: []int32{exitFinal},
			},
		},
		{
			Action: batchv1.PodFailurePolicyActionIgnore,
			OnPodConditions: []batchv1.PodFailurePolicyOnPodConditionsPattern{
				{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue},
			},
		},
	}}
}

func mount(j *batchv1.Job, folders ...pod.Folder) {
	spec := &j.Spec.Template.Spec
	pod.Add(spec, &spec.Containers[0], folders...)
}

// resize gives the worker its resources and tells it of the memory limit.
func resize(j *batchv1.Job, r corev1.ResourceRequirements) {
	c := &j.Spec.Template.Spec.Containers[0]
	c.Env = append(c.Env, pod.GoMemory(r)...)
	j.Spec.Template.Spec.Containers[0].Resources = r
}

func orElse(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
