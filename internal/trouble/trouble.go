// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package trouble

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Of describes the first trouble found among the pods, or returns an empty text. Pods that are going away are not
// looked at.
func Of(pods []corev1.Pod) string {
	sorted := slices.Clone(pods)
	slices.SortFunc(sorted, func(a, b corev1.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	for i := range sorted {
		if sorted[i].DeletionTimestamp != nil {
			continue
		}
		if text := ofPod(&sorted[i]); text != "" {
			return text
		}
	}
	return ""
}

// OfDeployment describes why a Deployment cannot make its pods, such as a quota, or returns an empty text.
func OfDeployment(d *appsv1.Deployment) string {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
			return "pods cannot be created: " + c.Message
		}
	}
	return ""
}

func ofPod(p *corev1.Pod) string {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable {
			return "the pod cannot be scheduled: " + c.Message
		}
	}
	for _, list := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for i := range list {
			if text := ofContainer(&list[i]); text != "" {
				return text
			}
		}
	}
	if p.Status.Phase == corev1.PodFailed && p.Status.Reason != "" {
		return fmt.Sprintf("the pod was ended by the cluster: %s", p.Status.Reason)
	}
	return ""
}

func ofContainer(s *corev1.ContainerStatus) string {
	if w := s.State.Waiting; w != nil {
		switch w.Reason {
		case "ErrImagePull", "ImagePullBackOff":
			return fmt.Sprintf("container %q: its image %q cannot be pulled", s.Name, s.Image)
		case "InvalidImageName":
			return fmt.Sprintf("container %q: %q is no image name", s.Name, s.Image)
		case "ErrImageNeverPull":
			return fmt.Sprintf("container %q: its image %q is not on the node and may not be pulled", s.Name, s.Image)
		case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
			return fmt.Sprintf("container %q cannot be made: %s", s.Name, w.Message)
		case "CrashLoopBackOff":
			return fmt.Sprintf("container %q keeps ending%s; see its log", s.Name, ended(s.LastTerminationState.Terminated))
		}
	}
	if t := s.State.Terminated; t != nil && t.ExitCode != 0 {
		return fmt.Sprintf("container %q has failed%s; see its log", s.Name, ended(t))
	}
	return ""
}

func ended(t *corev1.ContainerStateTerminated) string {
	switch {
	case t == nil:
		return ""
	case t.Reason == "OOMKilled":
		return ": it needed more memory than its limit"
	default:
		return fmt.Sprintf(" with exit code %d", t.ExitCode)
	}
}
