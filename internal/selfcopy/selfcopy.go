// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package selfcopy

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// To puts this program at dest. The copy appears whole or not at all.
func To(dest string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return File(self, dest, 0o755)
}

// File copies one file. The copy appears whole or not at all.
func File(from, dest string, mode os.FileMode) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copy %s: %w", filepath.Base(from), err)
	}
	defer func() { _ = in.Close() }()
	out, err := os.CreateTemp(filepath.Dir(dest), ".copy-*")
	if err != nil {
		return fmt.Errorf("copy %s: %w", filepath.Base(from), err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(out.Name()))
		}
	}()
	_, copyErr := io.Copy(out, in)
	if err := errors.Join(copyErr, out.Chmod(mode), out.Close()); err != nil {
		return fmt.Errorf("copy %s: %w", filepath.Base(from), err)
	}
	if err := os.Rename(out.Name(), dest); err != nil {
		return fmt.Errorf("copy %s: %w", filepath.Base(from), err)
	}
	return nil
}
