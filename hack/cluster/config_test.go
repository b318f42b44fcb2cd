// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// example is a cluster that exists on paper only.
func example(t *testing.T) *Cluster {
	t.Helper()
	layout, err := NewLayout(5)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return &Cluster{Name: "paper", Slot: 5, Layout: layout, Dir: filepath.Join(t.TempDir(), "paper")}
}

func TestEveryComponentUsesTheClustersOwnPrograms(t *testing.T) {
	g := NewWithT(t)
	c := example(t)
	known := map[string]bool{selfName: true}
	for _, p := range programs {
		known[p.Name] = true
	}
	names := map[string]bool{}
	for _, component := range c.components() {
		g.Expect(known).To(HaveKey(filepath.Base(component.Args[0])))
		g.Expect(component.Args[0]).To(HavePrefix(c.Dir))
		g.Expect(names).NotTo(HaveKey(component.Name), "each component has its own log")
		names[component.Name] = true
		for _, arg := range component.Args {
			g.Expect(arg).NotTo(ContainSubstring("invalid IP"), component.Name)
		}
	}
}

func TestTheAPIServerAuthorizesAndLimitsNodes(t *testing.T) {
	g := NewWithT(t)
	args := example(t).apiServer().Args
	g.Expect(args).To(ContainElements(
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--kubelet-preferred-address-types=InternalIP",
		"--advertise-address=198.18.5.2",
	))
}

