// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	_ "embed"
	"fmt"
	"path/filepath"
	"strings"
)

// Traefik as the manifests install it: a Service of this name, and classes of Ingress and Gateway that are called like it.
const (
	TraefikNamespace = "traefik"
	TraefikService   = "traefik"
)

const (
	traefikParts     = "hack/tools/traefik-parts"
	gatewayAPIModule = "sigs.k8s.io/gateway-api"
)

//go:embed traefik.yaml
var traefikManifests string

// InstallTraefik builds Traefik, loads its image, installs the Gateway API and Traefik, and waits until it runs. It serves
// Ingresses of class traefik, and Gateways of class traefik with listeners on port 8443.
func (c *Cluster) InstallTraefik(ctx context.Context) error {
	built, err := c.output(ctx, "hack/images", "run", ".", "traefik")
	if err != nil {
		return fmt.Errorf("build image traefik: %w", err)
	}
	if err := c.step(ctx, "hack/cluster", "run", ".", "load", "--name", c.Name, lastLine(built)); err != nil {
		return fmt.Errorf("load image traefik: %w", err)
	}
	if err := c.installGatewayAPI(ctx); err != nil {
		return err
	}
	if _, err := c.KubectlWith(ctx, []byte(traefikManifests), "apply", "--server-side", "-f", "-"); err != nil {
		return fmt.Errorf("install Traefik: %w", err)
	}
	_, err = c.Kubectl(ctx, "-n", TraefikNamespace, "rollout", "status", "deployment/traefik", "--timeout=120s")
	return err
}

// installGatewayAPI applies the CRDs of the Gateway API's standard channel, in the version that Traefik was made for.
func (c *Cluster) installGatewayAPI(ctx context.Context) error {
	if err := c.step(ctx, traefikParts, "mod", "download", gatewayAPIModule); err != nil {
		return fmt.Errorf("fetch the Gateway API: %w", err)
	}
	folder, err := c.output(ctx, traefikParts, "list", "-m", "-f", "{{.Dir}}", gatewayAPIModule)
	if err != nil {
		return fmt.Errorf("find the Gateway API: %w", err)
	}
	crds := filepath.Join(strings.TrimSpace(folder), "config", "crd")
	if _, err := c.Kubectl(ctx, "apply", "--server-side", "-k", crds); err != nil {
		return fmt.Errorf("install the Gateway API: %w", err)
	}
	return nil
}
