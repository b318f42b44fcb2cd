// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// copySelf puts this program at dest. The copy appears whole or not at all.
func copySelf(dest string) (err error) {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	in, err := os.Open(self)
	if err != nil {
		return fmt.Errorf("read this program: %w", err)
	}
	defer func() { _ = in.Close() }()
	out, err := os.CreateTemp(filepath.Dir(dest), ".pgboot-*")
	if err != nil {
		return fmt.Errorf("copy this program: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(out.Name()))
		}
	}()
	_, copyErr := io.Copy(out, in)
	if err := errors.Join(copyErr, out.Chmod(0o755), out.Close()); err != nil {
		return fmt.Errorf("copy this program: %w", err)
	}
	if err := os.Rename(out.Name(), dest); err != nil {
		return fmt.Errorf("copy this program: %w", err)
	}
	return nil
}
