// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const (
	cloudNativePGModule = "github.com/cloudnative-pg/cloudnative-pg"
	cloudNativePGTool   = "hack/tools/cloudnative-pg"
)

// CloudNativePG is the operator of that name in the version that hack/tools pins.
type CloudNativePG struct {
	// Folder is the source of its module, as the module proxy gives it.
	Folder string
	// Version without a leading v.
	Version string
}

// FindCloudNativePG finds the pinned version, and fetches its source when the module cache lacks it.
func FindCloudNativePG(ctx context.Context) (CloudNativePG, error) {
	root, err := Root()
	if err != nil {
		return CloudNativePG{}, err
	}
	c := &Cluster{root: root, out: os.Stderr}
	if err := c.step(ctx, cloudNativePGTool, "mod", "download", cloudNativePGModule); err != nil {
		return CloudNativePG{}, fmt.Errorf("fetch CloudNativePG: %w", err)
	}
	out, err := c.output(ctx, cloudNativePGTool, "list", "-m", "-f", "{{.Version}} {{.Dir}}", cloudNativePGModule)
	if err != nil {
		return CloudNativePG{}, fmt.Errorf("find CloudNativePG: %w", err)
	}
	version, folder, _ := strings.Cut(strings.TrimSpace(out), " ")
	return CloudNativePG{Folder: folder, Version: strings.TrimPrefix(version, "v")}, nil
}

// CRDs is the folder with its custom resource definitions.
func (p CloudNativePG) CRDs() string { return filepath.Join(p.Folder, "config", "crd", "bases") }

// Manifests are those of its release.
func (p CloudNativePG) Manifests() ([]byte, error) {
	content, err := os.ReadFile(filepath.Join(p.Folder, "releases", "cnpg-"+p.Version+".yaml"))
	if err != nil {
		return nil, fmt.Errorf("read the manifests of CloudNativePG: %w", err)
	}
	return content, nil
}

// releasedImage is how the manifests of a release name the operator's image, for itself and for the pods of PostgreSQL.
var releasedImage = regexp.MustCompile(`\S+/cloudnative-pg:[0-9]\S*`)

// InstallCloudNativePG builds CloudNativePG's operator, loads its image, applies its own manifests, and waits until it runs.
// Two things in the manifests are other than its makers wrote them: the image is the local one, which is never pulled, and no
// CPU limit holds it back on a node that is busy with other pods.
func (c *Cluster) InstallCloudNativePG(ctx context.Context) error {
	found, err := FindCloudNativePG(ctx)
	if err != nil {
		return err
	}
	tarball, err := c.output(ctx, "hack/images", "run", ".", "cloudnative-pg")
	if err != nil {
		return fmt.Errorf("build image cloudnative-pg: %w", err)
	}
	if err := c.step(ctx, "hack/cluster", "run", ".", "load", "--name", c.Name, lastLine(tarball)); err != nil {
		return fmt.Errorf("load image cloudnative-pg: %w", err)
	}
	manifests, err := found.Manifests()
	if err != nil {
		return err
	}
	local := releasedImage.ReplaceAllString(string(manifests), "cloudnative-pg:"+found.Version)
	local = strings.ReplaceAll(local, "imagePullPolicy: Always", "imagePullPolicy: IfNotPresent")
	local = strings.ReplaceAll(local, "          limits:\n            cpu: 100m\n", "          limits:\n")
	if _, err := c.KubectlWith(ctx, []byte(local), "apply", "--server-side", "--force-conflicts", "-f", "-"); err != nil {
		return fmt.Errorf("install CloudNativePG: %w", err)
	}
	_, err = c.Kubectl(ctx, "-n", "cnpg-system", "rollout", "status", "deployment/cnpg-controller-manager", "--timeout=240s")
	return err
}
