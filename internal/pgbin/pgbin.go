// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgbin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// Folders are where the programs lie when they are not in PATH.
func Folders() []string {
	var all []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/libexec/postgresql*", "/opt/*/postgresql/bin"} {
		found, err := filepath.Glob(pattern)
		if err == nil {
			all = append(all, found...)
		}
	}
	return append(all, "/usr/local/bin", "/usr/local/pgsql/bin", "/usr/bin", "/opt/bitnami/postgresql/bin")
}

// Clients are the programs that write and read dumps, of one version.
type Clients struct {
	Dump, Restore string // paths
	Major         int    // their version; they read servers of this one and of older ones
}

// ErrNoClients tells that an image has no pg_dump and pg_restore.
var ErrNoClients = errors.New("this image has no PostgreSQL programs: pg_dump and pg_restore are neither in PATH nor in the usual folders")

// FindClients looks in the folders, or, when none are named, in PATH and the usual folders. The newest version wins.
func FindClients(ctx context.Context, folders ...string) (Clients, error) {
	if len(folders) == 0 {
		folders = append(filepath.SplitList(os.Getenv("PATH")), Folders()...)
	}
	var newest Clients
	for _, folder := range folders {
		if c, err := clientsIn(ctx, folder); err == nil && c.Major > newest.Major {
			newest = c
		}
	}
	if newest.Major == 0 {
		return Clients{}, ErrNoClients
	}
	return newest, nil
}

// versionText is the start of what pg_dump --version prints: "pg_dump (PostgreSQL) 15.18 (Debian …)".
var versionText = regexp.MustCompile(`^pg_dump \([^)]*\) (\d+)`)

func clientsIn(ctx context.Context, folder string) (Clients, error) {
	c := Clients{Dump: filepath.Join(folder, "pg_dump"), Restore: filepath.Join(folder, "pg_restore")}
	for _, path := range []string{c.Dump, c.Restore} {
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			return Clients{}, fmt.Errorf("%s is not there", path)
		}
		// Debian puts a script in PATH that chooses among versions by rules of its own.
		if target, err := filepath.EvalSymlinks(path); err == nil && filepath.Base(target) == "pg_wrapper" {
			return Clients{}, fmt.Errorf("%s is a script", path)
		}
	}
	output, err := exec.CommandContext(ctx, c.Dump, "--version").Output()
	if err != nil {
		return Clients{}, fmt.Errorf("ask %s for its version: %w", c.Dump, err)
	}
	match := versionText.FindSubmatch(output)
	if match == nil {
		return Clients{}, fmt.Errorf("ask %s for its version: unknown answer", c.Dump)
	}
	c.Major, err = strconv.Atoi(string(match[1]))
	return c, err
}
