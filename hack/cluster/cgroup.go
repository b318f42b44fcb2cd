// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const cgroupRoot = "/sys/fs/cgroup"

// unified says whether the host has cgroup v2 alone.
func unified() bool {
	var st unix.Statfs_t
	return unix.Statfs(cgroupRoot, &st) == nil && st.Type == unix.CGROUP2_SUPER_MAGIC
}

// hierarchies lists where control groups are mounted: one place on a cgroup v2
// host, one per controller on a v1 host.
func hierarchies() ([]string, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("find the control groups: %w", err)
	}
	defer func() { _ = f.Close() }()
	var found []string
	for s := bufio.NewScanner(f); s.Scan(); {
		if dir, ok := cgroupMount(s.Text()); ok && !slices.Contains(found, dir) {
			found = append(found, dir)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("no control groups are mounted on this host")
	}
	return found, nil
}

// cgroupMount gives the mount point of a mountinfo line about control groups.
func cgroupMount(line string) (string, bool) {
	mount, source, ok := strings.Cut(line, " - ")
	fields := strings.Fields(mount)
	if !ok || len(fields) < 5 {
		return "", false
	}
	kind, _, _ := strings.Cut(source, " ")
	return fields[4], kind == "cgroup" || kind == "cgroup2"
}

// ensureCgroups makes the cluster's group in every hierarchy, which the kubelet
// asks for before it starts.
func (c *Cluster) ensureCgroups() error {
	dirs, err := hierarchies()
	if err != nil {
		return err
	}
	if unified() {
		if err := delegate(cgroupRoot); err != nil {
			return err
		}
	}
	for _, dir := range dirs {
		group := filepath.Join(dir, c.cgroup())
		if err := os.MkdirAll(group, 0o755); err != nil {
			return fmt.Errorf("make control group %s: %w", group, err)
		}
		if err := copyCpuset(dir, group); err != nil {
			return err
		}
	}
	if unified() {
		return delegate(filepath.Join(cgroupRoot, c.cgroup()))
	}
	return nil
}

// wantedControllers are those that the kubelet and runc set limits by.
var wantedControllers = []string{"cpu", "cpuset", "hugetlb", "io", "memory", "pids"}

// delegate lets the children of a v2 group use the wanted controllers, as far
// as the group itself has them.
func delegate(group string) error {
	has, err := controllers(group, "cgroup.controllers")
	if err != nil {
		return err
	}
	given, err := controllers(group, "cgroup.subtree_control")
	if err != nil {
		return err
	}
	for _, controller := range wantedControllers {
		if !slices.Contains(has, controller) || slices.Contains(given, controller) {
			continue
		}
		file := filepath.Join(group, "cgroup.subtree_control")
		if err := os.WriteFile(file, []byte("+"+controller), 0o644); err != nil {
			return fmt.Errorf("give controller %s to the children of %s: %w", controller, group, err)
		}
	}
	return nil
}

func controllers(group, file string) ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(group, file))
	if err != nil {
		return nil, fmt.Errorf("read the controllers of %s: %w", group, err)
	}
	return strings.Fields(string(raw)), nil
}

// copyCpuset gives a new v1 cpuset group the processors and memory nodes of its
// parent: it starts with none, and nothing could run in it.
func copyCpuset(parent, group string) error {
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		raw, err := os.ReadFile(filepath.Join(parent, name))
		if errors.Is(err, fs.ErrNotExist) || unified() {
			continue
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(group, name), raw, 0o644); err != nil {
			return fmt.Errorf("set %s of %s: %w", name, group, err)
		}
	}
	return nil
}

// removeCgroups removes the cluster's groups from every hierarchy. The kernel
// takes a moment to let go of the last processes, so it tries until a deadline.
func (c *Cluster) removeCgroups(wait time.Duration) error {
	dirs, err := hierarchies()
	if err != nil {
		return err
	}
	deadline := time.Now().Add(wait)
	for _, dir := range dirs {
		group := filepath.Join(dir, c.cgroup())
		for {
			err := removeGroup(group)
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("remove control group %s: %w", group, err)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	return nil
}

// removeGroup removes a group and all below it, the deepest first.
func removeGroup(group string) error {
	var groups []string
	err := filepath.WalkDir(group, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			groups = append(groups, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, dir := range slices.Backward(groups) {
		if err := unix.Rmdir(dir); err != nil && !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	return nil
}
