// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"os/exec"
	"strings"
	"text/template"
)

//go:embed manifests/*.yaml
var manifestFiles embed.FS

// renderManifests fills the addresses and image names into the objects that
// every cluster holds: DNS, the storage class, and the provisioner's rights.
func (c *Cluster) renderManifests() (string, error) {
	t, err := template.New("manifests").Option("missingkey=error").ParseFS(manifestFiles, "manifests/*.yaml")
	if err != nil {
		return "", fmt.Errorf("read the manifests: %w", err)
	}
	values := map[string]string{
		"DNSService":      c.Layout.DNSService.String(),
		"DNSImage":        dnsImage,
		"ProvisionerUser": provisionerUser,
		"ProvisionerName": provisionerName,
		"StorageClass":    storageClass,
	}
	var out bytes.Buffer
	for _, part := range t.Templates() {
		out.WriteString("---\n")
		if err := part.Execute(&out, values); err != nil {
			return "", fmt.Errorf("fill manifest %s: %w", part.Name(), err)
		}
	}
	return out.String(), nil
}

// kubectl runs the cluster's own kubectl as its administrator.
func (c *Cluster) kubectl(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, c.program("kubectl"), append([]string{"--kubeconfig", c.kubeconfig()}, args...)...)
}

func (c *Cluster) applyManifests(ctx context.Context) error {
	text, err := c.renderManifests()
	if err != nil {
		return err
	}
	return c.apply(ctx, text)
}

// apply sends objects to the API server by server-side apply.
func (c *Cluster) apply(ctx context.Context, text string) error {
	cmd := c.kubectl(ctx, "apply", "--server-side", "--force-conflicts", "--field-manager=cluster", "-f", "-")
	cmd.Stdin = strings.NewReader(text)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("apply objects: %w: %s", err, strings.TrimSpace(out.String()))
	}
	return nil
}
