// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Images are the names by which a cluster finds the images of a story.
type Images struct {
	Operator string // manager, portal, worker and pgboot
	Demo     string // mailbox and people
	Postgres string // empty: the operator's own default
}

// LocalImages are the names of the images that hack/images builds for the local cluster.
func LocalImages() Images {
	return Images{Operator: "alumni-operator:dev", Demo: "alumni-operator-demo:dev", Postgres: "postgres-debian:15"}
}

// Cluster is a cluster that a story runs on.
type Cluster struct {
	// Name of the local cluster; empty for the cluster of the current kubeconfig context.
	Name string
	// Kubeconfig is the path of its kubeconfig.
	Kubeconfig string
	// Images by which its pods run.
	Images Images
	// KubectlPath is the kubectl to use: the local cluster's own, or the one on the PATH.
	KubectlPath string
	root        string
	out         io.Writer
}

// Up boots the local cluster of that name, or finds it running, builds the images and loads them. It tells its
// progress to out.
func Up(ctx context.Context, name string, out io.Writer) (*Cluster, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	c := &Cluster{Name: name, Images: LocalImages(), root: root, out: out}
	if err := c.step(ctx, "hack/cluster", "run", ".", "up", "--name", name); err != nil {
		return nil, fmt.Errorf("bring up cluster %s: %w", name, err)
	}
	kubeconfig, err := c.output(ctx, "hack/cluster", "run", ".", "kubeconfig", "--name", name)
	if err != nil {
		return nil, fmt.Errorf("find kubeconfig of cluster %s: %w", name, err)
	}
	c.Kubeconfig = strings.TrimSpace(kubeconfig)
	assets, err := c.output(ctx, "hack/cluster", "run", ".", "assets") // the cluster's kubectl was built with it
	if err != nil {
		return nil, fmt.Errorf("find the kubectl of cluster %s: %w", name, err)
	}
	c.KubectlPath = filepath.Join(lastLine(assets), "kubectl")
	for _, image := range []string{"postgres", "demo", "operator"} {
		tarball, err := c.output(ctx, "hack/images", "run", ".", image)
		if err != nil {
			return nil, fmt.Errorf("build image %s: %w", image, err)
		}
		if err := c.step(ctx, "hack/cluster", "run", ".", "load", "--name", name, lastLine(tarball)); err != nil {
			return nil, fmt.Errorf("load image %s: %w", image, err)
		}
	}
	return c, nil
}

// Current is the cluster of the current kubeconfig context; its nodes must be able to pull the images.
func Current(images Images, out io.Writer) (*Cluster, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	kubeconfig := os.Getenv("KUBECONFIG")
	if kubeconfig == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, fmt.Errorf("find kubeconfig: %w", err)
		}
		kubeconfig = filepath.Join(home, ".kube", "config")
	}
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		return nil, fmt.Errorf("use the cluster of the current kubeconfig context: %w; install kubectl", err)
	}
	return &Cluster{Kubeconfig: kubeconfig, KubectlPath: kubectl, Images: images, root: root, out: out}, nil
}

// Down removes the local cluster of that name with everything in it.
func Down(ctx context.Context, name string, out io.Writer) error {
	root, err := Root()
	if err != nil {
		return err
	}
	c := &Cluster{Name: name, root: root, out: out}
	return c.step(ctx, "hack/cluster", "run", ".", "down", "--name", name)
}

// Root is the folder of the repository that the working directory is in.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "PROJECT")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("run this inside the repository")
}

// step runs a go command in a folder of the repository and shows what it says.
func (c *Cluster) step(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = filepath.Join(c.root, dir)
	cmd.Stdout, cmd.Stderr = c.out, c.out
	return cmd.Run()
}

// output runs a go command in a folder of the repository, shows its progress and gives what it printed.
func (c *Cluster) output(ctx context.Context, dir string, args ...string) (string, error) {
	var stdout bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = filepath.Join(c.root, dir)
	cmd.Stdout, cmd.Stderr = &stdout, c.out
	err := cmd.Run()
	return stdout.String(), err
}

// lastLine is the last line that is not empty.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
