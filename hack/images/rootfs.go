// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mergeUsr moves /bin, /sbin and /lib* below /usr and leaves links, as every
// installed Debian has it. Packages come in the old layout, the new, or both.
func mergeUsr(root string) error {
	for _, name := range []string{"bin", "sbin", "lib", "lib32", "lib64", "libx32"} {
		old, merged := filepath.Join(root, name), filepath.Join(root, "usr", name)
		info, err := os.Lstat(old)
		if errors.Is(err, os.ErrNotExist) {
			if _, err := os.Stat(merged); err != nil {
				continue // neither layout has it
			}
		} else if err != nil {
			return err
		} else if info.IsDir() {
			if err := moveInto(old, merged); err != nil {
				return err
			}
		}
		if err := os.RemoveAll(old); err != nil {
			return err
		}
		if err := os.Symlink("usr/"+name, old); err != nil {
			return err
		}
	}
	return nil
}

// moveInto moves everything in from into the folder to, which may hold the
// same folders already.
func moveInto(from, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	children, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, child := range children {
		source, target := filepath.Join(from, child.Name()), filepath.Join(to, child.Name())
		if info, err := os.Lstat(target); err == nil && info.IsDir() && child.IsDir() {
			if err := moveInto(source, target); err != nil {
				return err
			}
			continue
		}
		if err := os.Rename(source, target); err != nil {
			return err
		}
	}
	return nil
}

// needless are files that neither the server nor its client programs open.
// Copyright files stay: who has the image has the licences.
var needless = []string{
	"usr/include",
	"usr/lib/postgresql/*/lib/bitcode",
	"usr/lib/postgresql/*/lib/llvmjit*",
	"usr/lib/postgresql/*/lib/pgxs",
	"usr/lib/systemd",
	"usr/lib/udev",
	"usr/sbin",
	"usr/share/bug",
	"usr/share/info",
	"usr/share/lintian",
	"usr/share/locale",
	"usr/share/man",
	"usr/share/menu",
	"usr/share/perl5",
	"usr/share/postgresql/*/man",
	"usr/share/postgresql-common",
	"var",
	"etc",
}

// strip removes needless files, and all documents but the copyrights.
func strip(root string) error {
	for _, pattern := range needless {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return err
		}
		for _, path := range paths {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
		}
	}
	return filepath.WalkDir(filepath.Join(root, "usr/share/doc"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "copyright" {
			return err
		}
		return os.Remove(path)
	})
}

// checkLibraries fails when a program or library of root needs a library that
// root does not hold: better here than in a pod.
func checkLibraries(root string) error {
	held := map[string]bool{}
	needs := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		held[d.Name()] = true
		if !d.Type().IsRegular() {
			return nil
		}
		libraries, err := neededBy(path)
		if err != nil {
			return err
		}
		for _, library := range libraries {
			needs[library] = append(needs[library], strings.TrimPrefix(path, root))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("check the libraries: %w", err)
	}
	var missing []string
	for library, users := range needs {
		if !held[library] {
			missing = append(missing, fmt.Sprintf("%s (for %s)", library, users[0]))
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return fmt.Errorf("check the libraries: the packages lack %s", strings.Join(missing, ", "))
	}
	return nil
}

// neededBy lists the libraries that a file is linked with: none when it is not
// a program or library.
func neededBy(path string) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	magic := make([]byte, len(elf.ELFMAG))
	if n, _ := file.ReadAt(magic, 0); n < len(magic) || string(magic) != elf.ELFMAG {
		return nil, nil
	}
	object, err := elf.NewFile(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return object.ImportedLibraries()
}

// walk turns the files below root into entries.
func walk(root string) ([]entry, error) {
	var entries []entry
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		e := entry{path: relative, mode: int64(info.Mode().Perm())}
		switch {
		case d.IsDir():
			e.folder = true
		case info.Mode()&fs.ModeSymlink != 0:
			if e.link, err = os.Readlink(path); err != nil {
				return err
			}
		case info.Mode().IsRegular():
			e.source = path
		default:
			return fmt.Errorf("%s is neither file, folder nor link", relative)
		}
		entries = append(entries, e)
		return nil
	})
	return entries, err
}
