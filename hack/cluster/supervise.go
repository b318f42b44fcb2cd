// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// selfName is the name of this program inside a cluster's state folder.
const selfName = "cluster"

// goSignal is the line that tells the supervisor that its network is laid.
const goSignal = "go"

// Restart pauses: a component that keeps ending is tried less and less often.
const (
	restartFirst = time.Second
	restartLimit = 10 * time.Second
)

// supervisor is process 1 of a cluster's process namespace. It starts every
// component, starts it again when it ends, and clears away orphans.
type supervisor struct {
	cluster *Cluster
	log     *slog.Logger
	byPID   map[int]*child
	restart chan *child
}

// child is a component as the supervisor sees it.
type child struct {
	Component
	pause time.Duration
}

// supervise runs until it is told to end. Everything else in its namespaces
// ends with it, by the kernel's own rule for process 1.
func supervise(name string) error {
	c, err := loadCluster(name)
	if err != nil {
		return err
	}
	if os.Getpid() != 1 {
		return errors.New("supervise: it is started by «up», in namespaces of its own")
	}
	if err := awaitGo(); err != nil {
		return err
	}
	if err := c.privateMounts(); err != nil {
		return err
	}
	if err := c.configureNode(); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(c.Name)); err != nil {
		return fmt.Errorf("set the node's host name: %w", err)
	}
	path := c.path("bin") + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	if err := os.Setenv("PATH", path); err != nil {
		return fmt.Errorf("set PATH: %w", err)
	}
	s := &supervisor{
		cluster: c, byPID: map[int]*child{}, restart: make(chan *child, 16),
		log: slog.New(slog.NewTextHandler(os.Stdout, nil)),
	}
	return s.run()
}

// awaitGo waits until «up» has laid the network. When «up» ends before, the
// pipe closes and the half-made cluster ends too.
func awaitGo() error {
	pipe := os.NewFile(3, "go")
	line, err := bufio.NewReader(pipe).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != goSignal {
		return errors.New("supervise: «up» ended before the cluster had its network")
	}
	return pipe.Close()
}

func (s *supervisor) run() error {
	signals := make(chan os.Signal, 64)
	signal.Notify(signals, unix.SIGCHLD, unix.SIGTERM, unix.SIGINT)
	ready := make(chan struct{})
	var later []*child
	for _, component := range s.cluster.components() {
		ch := &child{Component: component, pause: restartFirst}
		if component.AfterAPI {
			later = append(later, ch)
			continue
		}
		s.start(ch)
	}
	go s.awaitAPI(ready)
	for {
		select {
		case sig := <-signals:
			if sig != unix.SIGCHLD {
				s.log.Info("Ending the cluster", "signal", sig.String())
				return nil
			}
			s.reap()
		case <-ready:
			ready = nil
			for _, ch := range later {
				s.start(ch)
			}
		case ch := <-s.restart:
			s.start(ch)
		}
	}
}

func (s *supervisor) awaitAPI(ready chan<- struct{}) {
	for !s.cluster.apiReady(context.Background()) {
		time.Sleep(100 * time.Millisecond)
	}
	close(ready)
}

// start runs a component with its output in its own log file.
func (s *supervisor) start(ch *child) {
	out, err := os.OpenFile(s.cluster.logFile(ch.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		s.log.Error("Opening a log", "component", ch.Name, "error", err)
		s.again(ch)
		return
	}
	defer func() { _ = out.Close() }()
	process, err := os.StartProcess(ch.Args[0], ch.Args, &os.ProcAttr{
		Dir: s.cluster.Dir, Env: os.Environ(), Files: []*os.File{nil, out, out},
		Sys: &unix.SysProcAttr{Setsid: true},
	})
	if err != nil {
		s.log.Error("Starting a component", "component", ch.Name, "error", err)
		s.again(ch)
		return
	}
	s.byPID[process.Pid] = ch
	s.log.Info("Started", "component", ch.Name, "pid", process.Pid)
	_ = process.Release() // reap waits for it, together with all orphans
}

// reap collects every process that ended: components, and orphans of theirs.
func (s *supervisor) reap() {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		ch, ok := s.byPID[pid]
		if !ok {
			continue
		}
		delete(s.byPID, pid)
		s.log.Warn("Ended", "component", ch.Name, "exit", status.ExitStatus(), "signal", int(status.Signal()))
		s.again(ch)
	}
}

func (s *supervisor) again(ch *child) {
	pause := ch.pause
	ch.pause = min(2*ch.pause, restartLimit)
	time.AfterFunc(pause, func() { s.restart <- ch })
}
