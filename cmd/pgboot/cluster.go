// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// unfinished is what the folder of a cluster in the making is called, after the cluster's own name.
const unfinished = ".unfinished-"

// prepareCluster makes the cluster when there is none, and checks that this image can run the one that is there.
func prepareCluster(ctx context.Context, o options, p programs, log *slog.Logger) error {
	sweepUnfinished(o.data, log)
	major, err := clusterMajor(o.data)
	switch {
	case errors.Is(err, errNoCluster):
		log.Info("Making the cluster", "data", o.data, "major", p.major)
		start := time.Now()
		if err := makeCluster(ctx, o, p); err != nil {
			return err
		}
		log.Info("Made the cluster", "data", o.data, "milliseconds", time.Since(start).Milliseconds())
	case err != nil:
		return err
	case major != p.major:
		return fmt.Errorf("the data is of PostgreSQL %d and this image has PostgreSQL %d: use an image of PostgreSQL %d, or dump the data there and restore it into a new store",
			major, p.major, major)
	}
	// A volume with an fsGroup comes with rights for the group, which PostgreSQL refuses.
	if err := os.Chmod(o.data, 0o700); err != nil {
		return fmt.Errorf("close the data folder to others: %w", err)
	}
	return nil
}

var errNoCluster = errors.New("there is no cluster")

// clusterMajor reads the version of a finished cluster. A folder with something else in it is refused: it is
// not ours to overwrite.
func clusterMajor(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err == nil {
		major, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			return 0, fmt.Errorf("read the version of the data: %w", err)
		}
		return major, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("read the version of the data: %w", err)
	}
	entries, err := os.ReadDir(data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, errNoCluster
	case err != nil:
		return 0, fmt.Errorf("look into the data folder: %w", err)
	case len(entries) > 0:
		return 0, fmt.Errorf("%s is not empty and holds no PostgreSQL cluster; it is left as it is", data)
	}
	return 0, errNoCluster
}

// makeCluster fills a folder beside the final one and renames it. initdb flushes its files to disk before it
// ends; the rename is flushed here.
func makeCluster(ctx context.Context, o options, p programs) error {
	password := filepath.Join(o.adminDir, passwordFile)
	if content, err := os.ReadFile(password); err != nil {
		return fmt.Errorf("read the superuser's password: %w", err)
	} else if len(strings.TrimSpace(string(content))) == 0 {
		return errors.New("the superuser's password is empty")
	}
	work, err := os.MkdirTemp(filepath.Dir(o.data), filepath.Base(o.data)+unfinished)
	if err != nil {
		return fmt.Errorf("make a folder for the cluster: %w", err)
	}
	if err := initdb(ctx, p, work, password); err != nil {
		return errors.Join(err, os.RemoveAll(work))
	}
	if err := os.Rename(work, o.data); err != nil {
		return errors.Join(fmt.Errorf("put the cluster in its place: %w", err), os.RemoveAll(work))
	}
	return syncFolder(filepath.Dir(o.data))
}

// initdb runs PostgreSQL's own program. Sorting is by code point, which no update of the operating system
// changes. Letters are Unicode's where the image knows them; a C library without C.UTF-8 gets plain C.
func initdb(ctx context.Context, p programs, dir, password string) error {
	common := []string{
		"--pgdata", dir, "--username", "postgres", "--pwfile", password, "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--data-checksums", "--no-instructions", "--locale", "C",
	}
	tries := [][]string{{"--lc-ctype", "C.UTF-8"}, {}}
	if p.major >= 17 {
		tries = [][]string{{"--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"}, {}}
	}
	var failures error
	for _, try := range tries {
		if err := emptyFolder(dir); err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, p.initdb, append(common, try...)...)
		cmd.Env = environment()
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		output, err := cmd.CombinedOutput()
		if err == nil {
			return nil
		}
		failures = errors.Join(failures, fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(output))))
		if ctx.Err() != nil {
			break
		}
	}
	return failures
}

// emptyFolder removes what a failed try left.
func emptyFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look into the new folder: %w", err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("empty the new folder: %w", err)
		}
	}
	return nil
}

// sweepUnfinished removes what a crash left of clusters in the making. What cannot be removed now is tried again
// at the next start.
func sweepUnfinished(data string, log *slog.Logger) {
	entries, err := os.ReadDir(filepath.Dir(data))
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), filepath.Base(data)+unfinished) {
			continue
		}
		path := filepath.Join(filepath.Dir(data), e.Name())
		if err := removeAll(path); err != nil {
			log.Warn("Leaving an unfinished cluster", "folder", path, "error", err.Error())
			continue
		}
		log.Info("Removed an unfinished cluster", "folder", path)
	}
}

// removeAll removes a folder into which a process that is being killed may still write.
func removeAll(path string) error {
	const tries, pause = 10, 100 * time.Millisecond
	for i := 1; ; i++ {
		err := os.RemoveAll(path)
		if err == nil || i == tries {
			return err
		}
		time.Sleep(pause)
	}
}

// syncFolder makes a rename durable.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("flush %s: %w", dir, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("flush %s: %w", dir, err)
	}
	return nil
}

// environment is all that PostgreSQL's programs get to see: nothing of the image's settings.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}
