// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Limits of the boot. The usual times are a tenth of them; they have to hold on
// a machine that is busy with something else.
const (
	runtimeLimit = 60 * time.Second
	apiLimit     = 120 * time.Second
	nodeLimit    = 120 * time.Second
	dnsLimit     = 180 * time.Second
)

// up makes the named cluster and waits until pods run on it. On a cluster that
// runs already it only makes sure that all of it is there.
func up(ctx context.Context, name string, builder Builder) error {
	if err := checkName(name); err != nil {
		return err
	}
	unlock, err := lockDir(stateRoot() + "/" + name)
	if err != nil {
		return err
	}
	defer unlock()
	p := builder.Progress
	c, err := loadCluster(name)
	switch {
	case err == nil && c.running():
		p.say("cluster %q is already running", name)
	default:
		if c, err = boot(name, builder, err == nil); err != nil {
			return err
		}
	}
	if err := c.finish(ctx, builder); err != nil {
		return fmt.Errorf("%w\n\nThe cluster is left as it is. Logs: %s\nRemove it with: cluster down --name %s",
			err, c.path("logs"), name)
	}
	p.say("cluster %q is ready: node %s, Services %s, pods %s", name,
		c.Layout.NodeIP, c.Layout.ServiceNet, c.Layout.PodNet)
	p.say("export KUBECONFIG=%s", c.kubeconfig())
	return nil
}

// boot starts the supervisor of a new cluster. What an ended cluster of the
// same name left is removed first.
func boot(name string, builder Builder, leftover bool) (*Cluster, error) {
	if leftover {
		builder.Progress.say("cluster %q has ended; removing what it left", name)
	}
	if err := removeCluster(name, leaveFolder); err != nil {
		return nil, err
	}
	c, err := newCluster(name)
	if err != nil {
		return nil, err
	}
	if err := c.prepare(builder); err != nil {
		return nil, errors.Join(err, removeCluster(name, leaveFolder))
	}
	if err := c.launch(); err != nil {
		return nil, errors.Join(err, removeCluster(name, leaveFolder))
	}
	builder.Progress.say("cluster %q is booting, process %d", name, c.Supervisor.PID)
	return c, nil
}

// prepare fills the state folder: programs, keys, configuration.
func (c *Cluster) prepare(builder Builder) error {
	cni, err := findCNI()
	if err != nil {
		return err
	}
	for _, p := range programs {
		binary, err := builder.Cache.binary(p)
		if err != nil {
			return err
		}
		if err := linkFile(binary, c.program(p.Name)); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	// a copy: «go run» removes its binary as soon as the command ends
	if err := copyFile(self, c.program(selfName)); err != nil {
		return fmt.Errorf("copy this program: %w", err)
	}
	if err := c.writePKI(); err != nil {
		return err
	}
	if err := c.writeConfigs(cni); err != nil {
		return err
	}
	return c.ensureCgroups()
}

// launch starts the supervisor in namespaces of its own, lays the network to
// it, and lets it go on.
func (c *Cluster) launch() error {
	log, err := os.OpenFile(c.logFile("supervisor"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open the supervisor's log: %w", err)
	}
	defer func() { _ = log.Close() }()
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make a pipe: %w", err)
	}
	defer func() { _ = write.Close() }()
	cmd := exec.Command(c.program(selfName), "supervise", "--name="+c.Name)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.Dir, log, log
	cmd.Env = []string{"ALUMNI_CLUSTER_STATE=" + stateRoot(), "HOME=/root", "PATH=" + os.Getenv("PATH")}
	cmd.ExtraFiles = []*os.File{read}
	cmd.SysProcAttr = &unix.SysProcAttr{
		Setsid:     true,
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
	}
	err = cmd.Start()
	_ = read.Close()
	if err != nil {
		return fmt.Errorf("start the supervisor: %w", err)
	}
	if c.Supervisor, err = identify(cmd.Process.Pid); err != nil {
		return fmt.Errorf("start the supervisor: %w", err)
	}
	go func() { _ = cmd.Wait() }() // collects it if it ends while «up» still runs
	if err := c.save(); err != nil {
		return err
	}
	if err := c.connect(); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(write, goSignal); err != nil {
		return fmt.Errorf("let the supervisor go on: %w", err)
	}
	return nil
}

// finish waits for each part of the cluster in turn and fills it.
func (c *Cluster) finish(ctx context.Context, builder Builder) error {
	p := builder.Progress
	imported := make(chan error, 1)
	go func() { imported <- c.importNodeImages(ctx, builder) }()
	if err := c.waitFor(ctx, apiLimit, "the API server", c.askAPI); err != nil {
		return c.explain(err, "kube-apiserver", "etcd")
	}
	p.say("API server is ready at %s", c.Layout.APIServer())
	if err := <-imported; err != nil {
		return c.explain(err, "containerd")
	}
	if err := c.applyManifests(ctx); err != nil {
		return err
	}
	if err := c.waitFor(ctx, nodeLimit, "the node", c.nodeReady); err != nil {
		return c.explain(err, "kubelet", "containerd")
	}
	p.say("node %q is Ready", c.Name)
	if err := c.waitFor(ctx, dnsLimit, "the cluster's DNS", c.deploymentReady("kube-system", "coredns")); err != nil {
		return c.explain(err, "kubelet", "kube-proxy", "kube-scheduler", "kube-controller-manager")
	}
	p.say("DNS and storage are ready")
	return nil
}

func (c *Cluster) askAPI(ctx context.Context) (bool, error) { return c.apiReady(ctx), nil }

// importNodeImages loads the images that every cluster holds, before any pod
// could ask for them: a pull that failed once is tried again and again.
func (c *Cluster) importNodeImages(ctx context.Context, builder Builder) error {
	err := c.waitFor(ctx, runtimeLimit, "containerd", func(ctx context.Context) (bool, error) {
		if !exists(c.containerdSocket()) {
			return false, nil
		}
		_, err := c.ctr(ctx, "version")
		return err == nil, err
	})
	if err != nil {
		return err
	}
	for _, program := range nodeImages {
		_, tarball := builder.imageFiles(program)
		if err := c.loadImage(ctx, tarball); err != nil {
			return err
		}
	}
	return nil
}

// explain adds to an error the end of the logs that most likely tell its cause:
// those of the components that ended by themselves, or else the usual suspects.
func (c *Cluster) explain(cause error, suspects ...string) error {
	ended := slices.Sorted(maps.Keys(c.endings()))
	if !c.running() {
		ended = append(ended, "supervisor")
	}
	if len(ended) == 0 {
		ended = suspects
	}
	var text strings.Builder
	for _, name := range ended {
		fmt.Fprintf(&text, "\n\nThe end of %s:\n%s", c.logFile(name), tail(c.logFile(name), 15))
	}
	return fmt.Errorf("%w%s", cause, text.String())
}
