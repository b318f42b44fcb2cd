// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package trouble_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/internal/trouble"
)

func waiting(reason, message string) corev1.Pod {
	return corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
		Name: "portal", Image: "x:1", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
	}}}}
}

func crashing(exit int32, reason string) corev1.Pod {
	p := waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container=portal pod=main-portal-7d9f_hoshino(1234)")
	p.Status.ContainerStatuses[0].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: exit, Reason: reason, Message: "canary of the program"}
	return p
}

func TestTroubleIsPutIntoWordsThatStayTheSame(t *testing.T) {
	initial := waiting("ErrImagePull", "")
	initial.Status.InitContainerStatuses, initial.Status.ContainerStatuses = initial.Status.ContainerStatuses, nil
	unschedulable := corev1.Pod{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: "0/1 nodes are available: 1 Insufficient memory.",
	}}}}
	going := waiting("ImagePullBackOff", "")
	going.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	evicted := corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", Message: "The node was low on resource: memory."}}
	cases := map[string]struct {
		pods []corev1.Pod
		want string
	}{
		"no pods":              {nil, ""},
		"a pod on its way":     {[]corev1.Pod{waiting("ContainerCreating", "")}, ""},
		"an image":             {[]corev1.Pod{waiting("ImagePullBackOff", "Back-off pulling image")}, `container "portal": its image "x:1" cannot be pulled`},
		"an init container":    {[]corev1.Pod{initial}, `container "portal": its image "x:1" cannot be pulled`},
		"a bad image name":     {[]corev1.Pod{waiting("InvalidImageName", "")}, `container "portal": "x:1" is no image name`},
		"a missing Secret":     {[]corev1.Pod{waiting("CreateContainerConfigError", `secret "smtp" not found`)}, `container "portal" cannot be made: secret "smtp" not found`},
		"a crash":              {[]corev1.Pod{crashing(1, "Error")}, `container "portal" keeps ending with exit code 1; see its log`},
		"too little memory":    {[]corev1.Pod{crashing(137, "OOMKilled")}, `container "portal" keeps ending: it needed more memory than its limit; see its log`},
		"no node":              {[]corev1.Pod{unschedulable}, "the pod cannot be scheduled: 0/1 nodes are available: 1 Insufficient memory."},
		"evicted":              {[]corev1.Pod{evicted}, "the pod was ended by the cluster: Evicted"},
		"a pod that goes away": {[]corev1.Pod{going}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(trouble.Of(c.pods)).To(Equal(c.want))
		})
	}
}

func TestADeploymentThatMayMakeNoPodsSaysSo(t *testing.T) {
	g := NewWithT(t)
	d := &appsv1.Deployment{}
	g.Expect(trouble.OfDeployment(d)).To(BeEmpty())
	d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Message: "exceeded quota"}}
	g.Expect(trouble.OfDeployment(d)).To(Equal("pods cannot be created: exceeded quota"))
}
