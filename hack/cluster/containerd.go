// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// imageNamespace is where the kubelet looks for images in containerd.
const imageNamespace = "k8s.io"

func (c *Cluster) containerd() Component {
	return Component{Name: "containerd", Args: []string{
		c.program("containerd"), "--config=" + c.path("config", "containerd.toml"),
	}}
}

// containerdConfig renders containerd's configuration. Without the capability
// to lower a process's OOM score (a root user in some sandboxes), containers
// start only when containerd does not try to.
func (c *Cluster) containerdConfig(cniPlugins string, restrictOOM bool) string {
	return fmt.Sprintf(`version = 3
root = %q
state = %q

[grpc]
  address = %q

[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = %q

[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = %t
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = [%q]
    conf_dir = %q
    max_conf_num = 1
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = 'runc'
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = 'io.containerd.runc.v2'
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        BinaryName = %q
        SystemdCgroup = false
`, c.path("containerd"), containerdState, c.containerdSocket(), pauseImage, restrictOOM,
		cniPlugins, c.path("config", "cni"), c.program("runc"))
}

// cniConfig joins every pod to one bridge of the node. Nothing is hidden behind
// the node's address: the host has a route to the pods, and no one else has.
func (c *Cluster) cniConfig() map[string]any {
	return map[string]any{
		"cniVersion": "1.0.0",
		"name":       "alumni",
		"plugins": []any{
			map[string]any{
				"type":        "bridge",
				"bridge":      "pods",
				"isGateway":   true,
				"hairpinMode": true,
				"ipam": map[string]any{
					"type":    "host-local",
					"dataDir": "/run/cni",
					"ranges":  []any{[]any{map[string]any{"subnet": c.Layout.PodNet.String()}}},
					"routes":  []any{map[string]any{"dst": "0.0.0.0/0"}},
				},
			},
			map[string]any{"type": "portmap", "capabilities": map[string]any{"portMappings": true}},
		},
	}
}

// lacksResourceCapability says whether this root user may not lower OOM scores.
func lacksResourceCapability() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return true
	}
	return data[0].Effective&(1<<unix.CAP_SYS_RESOURCE) == 0
}

// ctr runs containerd's own client on this cluster and gives what it printed.
// What it says beside that matters only when it fails.
func (c *Cluster) ctr(ctx context.Context, args ...string) (string, error) {
	all := append([]string{"--address", c.containerdSocket(), "--namespace", imageNamespace}, args...)
	cmd := exec.CommandContext(ctx, c.program("ctr"), all...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, withoutWarnings(errs.String()))
	}
	return out.String(), nil
}

// withoutWarnings drops the log lines that say nothing about a failure.
func withoutWarnings(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "level=warning") {
			kept = append(kept, strings.TrimSpace(line))
		}
	}
	return strings.Join(kept, "; ")
}

// loadImage imports an image tarball (docker save or OCI layout) for the pods.
func (c *Cluster) loadImage(ctx context.Context, tarball string) error {
	if _, err := os.Stat(tarball); err != nil {
		return fmt.Errorf("load image: %w", err)
	}
	if _, err := c.ctr(ctx, "images", "import", tarball); err != nil {
		return fmt.Errorf("load image %s: %w", tarball, err)
	}
	return nil
}

// listImages gives name and size of every image that pods can use.
func (c *Cluster) listImages(ctx context.Context) ([][2]string, error) {
	out, err := c.ctr(ctx, "images", "list")
	if err != nil {
		return nil, fmt.Errorf("list images: %w", err)
	}
	return parseImages(out), nil
}

// parseImages reads the table of «ctr images list»: reference, type, digest,
// size and unit. The kubelet's second names for an image, its digests, are
// left out.
func parseImages(table string) [][2]string {
	var images [][2]string
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) >= 5 && f[0] != "REF" && !strings.HasPrefix(f[0], "sha256:") {
			images = append(images, [2]string{f[0], f[3] + " " + f[4]})
		}
	}
	return images
}
