// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"context"
	"encoding/json"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/internal/apply"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	frozen "github.com/alumni-operator/alumni-operator/internal/settings"
)

// Runner starts and finds the runs of one kind of owner.
type Runner struct {
	Client client.Client
	// Live reads from the API server itself, where a cache that is behind would destroy something.
	Live client.Reader
}

// Start freezes the settings under the run's name and makes its Job. Both have fixed names, and a Job that exists is left alone, so
// that starting twice is harmless. The Job names the digest of the settings, for others may write ConfigMaps: its worker takes no
// settings but those. Settings without a Job, of a start that came no further, give way to those of now.
func (r Runner) Start(ctx context.Context, owner client.Object, job *batchv1.Job, file string, settings any) error {
	encoded, err := json.Marshal(settings)
	if err != nil {
		return fmt.Errorf("encode settings of run %s: %w", job.Name, err)
	}
	applier := &apply.Applier{Client: r.Client, Live: r.Live}
	for i := range job.Spec.Template.Spec.Containers {
		c := &job.Spec.Template.Spec.Containers[i]
		c.Env = append(c.Env, corev1.EnvVar{Name: frozen.EnvSettingsDigest, Value: frozen.Digest(encoded)})
	}
	config := func() *corev1.ConfigMap {
		return &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: job.Namespace, Name: job.Name, Labels: job.Labels},
			Data:       map[string]string{file: string(encoded)}, Immutable: ptr.To(true),
		}
	}
	made := config()
	if _, err := applier.Create(ctx, owner, made); err != nil {
		return err
	}
	if made.Data[file] != string(encoded) {
		switch err := r.Live.Get(ctx, client.ObjectKeyFromObject(job), &batchv1.Job{}); {
		case err == nil: // it has begun with them
		case !apierrors.IsNotFound(err):
			return fmt.Errorf("read job %s/%s: %w", job.Namespace, job.Name, err)
		default:
			if err := applier.Delete(ctx, made); err != nil {
				return err
			}
			if _, err := applier.Create(ctx, owner, config()); err != nil {
				return err
			}
		}
	}
	_, err = applier.Create(ctx, owner, job)
	return err
}

// Jobs lists the Jobs that the owner controls among those with a label.
func (r Runner) Jobs(ctx context.Context, owner client.Object, label string) ([]batchv1.Job, error) {
	list := &batchv1.JobList{}
	err := r.Client.List(ctx, list, client.InNamespace(owner.GetNamespace()), client.MatchingLabels{label: owner.GetName()})
	if err != nil {
		return nil, fmt.Errorf("list jobs of %s/%s: %w", owner.GetNamespace(), owner.GetName(), err)
	}
	var own []batchv1.Job
	for _, j := range list.Items {
		if metav1.IsControlledBy(&j, owner) && j.DeletionTimestamp.IsZero() {
			own = append(own, j)
		}
	}
	return own, nil
}

// Sweep removes the frozen settings of runs whose Job is gone. Whether it is gone is asked of the API server,
// and the settings are removed only in the version that was seen.
func (r Runner) Sweep(ctx context.Context, owner client.Object, label string, jobs []batchv1.Job) error {
	list := &corev1.ConfigMapList{}
	err := r.Client.List(ctx, list, client.InNamespace(owner.GetNamespace()), client.MatchingLabels{label: owner.GetName()}, client.HasLabels{labels.Run})
	if err != nil {
		return fmt.Errorf("list settings of %s/%s: %w", owner.GetNamespace(), owner.GetName(), err)
	}
	known := map[string]bool{}
	for i := range jobs {
		known[jobs[i].Name] = true
	}
	for i := range list.Items {
		config := &list.Items[i]
		if known[config.Name] || !metav1.IsControlledBy(config, owner) {
			continue
		}
		err := r.Live.Get(ctx, client.ObjectKeyFromObject(config), &batchv1.Job{})
		if err == nil {
			continue
		}
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("read job %s/%s: %w", config.Namespace, config.Name, err)
		}
		seen := client.Preconditions{UID: &config.UID, ResourceVersion: &config.ResourceVersion}
		if err := r.Client.Delete(ctx, config, seen); client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
			return fmt.Errorf("remove settings %s/%s: %w", config.Namespace, config.Name, err)
		}
	}
	return nil
}

// Rest suspends or resumes every Job that has not ended. A suspended Job's pods get SIGTERM and drain; the same
// run goes on when it is resumed.
func (r Runner) Rest(ctx context.Context, jobs []batchv1.Job, rest bool) error {
	for i := range jobs {
		j := &jobs[i]
		if Ended(j) || (j.Spec.Suspend != nil && *j.Spec.Suspend) == rest {
			continue
		}
		before := client.MergeFrom(j.DeepCopy())
		j.Spec.Suspend = &rest
		if err := r.Client.Patch(ctx, j, before); err != nil {
			return fmt.Errorf("suspend or resume job %s/%s: %w", j.Namespace, j.Name, err)
		}
	}
	return nil
}

// Ended says whether a Job has come to its end, good or bad.
func Ended(j *batchv1.Job) bool { return has(j, batchv1.JobComplete) || Failed(j) }

// Failed says whether a Job has given up.
func Failed(j *batchv1.Job) bool { return has(j, batchv1.JobFailed) }

func has(j *batchv1.Job, kind batchv1.JobConditionType) bool {
	for _, c := range j.Status.Conditions {
		if c.Type == kind && c.Status == corev1.ConditionTrue {
			return true
		}
	}
	return false
}
