// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// Helm runs the helm that hack/tools pins against the cluster, and builds it first when the cache lacks it.
func (c *Cluster) Helm(ctx context.Context, args ...string) (string, error) {
	var built bytes.Buffer
	build := exec.CommandContext(ctx, filepath.Join(c.root, "hack", "tool.sh"), "helm")
	build.Stdout, build.Stderr = &built, c.out
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build helm: %w", err)
	}
	return c.tool(ctx, lastLine(built.String()), nil, args...)
}
