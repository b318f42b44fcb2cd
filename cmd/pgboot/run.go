// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/alumni-operator/alumni-operator/internal/pgbin"
)

// run prepares the cluster and runs the server until it ends.
func run(o options, log *slog.Logger) error {
	// The server is told when the thread that started it ends: keep this one.
	runtime.LockOSThread()
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP)
	p, err := findPrograms(pgbin.Folders())
	if err != nil {
		return err
	}
	unlock, err := lockData(o.data)
	if err != nil {
		return err
	}
	defer unlock()
	if err := prepareUntilSignal(signals, o, p, log); err != nil {
		return err
	}
	if err := writeSettings(o); err != nil {
		return err
	}
	return serve(signals, o, p, log)
}

// prepareUntilSignal makes the cluster, and gives up when it is told to end meanwhile.
func prepareUntilSignal(signals chan os.Signal, o options, p programs, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for {
			select {
			case s := <-signals:
				if s != syscall.SIGHUP {
					cancel()
				}
			case <-done:
				return
			}
		}
	}()
	err := prepareCluster(ctx, o, p, log)
	close(done)
	<-watched
	if ctx.Err() != nil {
		return errors.Join(errors.New("told to end before the server was started"), err)
	}
	return err
}

// serve starts the server, passes signals on, and collects every child until the server itself ends.
func serve(signals <-chan os.Signal, o options, p programs, log *slog.Logger) error {
	args := []string{p.postgres, "-D", o.data}
	for _, s := range fixed(o) {
		args = append(args, "-c", s.name+"="+s.value)
	}
	server, err := os.StartProcess(p.postgres, args, &os.ProcAttr{
		Dir: o.data, Env: environment(), Files: []*os.File{nil, os.Stdout, os.Stderr},
		Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGINT},
	})
	if err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	log.Info("Started the server", "major", p.major, "data", o.data, "port", o.port)
	pid := server.Pid
	go func() {
		for s := range signals {
			if s == syscall.SIGTERM {
				s = syscall.SIGINT // fast shutdown instead of waiting for clients
			}
			number, ok := s.(syscall.Signal)
			if !ok {
				continue
			}
			if err := syscall.Kill(pid, number); err != nil {
				log.Warn("Passing a signal on", "signal", s.String(), "error", err.Error())
			}
		}
	}()
	return reap(pid)
}

// reap waits for every child, those that were orphaned to us too, until the server is among them.
func reap(server int) error {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("wait for the server: %w", err)
		case pid != server || (!status.Exited() && !status.Signaled()):
			continue
		case status.Signaled():
			return exitCode(128 + int(status.Signal()))
		case status.ExitStatus() != 0:
			return exitCode(status.ExitStatus())
		}
		return nil
	}
}

// lockData keeps two servers off one volume. A file system without locks is trusted; PostgreSQL has a guard of
// its own.
func lockData(data string) (func(), error) {
	f, err := os.OpenFile(data+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write beside the data folder %s: %w", filepath.Base(data), err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(errors.New("another server uses this data folder"), f.Close())
	}
	return func() { _ = f.Close() }, nil
}
