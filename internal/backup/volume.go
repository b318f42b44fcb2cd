// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"
)

// partSuffix marks a file that is still being written.
const partSuffix = ".part"

// volume is a folder on a mounted volume.
type volume struct{ root *os.Root }

// OpenVolume opens the folder of a network on a mounted volume, and makes it when it is not there. Neither a path nor a
// link leads out of the volume.
func OpenVolume(mount, folder string) (Destination, error) {
	outer, err := os.OpenRoot(mount)
	if err != nil {
		return nil, fail(DestinationNotFound, "the volume is not mounted")
	}
	defer func() { _ = outer.Close() }()
	if err := outer.MkdirAll(folder, 0o750); err != nil {
		return nil, diskFailure(err)
	}
	root, err := outer.OpenRoot(folder)
	if err != nil {
		return nil, diskFailure(err)
	}
	return &volume{root: root}, nil
}

// LookIntoVolume opens a folder on a mounted volume to read from. One that is not there is empty.
func LookIntoVolume(mount, folder string) (Destination, error) {
	outer, err := os.OpenRoot(mount)
	if err != nil {
		return nil, fail(DestinationNotFound, "the volume is not mounted")
	}
	defer func() { _ = outer.Close() }()
	root, err := outer.OpenRoot(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nothing{closed{fail(DestinationNotFound, "the volume lacks a file or folder")}}, nil
	}
	if err != nil {
		return nil, diskFailure(err)
	}
	return &volume{root: root}, nil
}

// nothing is a folder that is not there.
type nothing struct{ closed }

func (nothing) List(context.Context) ([]Entry, error) { return nil, nil }

// Write makes a file under another name and renames it when all of it is on the disk.
func (v *volume) Write(_ context.Context, name string, content io.Reader) error {
	part := name + partSuffix
	file, err := v.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return diskFailure(err)
	}
	_, copyErr := io.Copy(file, content)
	if err := errors.Join(copyErr, file.Sync(), file.Close()); err != nil {
		_ = v.root.Remove(part) // what stays is swept another day
		return diskFailure(err)
	}
	if err := v.root.Rename(part, name); err != nil {
		return diskFailure(err)
	}
	return v.sync()
}

// sync makes renames last.
func (v *volume) sync() error {
	folder, err := v.root.Open(".")
	if err != nil {
		return diskFailure(err)
	}
	defer func() { _ = folder.Close() }()
	// Some network file systems know no sync of folders.
	if err := folder.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return diskFailure(err)
	}
	return nil
}

func (v *volume) Open(_ context.Context, name string) (io.ReadCloser, error) {
	file, err := v.root.Open(name)
	if err != nil {
		return nil, diskFailure(err)
	}
	return file, nil
}

func (v *volume) List(context.Context) ([]Entry, error) {
	var entries []Entry
	err := v.each(func(e Entry) error {
		if !strings.HasSuffix(e.Name, partSuffix) {
			entries = append(entries, e)
		}
		return nil
	})
	return entries, err
}

func (v *volume) Remove(_ context.Context, name string) error {
	if err := v.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return diskFailure(err)
	}
	return nil
}

func (v *volume) Sweep(ctx context.Context, before time.Time) error {
	return v.each(func(e Entry) error {
		if strings.HasSuffix(e.Name, partSuffix) && e.Modified.Before(before) {
			return v.Remove(ctx, e.Name)
		}
		return nil
	})
}

func (v *volume) each(do func(Entry) error) error {
	files, err := fs.ReadDir(v.root.FS(), ".")
	if err != nil {
		return diskFailure(err)
	}
	for _, file := range files {
		info, err := file.Info()
		if errors.Is(err, fs.ErrNotExist) || (err == nil && !info.Mode().IsRegular()) {
			continue
		}
		if err != nil {
			return diskFailure(err)
		}
		if err := do(Entry{Name: file.Name(), Modified: info.ModTime()}); err != nil {
			return err
		}
	}
	return nil
}

// diskFailure gives an error of a file system its code, without its path.
func diskFailure(err error) error {
	var (
		failure *Failure
		errno   syscall.Errno
	)
	switch {
	case errors.As(err, &failure):
		return failure
	case errors.Is(err, fs.ErrNotExist):
		return fail(DestinationNotFound, "the volume lacks a file or folder")
	case errors.Is(err, fs.ErrPermission):
		return fail(DestinationForbidden, "user %d may not write to the volume", os.Getuid())
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fail(DestinationFull, "the volume is full")
	case errors.As(err, &errno):
		return fail(DestinationFailed, "%s", errno.Error())
	default:
		return fmt.Errorf("write to the volume: %w", err)
	}
}
