// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
)

func TestFlagsAreCheckedBeforeAnythingStarts(t *testing.T) {
	inPod := map[string]string{"POD_NAME": "manager-0", "POD_NAMESPACE": "system"}
	cases := map[string]struct {
		args    []string
		env     map[string]string
		refusal string
	}{
		"in a pod nothing is needed":           {nil, inPod, ""},
		"outside an image is needed":           {nil, nil, "--workload-image is needed outside a cluster"},
		"an image by flag":                     {[]string{"--workload-image=x:1"}, nil, ""},
		"an image by environment":              {nil, map[string]string{"ALUMNI_IMAGE": "x:1"}, ""},
		"an unknown flag":                      {[]string{"--colour=blue"}, inPod, "-colour"},
		"an argument that is no flag":          {[]string{"start"}, inPod, "takes flags only"},
		"no workers":                           {[]string{"--max-concurrent-reconciles=0"}, inPod, "from 1 to 100"},
		"too few sessions to work with":        {[]string{"--store-connections=3"}, inPod, "from 4 to 1000"},
		"too few requests to work with":        {[]string{"--kube-api-qps=0"}, inPod, "from 10 to 10000"},
		"stages that shrink":                   {[]string{"--rollout=10%,5%"}, inPod, "not larger than the one before"},
		"servers in the company's network":     {[]string{"--egress-allow=10.20.0.0/16,fd00:1::/32"}, inPod, ""},
		"a server by its name":                 {[]string{"--egress-allow=intranet"}, inPod, "neither an IP address nor a prefix"},
		"a level that would log Secrets":       {[]string{"-v=8"}, inPod, "would log what Secrets hold"},
		"help lists the flags and is no error": {[]string{"-h"}, inPod, "usage of manager:"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := Parse(c.args, func(key string) string { return c.env[key] })
			if c.refusal == "" {
				g.Expect(err).NotTo(HaveOccurred())
				return
			}
			g.Expect(err).To(MatchError(ContainSubstring(c.refusal)))
		})
	}
}

func TestTheOwnImageIsThatOfTheManagersContainer(t *testing.T) {
	pod := func(containers ...corev1.Container) *corev1.Pod {
		return &corev1.Pod{Spec: corev1.PodSpec{Containers: containers}}
	}
	sidecar, manager := corev1.Container{Name: "mesh", Image: "mesh:1"}, corev1.Container{Name: "manager", Image: "alumni-operator:1"}
	cases := map[string]struct {
		pod  *corev1.Pod
		want string
	}{
		"alone":            {pod(manager), "alumni-operator:1"},
		"beside a sidecar": {pod(sidecar, manager), "alumni-operator:1"},
		"by another name":  {pod(corev1.Container{Name: "operator", Image: "x:2"}), "x:2"},
		"no container":     {pod(), ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(imageOf(c.pod)).To(Equal(c.want))
		})
	}
}
