// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// nodeLink is the name of the node's end of the link, inside its namespace.
const nodeLink = "node0"

func linkExists(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}

// connect lays the link between the host and the network namespace of the
// supervisor, and the host's routes to pods and Services over it. These are the
// only changes to the host's network; they go with the link.
func (c *Cluster) connect() error {
	l := c.Layout
	ns := itoa(c.Supervisor.PID)
	for _, args := range [][]string{
		{"link", "add", l.Link, "type", "veth", "peer", "name", nodeLink, "netns", ns},
		{"address", "add", l.HostIP.String() + "/30", "dev", l.Link},
		{"link", "set", l.Link, "up"},
		{"route", "add", l.PodNet.String(), "via", l.NodeIP.String(), "dev", l.Link, "onlink"},
		{"route", "add", l.ServiceNet.String(), "via", l.NodeIP.String(), "dev", l.Link, "onlink"},
	} {
		if err := run("ip", args...); err != nil {
			return fmt.Errorf("connect the cluster's network: %w", err)
		}
	}
	return nil
}

// disconnect removes the link if it is still there, and waits until it is gone.
func (c *Cluster) disconnect() error {
	var last error
	for range 100 {
		if !linkExists(c.Layout.Link) {
			return nil
		}
		// the kernel may be removing it just now: only the end result counts
		last = run("ip", "link", "delete", c.Layout.Link)
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("remove link %s: %w", c.Layout.Link, last)
}

// configureNode brings up the network inside the namespace. Without a default
// route nothing of the cluster can reach further than the host.
func (c *Cluster) configureNode() error {
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"address", "add", c.Layout.NodeIP.String() + "/30", "dev", nodeLink},
		{"link", "set", nodeLink, "up"},
		// The API server calls webhooks by the addresses of their Services. kube-proxy translates these only after a
		// route was found for them.
		{"route", "add", c.Layout.ServiceNet.String(), "dev", nodeLink, "src", c.Layout.NodeIP.String()},
	} {
		if err := run("ip", args...); err != nil {
			return fmt.Errorf("configure the node's network: %w", err)
		}
	}
	for key, value := range map[string]string{
		"net/ipv4/ip_forward": "1",
		// Service addresses have to be translated between two pods of one bridge too
		"net/bridge/bridge-nf-call-iptables": "1",
	} {
		err := os.WriteFile(filepath.Join("/proc/sys", key), []byte(value), 0o644)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("set %s: %w", key, err)
		}
	}
	return nil
}

// run runs a short command and puts what it said into the error.
func run(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(out.String()))
	}
	return nil
}
