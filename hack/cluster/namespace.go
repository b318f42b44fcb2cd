// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Where programs of the node keep files under names that cannot be changed.
const (
	podLogsDir      = "/var/log/pods"
	containerdState = "/run/containerd"
)

// hiddenSettings are kernel settings of the whole machine that a kubelet sets
// to these values when it starts. Inside the cluster a file stands in for each,
// so that the kubelet is content and the machine stays as it was.
var hiddenSettings = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// privateMounts gives the supervisor a view of the file system in which the
// node's fixed folders are the cluster's own. It runs inside the cluster's
// mount namespace; none of it is seen by the host.
func (c *Cluster) privateMounts() error {
	// cut the ties to the host's mounts first, then share among the cluster's
	// own processes, as volumes that pods mount for each other need it
	for _, flags := range []uintptr{unix.MS_REC | unix.MS_PRIVATE, unix.MS_REC | unix.MS_SHARED} {
		if err := unix.Mount("", "/", "", flags, ""); err != nil {
			return fmt.Errorf("set mount propagation: %w", err)
		}
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	if err := c.hideFolders(); err != nil {
		return err
	}
	for _, b := range []struct{ from, to string }{
		{c.path("kubelet"), "/var/lib/kubelet"},
		{c.path("pod-logs"), podLogsDir},
	} {
		if err := bind(b.from, b.to); err != nil {
			return err
		}
	}
	for name, value := range hiddenSettings {
		stand := filepath.Join("/run/settings", name)
		if err := writeFile(stand, value+"\n", 0o644); err != nil {
			return err
		}
		if err := bindFile(stand, filepath.Join("/proc/sys", name)); err != nil {
			return err
		}
	}
	return nil
}

// hideFolders lays empty folders over the host's /run, /var/lib and /var/log,
// and brings the state folder back to its place.
func (c *Cluster) hideFolders() error {
	state, err := unix.Open(c.Dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", c.Dir, err)
	}
	defer func() { _ = unix.Close(state) }()
	for _, dir := range []string{"/run", "/var/lib", "/var/log"} {
		if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
			return fmt.Errorf("hide %s: %w", dir, err)
		}
	}
	return bind(fmt.Sprintf("/proc/self/fd/%d", state), c.Dir)
}

// bind shows a folder at another place, making both. What is in it concerns
// pods and root only.
func bind(from, to string) error {
	for _, dir := range []string{from, to} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make %s: %w", dir, err)
		}
	}
	return bindFile(from, to)
}

func bindFile(from, to string) error {
	if err := unix.Mount(from, to, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount %s on %s: %w", from, to, err)
	}
	return nil
}
