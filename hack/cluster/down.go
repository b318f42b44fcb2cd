// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// endLimit is how long the kernel may take to clear away a cluster.
const endLimit = 30 * time.Second

// folderFate says what happens to the state folder when its cluster goes.
type folderFate string

const (
	removeFolder folderFate = "remove" // the cluster is gone for good
	leaveFolder  folderFate = "leave"  // emptied: its holder fills it again
)

// down removes one cluster and everything that it made on this host. It tells
// whether there was one.
func down(name string) (existed bool, err error) {
	if err := checkName(name); err != nil {
		return false, err
	}
	dir := filepath.Join(stateRoot(), name)
	existed = exists(dir) || len((&Cluster{Name: name, Dir: dir}).supervisors()) > 0
	if !existed {
		return false, nil
	}
	unlock, err := lockDir(dir)
	if err != nil {
		return true, err
	}
	defer unlock()
	if err := removeCluster(name, removeFolder); err != nil {
		return true, err
	}
	removeEmptyRoots()
	return true, nil
}

// removeCluster ends a cluster by whatever its start got to: a saved state, or
// only a process, a folder or control groups.
func removeCluster(name string, fate folderFate) error {
	c, err := loadCluster(name)
	if err != nil {
		c = &Cluster{Name: name, Dir: filepath.Join(stateRoot(), name)}
	}
	for _, p := range append(c.supervisors(), c.Supervisor) {
		// the kernel ends every other process of the cluster with this one, and
		// drops its mounts and its network
		if err := p.kill(endLimit); err != nil {
			return fmt.Errorf("end cluster %q: %w", name, err)
		}
	}
	if c.Layout.Link != "" {
		if err := c.disconnect(); err != nil {
			return fmt.Errorf("end cluster %q: %w", name, err)
		}
	}
	if err := c.removeCgroups(endLimit); err != nil {
		return fmt.Errorf("end cluster %q: %w", name, err)
	}
	return c.removeState(fate)
}

// removeState removes the state folder, or empties it. It refuses while
// anything is mounted in it, so that it never deletes what is not its own.
func (c *Cluster) removeState(fate folderFate) error {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return fmt.Errorf("read the mounts of this host: %w", err)
	}
	if strings.Contains(string(mounts), " "+c.Dir+"/") {
		return fmt.Errorf("remove %s: something is still mounted in it", c.Dir)
	}
	entries, err := os.ReadDir(c.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", c.Dir, err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(c.path(e.Name())); err != nil {
			return fmt.Errorf("remove %s: %w", c.Dir, err)
		}
	}
	if fate == leaveFolder {
		return nil
	}
	return os.Remove(c.Dir)
}

// removeEmptyRoots removes the folders above the last cluster's folder.
func removeEmptyRoots() {
	if os.Getenv("ALUMNI_CLUSTER_STATE") != "" {
		return // the caller's own folder
	}
	for _, dir := range []string{stateRoot(), filepath.Dir(stateRoot())} {
		if unix.Rmdir(dir) != nil {
			return // another cluster is in it
		}
	}
}