func TestConfigsCarryTheAddressesOfTheirSlot(t *testing.T) {
	g := NewWithT(t)
	c := example(t)
	g.Expect(c.writeConfigs("/cni/plugins")).To(Succeed())
	for file, parts := range map[string][]string{
		"kubelet.yaml":           {"198.18.148.10", "cgroupRoot: /alumni-cluster-paper", "failCgroupV1: false", "failSwapOn: false"},
		"kube-proxy.yaml":        {"mode: nftables", "clusterCIDR: 198.19.40.0/21", "maxPerCore: 0"},
		"cni/10-bridge.conflist": {`"subnet":"198.19.40.0/21"`, `"type":"portmap"`},
		"containerd.toml":        {`bin_dirs = ["/cni/plugins"]`, "SystemdCgroup = false", pauseImage, c.program("runc")},
	} {
		raw, err := os.ReadFile(c.path("config", file))
		g.Expect(err).NotTo(HaveOccurred())
		for _, part := range parts {
			g.Expect(string(raw)).To(ContainSubstring(part), file)
		}
	}
	raw, err := os.ReadFile(c.path("config", "cni/10-bridge.conflist"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(json.Valid(raw)).To(BeTrue(), "the network plugins read JSON only")
}

func TestContainerdIsToldWhatThisRootMayNotDo(t *testing.T) {
	g := NewWithT(t)
	c := example(t)
	g.Expect(c.containerdConfig("/x", true)).To(ContainSubstring("restrict_oom_score_adj = true"))
	g.Expect(c.containerdConfig("/x", false)).To(ContainSubstring("restrict_oom_score_adj = false"))
}

func TestManifestsAreCompleteObjects(t *testing.T) {
	g := NewWithT(t)
	text, err := example(t).renderManifests()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(text).To(ContainSubstring("clusterIP: 198.18.148.10"))
	kinds := map[string]int{}
	for _, part := range strings.Split(text, "\n---\n") {
		var object struct {
			Kind     string `json:"kind"`
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
		}
		g.Expect(yaml.Unmarshal([]byte(part), &object)).To(Succeed())
		g.Expect(object.Metadata.Name).NotTo(BeEmpty(), part)
		kinds[object.Kind]++
	}
	g.Expect(kinds).To(HaveKeyWithValue("StorageClass", 1))
	g.Expect(kinds).To(HaveKeyWithValue("Deployment", 1))
}

func TestPKIIsReadableByItsOwnerOnly(t *testing.T) {
	g := NewWithT(t)
	c := example(t)
	g.Expect(c.writePKI()).To(Succeed())
	files, err := filepath.Glob(c.path("pki", "*"))
	g.Expect(err).NotTo(HaveOccurred())
	for _, file := range append(files, c.kubeconfig()) {
		info, err := os.Stat(file)
		g.Expect(err).NotTo(HaveOccurred())
		if filepath.Ext(file) != ".crt" {
			g.Expect(info.Mode().Perm()).To(Equal(os.FileMode(0o600)), file)
		}
	}
	config, err := c.restConfig()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(config.Host).To(Equal("https://198.18.5.2:6443"))
	g.Expect(config.CAData).NotTo(BeEmpty())
}

func TestCgroupMount(t *testing.T) {
	for sentence, tc := range map[string]struct {
		line, dir string
		ok        bool
	}{
		"a v1 controller":            {"35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory", "/sys/fs/cgroup/memory", true},
		"the one v2 hierarchy":       {"31 23 0:28 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw", "/sys/fs/cgroup", true},
		"a tmpfs above them":         {"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755", "", false},
		"a line that makes no sense": {"cgroup", "", false},
	} {
		t.Run(sentence, func(t *testing.T) {
			g := NewWithT(t)
			dir, ok := cgroupMount(tc.line)
			g.Expect(ok).To(Equal(tc.ok))
			if ok {
				g.Expect(dir).To(Equal(tc.dir))
			}
		})
	}
}

func TestWantsVolume(t *testing.T) {
	for sentence, tc := range map[string]struct {
		change func(*corev1.PersistentVolumeClaim)
		want   bool
	}{
		"a claim whose pod has a node":  {func(*corev1.PersistentVolumeClaim) {}, true},
		"no pod uses the claim yet":     {func(p *corev1.PersistentVolumeClaim) { p.Annotations = nil }, false},
		"the claim has a volume":        {func(p *corev1.PersistentVolumeClaim) { p.Spec.VolumeName = "v" }, false},
		"the claim is of another class": {func(p *corev1.PersistentVolumeClaim) { p.Spec.StorageClassName = new(string) }, false},
		"the claim is of no class":      {func(p *corev1.PersistentVolumeClaim) { p.Spec.StorageClassName = nil }, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			class := storageClass
			claim := &corev1.PersistentVolumeClaim{}
			claim.UID = "u"
			claim.Annotations = map[string]string{selectedNode: "paper"}
			claim.Spec.StorageClassName = &class
			tc.change(claim)
			NewWithT(t).Expect(wantsVolume(claim)).To(Equal(tc.want))
		})
	}
}

func TestIsSpentLeavesWhatIsKeptOrForeign(t *testing.T) {
	vol := func(by string, policy corev1.PersistentVolumeReclaimPolicy, phase corev1.PersistentVolumePhase) *corev1.PersistentVolume {
		v := &corev1.PersistentVolume{}
		v.Annotations = map[string]string{provisionedBy: by}
		v.Spec.PersistentVolumeReclaimPolicy = policy
		v.Status.Phase = phase
		return v
	}
	for sentence, tc := range map[string]struct {
		vol  *corev1.PersistentVolume
		want bool
	}{
		"released and to be deleted": {vol(provisionerName, corev1.PersistentVolumeReclaimDelete, corev1.VolumeReleased), true},
		"still bound":                {vol(provisionerName, corev1.PersistentVolumeReclaimDelete, corev1.VolumeBound), false},
		"to be retained":             {vol(provisionerName, corev1.PersistentVolumeReclaimRetain, corev1.VolumeReleased), false},
		"made by another":            {vol("other", corev1.PersistentVolumeReclaimDelete, corev1.VolumeReleased), false},
	} {
		t.Run(sentence, func(t *testing.T) { NewWithT(t).Expect(isSpent(tc.vol)).To(Equal(tc.want)) })
	}
}
