// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestParseStat(t *testing.T) {
	for sentence, tc := range map[string]struct {
		stat string
		want uint64
		good bool
	}{
		"an ordinary line":                      {"7 (etcd) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 12345 1 2 3", 12345, true},
		"a name with blanks and brackets in it": {"7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 777 1 2 3", 777, true},
		"a process that has ended is an error":  {"7 (etcd) Z 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 12345 1 2 3", 0, false},
		"a line that stops short is an error":   {"7 (etcd) S 1 7", 0, false},
		"a line without a name is an error":     {"7 etcd S 1 7", 0, false},
		"a start time that is no number is too": {"7 (x) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 x 1 2 3", 0, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			g := NewWithT(t)
			got, err := parseStat(tc.stat)
			g.Expect(err == nil).To(Equal(tc.good), "%v", err)
			g.Expect(got).To(Equal(tc.want))
		})
	}
}

func startSleeper(t *testing.T) (*exec.Cmd, Process) {
	t.Helper()
	g := NewWithT(t)
	cmd := exec.Command("sleep", "600")
	g.Expect(cmd.Start()).To(Succeed())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	p, err := identify(cmd.Process.Pid)
	g.Expect(err).NotTo(HaveOccurred())
	return cmd, p
}

func TestKillEndsTheProcessThatWasIdentified(t *testing.T) {
	g := NewWithT(t)
	cmd, p := startSleeper(t)
	g.Expect(p.alive()).To(BeTrue())
	g.Expect(p.kill(10 * time.Second)).To(Succeed())
	g.Expect(p.alive()).To(BeFalse(), "even before its parent has collected it")
	_ = cmd.Wait()
	g.Expect(p.alive()).To(BeFalse())
	g.Expect(p.kill(time.Second)).To(Succeed(), "killing it again is no error")
}

func TestKillSparesAnotherProcessWithTheSameID(t *testing.T) {
	g := NewWithT(t)
	_, p := startSleeper(t)
	earlier := Process{PID: p.PID, Start: p.Start - 1}
	g.Expect(earlier.alive()).To(BeFalse())
	g.Expect(earlier.kill(time.Second)).To(Succeed())
	g.Expect(p.alive()).To(BeTrue(), "the process that has the id now lives on")
}

func TestAnUnknownProcessIsNeverKilled(t *testing.T) {
	g := NewWithT(t)
	g.Expect(Process{}.alive()).To(BeFalse())
	g.Expect(Process{}.kill(time.Second)).To(Succeed())
	g.Expect(Process{PID: 1}.alive()).To(BeFalse())
}

func TestFindProcessesFindsThisTest(t *testing.T) {
	found := findProcesses(func(args []string) bool { return len(args) > 0 && args[0] == os.Args[0] })
	NewWithT(t).Expect(found).To(ContainElement(HaveField("PID", os.Getpid())))
}
