// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// defaultName is the cluster that commands mean when --name is not given.
const defaultName = "alumni"

// Cluster is what is known of one cluster, as kept in its state folder.
type Cluster struct {
	Name       string  `json:"name"`
	Slot       int     `json:"slot"`
	Supervisor Process `json:"supervisor"`

	Layout Layout `json:"-"`
	Dir    string `json:"-"`
}

// stateRoot is the folder that holds one folder per cluster. It has to be on a
// real disk, because containers' root filesystems live in it.
func stateRoot() string {
	if dir := os.Getenv("ALUMNI_CLUSTER_STATE"); dir != "" {
		return dir
	}
	return "/var/lib/alumni-operator/clusters"
}

// path names a file inside the cluster's state folder.
func (c *Cluster) path(elem ...string) string {
	return filepath.Join(append([]string{c.Dir}, elem...)...)
}

func (c *Cluster) kubeconfig() string       { return c.path("kubeconfig") }
func (c *Cluster) containerdSocket() string { return c.path("containerd.sock") }
func (c *Cluster) logFile(component string) string {
	return c.path("logs", component+".log")
}

// cgroup is the name, below the root of each hierarchy, under which the kubelet
// keeps the control groups of this cluster's pods.
func (c *Cluster) cgroup() string { return "alumni-cluster-" + c.Name }

// loadCluster reads a cluster's state; fs.ErrNotExist means there is none.
func loadCluster(name string) (*Cluster, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	c := &Cluster{Dir: filepath.Join(stateRoot(), name)}
	raw, err := os.ReadFile(c.path("cluster.json"))
	if err != nil {
		return nil, fmt.Errorf("read the state of cluster %q: %w", name, err)
	}
	if err := json.Unmarshal(raw, c); err != nil {
		return nil, fmt.Errorf("read the state of cluster %q: %w", name, err)
	}
	if c.Layout, err = NewLayout(c.Slot); err != nil {
		return nil, fmt.Errorf("read the state of cluster %q: %w", name, err)
	}
	return c, nil
}

// save writes the state by rename, so that a reader never sees half of it.
func (c *Cluster) save() error {
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the state of cluster %q: %w", c.Name, err)
	}
	return writeFile(c.path("cluster.json"), string(raw)+"\n", 0o644)
}

// listClusters names every cluster that has a state folder, running or not.
func listClusters() ([]string, error) {
	entries, err := os.ReadDir(stateRoot())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list clusters: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && checkName(e.Name()) == nil {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// newCluster makes the state folder of a new cluster and claims a slot that no
// other cluster and no other link of this host has.
func newCluster(name string) (*Cluster, error) {
	unlock, err := lockDir(stateRoot())
	if err != nil {
		return nil, err
	}
	defer unlock()
	used, err := usedSlots()
	if err != nil {
		return nil, err
	}
	slot, err := chooseSlot(name, used)
	if err != nil {
		return nil, err
	}
	layout, err := NewLayout(slot)
	if err != nil {
		return nil, err
	}
	c := &Cluster{Name: name, Slot: slot, Layout: layout, Dir: filepath.Join(stateRoot(), name)}
	if err := os.MkdirAll(c.path("logs"), 0o755); err != nil {
		return nil, fmt.Errorf("make the state folder of cluster %q: %w", name, err)
	}
	return c, c.save()
}

// usedSlots finds the slots that are taken: by a state folder, or by a link
// that an interrupted run left on the host.
func usedSlots() (map[int]bool, error) {
	names, err := listClusters()
	if err != nil {
		return nil, err
	}
	used := map[int]bool{}
	for _, name := range names {
		if c, err := loadCluster(name); err == nil {
			used[c.Slot] = true
		}
	}
	for slot := range slots {
		if l, err := NewLayout(slot); err == nil && linkExists(l.Link) {
			used[slot] = true
		}
	}
	return used, nil
}

// lockDir makes a folder and takes the exclusive lock on it, waiting for its
// holder. The lock goes when the holder ends, whatever ends it.
func lockDir(dir string) (unlock func(), err error) {
	for {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("make %s: %w", dir, err)
		}
		f, err := os.Open(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed by the last holder just now
		}
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", dir, err)
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
			_ = f.Close()
			return nil, fmt.Errorf("lock %s: %w", dir, err)
		}
		if sameFolder(f, dir) {
			return func() { _ = f.Close() }, nil
		}
		_ = f.Close() // the holder removed the folder: this lock protects nothing
	}
}

func sameFolder(f *os.File, dir string) bool {
	held, err := f.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(dir)
	return err == nil && os.SameFile(held, now)
}

// writeFile writes a whole file or nothing, and makes its folder.
func writeFile(path, content string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	tmp := path + ".new"
	if err := os.WriteFile(tmp, []byte(content), mode); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// tail gives the last lines of a log file, for an error message.
func tail(path string, lines int) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "  (no log: " + err.Error() + ")"
	}
	all := strings.Split(strings.TrimRight(string(raw), "\n"), "\n")
	all = all[max(0, len(all)-lines):]
	return "  " + strings.Join(all, "\n  ")
}
