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
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
)

// Client talks to the cluster's API server about Kubernetes' own kinds and ours.
func (c *Cluster) Client() (client.Client, error) {
	ctrllog.SetLogger(logr.Discard()) // the client's own log is not part of a story
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, err
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	return client.New(config, client.Options{Scheme: scheme})
}

// Kubectl runs kubectl against the cluster and gives what it printed.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return c.KubectlWith(ctx, nil, args...)
}

// KubectlWith is Kubectl with something to read, for `kubectl apply -f -`.
func (c *Cluster) KubectlWith(ctx context.Context, stdin []byte, args ...string) (string, error) {
	return c.tool(ctx, c.KubectlPath, stdin, args...)
}

// tool runs a program that knows --kubeconfig against the cluster, in the repository's root.
func (c *Cluster) tool(ctx context.Context, path string, stdin []byte, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, path, append([]string{"--kubeconfig", c.Kubeconfig}, args...)...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = c.root, bytes.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w: %s", filepath.Base(path), strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// Install applies the operator with kustomize, set to the cluster's images, and waits until it runs.
func (c *Cluster) Install(ctx context.Context) error {
	manifests, err := c.Kubectl(ctx, "kustomize", "config/default")
	if err != nil {
		return err
	}
	manifests = strings.ReplaceAll(manifests, "image: alumni-operator:dev", "image: "+c.Images.Operator)
	if c.Images.Postgres != "" {
		manifests = addArgument(manifests, "- --leader-elect", "- --postgres-image="+c.Images.Postgres)
	}
	if _, err := c.KubectlWith(ctx, []byte(manifests), "apply", "--server-side", "--force-conflicts", "-f", "-"); err != nil {
		return fmt.Errorf("install the operator: %w", err)
	}
	_, err = c.Kubectl(ctx, "-n", "alumni-operator-system", "rollout", "status", "deployment/alumni-operator-manager", "--timeout=180s")
	return err
}

// addArgument puts a command-line argument after another in rendered manifests.
func addArgument(manifests, after, argument string) string {
	var out []string
	for line := range strings.SplitSeq(manifests, "\n") {
		out = append(out, line)
		if strings.TrimSpace(line) == after {
			out = append(out, line[:strings.Index(line, after)]+argument)
		}
	}
	return strings.Join(out, "\n")
}

// PortForward opens a local port to a Service for as long as the context lives and gives its address.
func (c *Cluster) PortForward(ctx context.Context, namespace, service string, port int) (string, error) {
	cmd := exec.CommandContext(ctx, c.KubectlPath, "--kubeconfig", c.Kubeconfig, "-n", namespace, "port-forward", "svc/"+service, fmt.Sprintf(":%d", port))
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("forward a port to %s/%s: %w", namespace, service, err)
	}
	found := make(chan string, 1)
	go func() {
		defer close(found)
		buffer := make([]byte, 4096)
		n, _ := stdout.Read(buffer)
		if _, rest, ok := strings.Cut(string(buffer[:n]), "127.0.0.1:"); ok {
			address, _, _ := strings.Cut(rest, " ")
			found <- "127.0.0.1:" + address
		}
		for {
			if _, err := stdout.Read(buffer); err != nil {
				break
			}
		}
		_ = cmd.Wait()
	}()
	select {
	case address, ok := <-found:
		if ok {
			return address, nil
		}
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
	}
	return "", fmt.Errorf("forward a port to %s/%s: kubectl gave no port", namespace, service)
}

// Eventually calls check each half second until it gives no error, and fails with the last one when the time is
// over.
func Eventually(ctx context.Context, within time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		if last = check(ctx); last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s: %w", within, last)
		case <-tick.C:
		}
	}
}
