// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pg

import (
	"bufio"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// bootLimit is generous because many test processes share few cores.
	bootLimit = 60 * time.Second
	bootPoll  = 10 * time.Millisecond
)

//go:embed keeper.sh
var keeperScript string

// keeper is the process that runs the server and outlives the test process
// just long enough to clean up after it.
type keeper struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	answers *bufio.Reader
	dir     string
}

// startKeeper starts the keeper for dir. The lock file goes with it: as long
// as the keeper lives, sweep leaves the folder alone.
func startKeeper(dir, binDir string, who account, lock *os.File) (*keeper, error) {
	cmd := exec.Command("/bin/sh", "-c", keeperScript, "keeper", dir, filepath.Join(binDir, "postgres"))
	cmd.Dir = dir
	cmd.SysProcAttr = who.processAttributes()
	cmd.ExtraFiles = []*os.File{lock}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("open the keeper's input: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("open the keeper's output: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the PostgreSQL keeper: %w", err)
	}
	return &keeper{cmd: cmd, stdin: stdin, answers: bufio.NewReader(stdout), dir: dir}, nil
}

// boot starts the server and returns when it accepts connections.
func (k *keeper) boot() error {
	answer, err := k.ask("start")
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(answer)
	if err != nil {
		return fmt.Errorf("read the server's process id %q: %w", answer, err)
	}
	for deadline := time.Now().Add(bootLimit); ; time.Sleep(bootPoll) {
		switch {
		case k.ready(pid):
			return nil
		case !running(pid):
			return fmt.Errorf("start PostgreSQL: it ended at once; its log says:\n%s", k.logTail())
		case time.Now().After(deadline):
			return fmt.Errorf("start PostgreSQL: not ready after %s; its log says:\n%s", bootLimit, k.logTail())
		}
	}
}

// halt stops the server and keeps its data.
func (k *keeper) halt() error {
	_, err := k.ask("stop")
	return err
}

// dismiss stops the server, removes its folder and waits until both are done.
func (k *keeper) dismiss() error {
	if err := k.stdin.Close(); err != nil {
		return fmt.Errorf("close the keeper's input: %w", err)
	}
	if err := k.cmd.Wait(); err != nil {
		return fmt.Errorf("wait for the PostgreSQL keeper: %w", err)
	}
	return nil
}

func (k *keeper) ask(command string) (string, error) {
	if _, err := fmt.Fprintln(k.stdin, command); err != nil {
		return "", fmt.Errorf("tell the PostgreSQL keeper to %s: %w", command, err)
	}
	answer, err := k.answers.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("wait for the PostgreSQL keeper to %s: %w", command, err)
	}
	return strings.TrimSpace(answer), nil
}

// ready reads the status that the server itself keeps in postmaster.pid: the
// process id in the first line and "ready" in the eighth.
func (k *keeper) ready(pid int) bool {
	content, err := os.ReadFile(filepath.Join(k.dir, "data", "postmaster.pid"))
	if err != nil {
		return false
	}
	lines := strings.Split(string(content), "\n")
	return len(lines) >= 8 && lines[0] == strconv.Itoa(pid) && strings.TrimSpace(lines[7]) == "ready"
}

// logTail returns the last lines of the server's log for an error text.
func (k *keeper) logTail() string {
	const lines = 20
	content, err := os.ReadFile(filepath.Join(k.dir, logName))
	if err != nil {
		return err.Error()
	}
	all := bytes.Split(bytes.TrimSpace(content), []byte("\n"))
	return string(bytes.Join(all[max(0, len(all)-lines):], []byte("\n")))
}

// running tells whether a process exists and is not a zombie.
func running(pid int) bool {
	if err := syscall.Kill(pid, 0); err == syscall.ESRCH {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true // no /proc on this system: trust the signal
	}
	_, after, found := bytes.Cut(stat, []byte(") "))
	return !found || !bytes.HasPrefix(after, []byte("Z"))
}
