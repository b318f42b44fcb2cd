// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"text/tabwriter"

	"golang.org/x/sys/unix"
)

// showStatus lists every cluster, or tells about one in detail.
func showStatus(ctx context.Context, out io.Writer, name string) error {
	if name != "" {
		return showCluster(ctx, out, name)
	}
	names, err := listClusters()
	if err != nil {
		return err
	}
	if len(names) == 0 {
		_, err := fmt.Fprintln(out, "no clusters")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "NAME\tSTATE\tNODE\tKUBECONFIG")
	for _, name := range names {
		c, err := loadCluster(name)
		if err != nil {
			_, _ = fmt.Fprintf(w, "%s\thalf made: run down\t\t\n", name)
			continue
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", name, c.condition(ctx), c.Layout.NodeIP, c.kubeconfig())
	}
	return w.Flush()
}

// condition is the state of a cluster in a word or two.
func (c *Cluster) condition(ctx context.Context) string {
	if !c.running() {
		return "ended: run down or up"
	}
	if unix.Access(c.kubeconfig(), unix.R_OK) != nil {
		return "running; ask as root for more"
	}
	if !c.apiReady(ctx) {
		return "running, API server not ready"
	}
	if ready, _ := c.nodeReady(ctx); !ready {
		return "running, node not ready"
	}
	return "ready"
}

func showCluster(ctx context.Context, out io.Writer, name string) error {
	c, err := loadCluster(name)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{
		{"name", c.Name},
		{"state", c.condition(ctx)},
		{"API server", c.Layout.APIServer()},
		{"node", c.Layout.NodeIP.String() + " (NodePorts answer here)"},
		{"pods", c.Layout.PodNet.String()},
		{"Services", c.Layout.ServiceNet.String()},
		{"kubeconfig", c.kubeconfig()},
		{"kubectl", c.program("kubectl")},
		{"logs", c.path("logs")},
		{"volumes", c.path("volumes")},
		{"supervisor", "process " + itoa(c.Supervisor.PID)},
	} {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", row[0], row[1])
	}
	for _, component := range c.components() {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", component.Name, c.describe(component))
	}
	return w.Flush()
}

// describe tells whether a component runs, as which process of the host.
func (c *Cluster) describe(component Component) string {
	found := findProcesses(func(args []string) bool {
		return len(args) > 1 && args[0] == component.Args[0] && args[1] == component.Args[1]
	})
	if len(found) == 0 {
		return "not running"
	}
	return "process " + itoa(found[0].PID)
}

// enter runs a command inside a cluster's namespaces, as if on its node.
func enter(ctx context.Context, name string, args []string) error {
	c, err := loadCluster(name)
	if err != nil {
		return err
	}
	if !c.running() {
		return fmt.Errorf("cluster %q is not running", name)
	}
	target := []string{"--target=" + itoa(c.Supervisor.PID), "--mount", "--pid", "--net", "--ipc", "--uts", "--"}
	cmd := exec.CommandContext(ctx, "nsenter", append(target, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}
