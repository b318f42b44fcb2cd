// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Process names one process for as long as the machine runs: a process id comes
// back after its owner ended, the pair of id and start time does not.
type Process struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks since boot
}

// identify reads the identity of a running process. A process that has ended and
// waits for its parent to notice does not count as running.
func identify(pid int) (Process, error) {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return Process{}, fmt.Errorf("identify process %d: %w", pid, err)
	}
	start, err := parseStat(string(raw))
	if err != nil {
		return Process{}, fmt.Errorf("identify process %d: %w", pid, err)
	}
	return Process{PID: pid, Start: start}, nil
}

// errEnded is the answer about a process that has ended already.
var errEnded = errors.New("the process has ended")

// parseStat takes the start time, field 22 of /proc/PID/stat, of a process that
// has not ended. The command name in field 2 may hold blanks and brackets, so
// counting starts after its last bracket.
func parseStat(stat string) (start uint64, err error) {
	end := strings.LastIndexByte(stat, ')')
	if end < 0 {
		return 0, errors.New("no command name in stat")
	}
	fields := strings.Fields(stat[end+1:])
	if len(fields) < 20 {
		return 0, fmt.Errorf("stat has only %d fields after the name", len(fields))
	}
	if state := fields[0]; state == "Z" || state == "X" {
		return 0, errEnded
	}
	return strconv.ParseUint(fields[19], 10, 64)
}

// alive says whether this very process still runs.
func (p Process) alive() bool {
	if p.PID <= 1 {
		return false
	}
	now, err := identify(p.PID)
	return err == nil && now == p
}

// kill ends this very process and waits until the kernel has cleared it away.
// The process is held by a descriptor before it is identified, so that the
// signal cannot reach another process that got the same id.
func (p Process) kill(wait time.Duration) error {
	if p.PID <= 1 {
		return nil
	}
	fd, err := unix.PidfdOpen(p.PID, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open process %d: %w", p.PID, err)
	}
	defer func() { _ = unix.Close(fd) }()
	if !p.alive() {
		return nil
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("end process %d: %w", p.PID, err)
	}
	return awaitEnd(fd, p.PID, wait)
}

func awaitEnd(fd, pid int, wait time.Duration) error {
	deadline := time.Now().Add(wait)
	for {
		left := max(0, time.Until(deadline).Milliseconds())
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(left))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("wait for process %d: %w", pid, err)
		}
		if n == 0 {
			return fmt.Errorf("process %d did not end within %s", pid, wait)
		}
		return nil
	}
}

// commandLine gives a process's arguments; none for a kernel thread.
func commandLine(pid int) []string {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err != nil || len(raw) == 0 {
		return nil
	}
	var args []string
	for _, arg := range bytes.Split(bytes.TrimRight(raw, "\x00"), []byte{0}) {
		args = append(args, string(arg))
	}
	return args
}

// findProcesses gives every running process whose arguments satisfy a test.
func findProcesses(match func(args []string) bool) []Process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var found []Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || !match(commandLine(pid)) {
			continue
		}
		if p, err := identify(pid); err == nil {
			found = append(found, p)
		}
	}
	return found
}

// supervisors finds the supervisors of this cluster by their command line: the
// way back to a cluster whose start was interrupted before its state was saved.
func (c *Cluster) supervisors() []Process {
	return findProcesses(func(args []string) bool {
		return len(args) >= 2 && args[0] == c.path("bin", selfName) && args[1] == "supervise"
	})
}

// running says whether the cluster's supervisor is alive.
func (c *Cluster) running() bool { return c.Supervisor.alive() }
