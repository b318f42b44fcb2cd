// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"
	"unsafe"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
)

// portalNamed is a Deployment whose texts are copies of their own, as those that were decoded are.
func portalNamed(name string) *appsv1.Deployment {
	text := strings.Clone
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: text("hoshino"), Name: name, ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}},
		Spec: appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			PriorityClassName: text("high"),
			Containers: []corev1.Container{{
				Name: text("portal"), Image: text("alumni-operator:1"), Args: []string{text("serve")},
				Env:           []corev1.EnvVar{{Name: text("TZ"), ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: text("metadata.name")}}}},
				LivenessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: text("/livez")}}},
				Resources:     corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m")}},
			}},
		}}},
	}
}

func TestTheCacheKeepsWhatAnObjectSaysAndOneCopyOfItsTexts(t *testing.T) {
	g := NewWithT(t)
	want := portalNamed("one")
	want.ManagedFields = nil
	var kept []*appsv1.Deployment
	for _, name := range []string{"one", "two"} {
		slimmed, err := slim(portalNamed(name))
		g.Expect(err).NotTo(HaveOccurred())
		d, ok := slimmed.(*appsv1.Deployment)
		g.Expect(ok).To(BeTrue())
		kept = append(kept, d)
	}
	g.Expect(kept[0]).To(Equal(want))
	one, two := kept[0].Spec.Template.Spec.Containers[0], kept[1].Spec.Template.Spec.Containers[0]
	for what, pair := range map[string][2]string{
		"image": {one.Image, two.Image}, "argument": {one.Args[0], two.Args[0]}, "probe": {one.LivenessProbe.HTTPGet.Path, two.LivenessProbe.HTTPGet.Path},
		"environment": {one.Env[0].ValueFrom.FieldRef.FieldPath, two.Env[0].ValueFrom.FieldRef.FieldPath},
	} {
		g.Expect(unsafe.StringData(pair[0])).To(BeIdenticalTo(unsafe.StringData(pair[1])), what)
	}

	n := &v1alpha1.AlumniNetwork{Status: v1alpha1.AlumniNetworkStatus{Conditions: []metav1.Condition{{
		Type: "Ready", Status: "True", Reason: "Ready", Message: "Every part is as declared", LastTransitionTime: metav1.Now(), ObservedGeneration: 3}}}}
	before := n.DeepCopy()
	slimmed, err := slim(n)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(slimmed).To(Equal(before))
}
