// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

//go:embed reaper.sh
var reaperScript string

// reaper holds the pipe whose end tells the reaper process that this process
// is gone.
type reaper struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
}

// startReaper makes sure that the control plane in dir does not outlive this
// process.
func startReaper(dir string) (*reaper, error) {
	cmd := exec.Command("/bin/sh", "-c", reaperScript, "reaper")
	cmd.Dir = os.TempDir()
	cmd.SysProcAttr = ownGroup()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("open the reaper's input: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the control plane's reaper: %w", err)
	}
	if _, err := fmt.Fprintln(stdin, dir); err != nil {
		return nil, fmt.Errorf("tell the reaper its folder: %w", err)
	}
	return &reaper{cmd: cmd, stdin: stdin}, nil
}

// finish lets the reaper do its work now and waits for it.
func (r *reaper) finish() error {
	if err := r.stdin.Close(); err != nil {
		return fmt.Errorf("close the reaper's input: %w", err)
	}
	if err := r.cmd.Wait(); err != nil {
		return fmt.Errorf("wait for the control plane's reaper: %w", err)
	}
	return nil
}

// ownGroup keeps Ctrl-C in a terminal away from a child.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
