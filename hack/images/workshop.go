// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// keepTarballs is how many tarballs of one image the cache keeps: the newest,
// and some for clusters that load one at this moment.
const keepTarballs = 3

// workshop is where images are made: the repository, the cache and a place to
// tell the progress.
type workshop struct {
	repository string
	cache      string
	progress   io.Writer
	begun      time.Time
}

func newWorkshop(progress io.Writer) (*workshop, error) {
	repository, err := findRepository()
	if err != nil {
		return nil, err
	}
	cache, err := cacheFolder()
	if err != nil {
		return nil, err
	}
	w := &workshop{repository: repository, cache: filepath.Join(cache, "images"), progress: progress, begun: time.Now()}
	if err := os.MkdirAll(w.cache, 0o755); err != nil {
		return nil, fmt.Errorf("make the cache folder: %w", err)
	}
	return w, nil
}

// findRepository walks up to the folder that holds PROJECT.
func findRepository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "PROJECT")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("find the repository: run this inside it")
}

func cacheFolder() (string, error) {
	if dir := os.Getenv("ALUMNI_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w; set ALUMNI_CACHE", err)
	}
	return filepath.Join(base, "alumni-operator"), nil
}

func (w *workshop) say(format string, args ...any) {
	_, _ = fmt.Fprintf(w.progress, "[%4.0fs] %s\n", time.Since(w.begun).Seconds(), fmt.Sprintf(format, args...))
}

// command runs a program and returns its output; an error carries what the
// program said.
func (w *workshop) command(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.String(), nil
}

// tarball returns the path for an image with these inputs and whether it is
// there already.
func (w *workshop) tarball(kind, inputs string) (path string, ready bool) {
	path = filepath.Join(w.cache, kind+"-"+inputs+".tar")
	now := time.Now()
	// The time of its last use decides which tarballs stay.
	return path, os.Chtimes(path, now, now) == nil
}

// prune removes the tarballs of an image that were not used for longest.
func (w *workshop) prune(kind string) error {
	paths, err := filepath.Glob(filepath.Join(w.cache, kind+"-*.tar"))
	if err != nil {
		return err
	}
	for len(paths) > keepTarballs {
		oldest, oldestAt := 0, time.Now()
		for i, path := range paths {
			info, err := os.Stat(path)
			if err != nil {
				return fmt.Errorf("clean the cache: %w", err)
			}
			if info.ModTime().Before(oldestAt) {
				oldest, oldestAt = i, info.ModTime()
			}
		}
		if err := os.Remove(paths[oldest]); err != nil {
			return fmt.Errorf("clean the cache: %w", err)
		}
		paths = append(paths[:oldest], paths[oldest+1:]...)
	}
	return nil
}
