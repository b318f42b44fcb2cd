// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestStateSurvivesSaveAndLoad(t *testing.T) {
	g := NewWithT(t)
	t.Setenv("ALUMNI_CLUSTER_STATE", t.TempDir())
	made, err := newCluster("kept")
	g.Expect(err).NotTo(HaveOccurred())
	made.Supervisor = Process{PID: 4711, Start: 42}
	g.Expect(made.save()).To(Succeed())
	loaded, err := loadCluster("kept")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(loaded).To(Equal(made))
	g.Expect(listClusters()).To(Equal([]string{"kept"}))
}

func TestTwoNewClustersNeverShareASlot(t *testing.T) {
	g := NewWithT(t)
	t.Setenv("ALUMNI_CLUSTER_STATE", t.TempDir())
	seen := map[int]bool{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		c, err := newCluster(name)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(seen).NotTo(HaveKey(c.Slot))
		seen[c.Slot] = true
	}
}

func TestLoadClusterTellsThatThereIsNone(t *testing.T) {
	t.Setenv("ALUMNI_CLUSTER_STATE", t.TempDir())
	_, err := loadCluster("none")
	NewWithT(t).Expect(err).To(MatchError(fs.ErrNotExist))
}

func TestLockDirHoldsOthersOffAndFollowsARemovedFolder(t *testing.T) {
	g := NewWithT(t)
	dir := filepath.Join(t.TempDir(), "state")
	unlock, err := lockDir(dir)
	g.Expect(err).NotTo(HaveOccurred())

	got := make(chan func(), 1)
	go func() {
		second, err := lockDir(dir)
		if err == nil {
			got <- second
		}
	}()
	g.Consistently(got, 100*time.Millisecond).ShouldNot(Receive())
	g.Expect(os.Remove(dir)).To(Succeed(), "the first holder removes the folder, as down does")
	unlock()
	var second func()
	g.Eventually(got, 5*time.Second).Should(Receive(&second))
	g.Expect(dir).To(BeADirectory(), "the second holder has a folder of its own")
	second()
}

func TestRemoveStateRefusesWhileSomethingIsMounted(t *testing.T) {
	g := NewWithT(t)
	// /proc is always mounted below /, which stands for a state folder here
	err := (&Cluster{Name: "x", Dir: ""}).removeState(removeFolder)
	g.Expect(err).To(MatchError(ContainSubstring("still mounted")))
}

func TestTail(t *testing.T) {
	g := NewWithT(t)
	file := filepath.Join(t.TempDir(), "log")
	g.Expect(os.WriteFile(file, []byte("one\ntwo\nthree\n"), 0o600)).To(Succeed())
	g.Expect(tail(file, 2)).To(Equal("  two\n  three"))
	g.Expect(tail(file, 9)).To(Equal("  one\n  two\n  three"))
	g.Expect(tail(file+".none", 9)).To(ContainSubstring("no log"))
}

func TestEndingsCountsEachComponent(t *testing.T) {
	g := NewWithT(t)
	c := example(t)
	g.Expect(c.endings()).To(BeEmpty(), "before there is a log")
	g.Expect(writeFile(c.logFile("supervisor"), `time=1 level=INFO msg=Started component=etcd pid=12
time=2 level=WARN msg=Ended component=etcd exit=1 signal=-1
time=3 level=WARN msg=Ended component=kubelet exit=-1 signal=9
time=4 level=WARN msg=Ended component=etcd exit=1 signal=-1
`, 0o600)).To(Succeed())
	g.Expect(c.endings()).To(Equal(map[string]int{"etcd": 2, "kubelet": 1}))
	g.Expect(c.explain(os.ErrDeadlineExceeded, "kube-proxy")).To(MatchError(And(
		ContainSubstring("logs/etcd.log"), ContainSubstring("logs/kubelet.log"),
		Not(ContainSubstring("kube-proxy")))))
}
