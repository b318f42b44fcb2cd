// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// Helm runs the helm that hack/tools pins against the cluster, and builds it first when the cache lacks it.
func (c *Cluster) Helm(ctx context.Context, args ...string) (string, error) {
	var built bytes.Buffer
	tool := exec.CommandContext(ctx, filepath.Join(c.root, "hack", "tool.sh"), "helm")
	tool.Stdout, tool.Stderr = &built, c.out
	if err := tool.Run(); err != nil {
		return "", fmt.Errorf("build helm: %w", err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, lastLine(built.String()), append([]string{"--kubeconfig", c.Kubeconfig}, args...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("helm %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
