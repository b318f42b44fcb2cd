// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portaltest

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

// built is the portal binary of this test process.
var built struct {
	once sync.Once
	path string
	err  error
}

// Run runs the tests of a package and leaves nothing behind: neither the binary nor the database server.
//
//	func TestMain(m *testing.M) { os.Exit(portaltest.Run(m)) }
func Run(m *testing.M) int {
	code := pg.Run(m)
	if built.path != "" {
		_ = os.RemoveAll(filepath.Dir(built.path))
	}
	return code
}

// Binary builds the real portal once for each test process.
func Binary(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "portal-binary-")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "portal")
		command := exec.Command("go", "build", "-o", built.path, "github.com/alumni-operator/alumni-operator/cmd/portal")
		command.Stderr = os.Stderr
		built.err = command.Run()
	})
	if built.err != nil {
		t.Fatalf("build the portal: %v", built.err)
	}
	return built.path
}

// Process is a running portal binary.
type Process struct {
	t       testing.TB
	command *exec.Cmd
	Log     *Buffer
	// Address, Metrics and Bounces are where it listens; Bounces only where the settings say so.
	Address, Metrics, Bounces string
	done                      chan struct{}
}

// Dirs are the folders that the operator would mount.
type Dirs struct{ Network, Database, TokenKey, Email string }

// Dirs writes the world's settings, login and key.
func (w *World) Dirs() Dirs {
	w.t.Helper()
	d := Dirs{Network: w.t.TempDir(), Database: w.Store.Dir(naming.RolePortal), TokenKey: w.t.TempDir(), Email: w.t.TempDir()}
	raw, err := json.Marshal(w.Network)
	if err != nil {
		w.t.Fatalf("write settings: %v", err)
	}
	for path, content := range map[string][]byte{
		filepath.Join(d.Network, settings.NetworkFile):   raw,
		filepath.Join(d.TokenKey, settings.TokenKeyFile): w.Key,
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			w.t.Fatalf("write settings: %v", err)
		}
	}
	return d
}

// Start runs the binary on free ports, or on those that args say, until the test ends, and waits until it serves.
func (w *World) Start(args ...string) *Process {
	w.t.Helper()
	d := w.Dirs()
	all := append([]string{"--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--bounces-listen", "127.0.0.1:0", "--network-dir", d.Network,
		"--db-dir", d.Database, "--token-key-dir", d.TokenKey, "--email-dir", d.Email, "--line-dir", w.LINEDir, "--staff-dir", w.StaffDir}, args...)
	p := &Process{t: w.t, command: exec.Command(Binary(w.t), all...), Log: &Buffer{}, done: make(chan struct{})}
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := p.command.StderrPipe()
	if err != nil {
		w.t.Fatalf("start the portal: %v", err)
	}
	if err := p.command.Start(); err != nil {
		w.t.Fatalf("start the portal: %v", err)
	}
	serving := make(chan struct{})
	go p.follow(bufio.NewScanner(out), serving)
	w.t.Cleanup(p.Kill)
	select {
	case <-serving:
	case <-p.done:
		w.t.Fatalf("the portal ended at once:\n%s", p.Log)
	case <-time.After(Patience):
		w.t.Fatalf("the portal does not serve:\n%s", p.Log)
	}
	return p
}

// follow keeps the log, learns the addresses from it, and reaps the process.
func (p *Process) follow(lines *bufio.Scanner, serving chan struct{}) {
	defer close(p.done)
	for lines.Scan() {
		_, _ = p.Log.Write(append(lines.Bytes(), '\n'))
		var line struct{ Msg, Address, Metrics string }
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue
		}
		switch line.Msg {
		case "Taking bounces":
			p.Bounces = line.Address
		case "Serving":
			p.Address, p.Metrics = line.Address, line.Metrics
			close(serving)
		}
	}
	_ = p.command.Wait()
}

// Signal sends a signal.
func (p *Process) Signal(s os.Signal) {
	p.t.Helper()
	if err := p.command.Process.Signal(s); err != nil {
		p.t.Errorf("signal the portal: %v", err)
	}
}

// Kill ends the process at once, if it still runs.
func (p *Process) Kill() {
	_ = p.command.Process.Kill()
	<-p.done
}

// Wait waits until the process has ended and returns its exit code.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(2 * Patience):
		p.t.Fatalf("the portal does not end:\n%s", p.Log)
	}
	return p.command.ProcessState.ExitCode()
}
