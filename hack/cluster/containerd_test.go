// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestParseImagesLeavesOutSecondNames(t *testing.T) {
	g := NewWithT(t)
	g.Expect(parseImages(`REF TYPE DIGEST SIZE PLATFORMS LABELS
cluster.alumni-operator.io/pause:local application/vnd.oci.image.manifest.v1+json sha256:aa 697.8 KiB linux/amd64 io.cri-containerd.image=managed
docker.io/library/postgres-debian:15 application/vnd.oci.image.index.v1+json sha256:bb 44.2 MiB linux/amd64 -
sha256:cc application/vnd.oci.image.manifest.v1+json sha256:bb 44.2 MiB linux/amd64 -
`)).To(Equal([][2]string{
		{"cluster.alumni-operator.io/pause:local", "697.8 KiB"},
		{"docker.io/library/postgres-debian:15", "44.2 MiB"},
	}))
	g.Expect(parseImages("REF TYPE DIGEST SIZE PLATFORMS LABELS\n")).To(BeEmpty())
}

func TestWithoutWarningsKeepsTheCause(t *testing.T) {
	text := "time=now level=warning msg=\"cgroup v1 is deprecated\"\nctr: archive/tar: invalid tar header\n"
	NewWithT(t).Expect(withoutWarnings(text)).To(Equal("ctr: archive/tar: invalid tar header"))
}

func TestDifferencesTellsWhatIsNewAndWhatIsLost(t *testing.T) {
	g := NewWithT(t)
	const process = "process in other namespaces"
	before := Traces{"link": {"lo", "eth0"}, "route": {"a"}, process: {"/proc/7/ns/pid"}}
	g.Expect(before.differences(before)).To(BeEmpty())
	g.Expect(Traces{"link": {"lo", "eth0", "alumni3"}, "route": nil, process: nil}.differences(before)).To(Equal([]string{
		"lost route: a",
		"new link: alumni3",
	}), "a process of another program may end while the test runs")
}
