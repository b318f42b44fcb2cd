// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pg

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// oldestMajor is the oldest PostgreSQL that the community store supports.
const oldestMajor = 15

// errNoPrograms says what to do when no PostgreSQL server program is found.
var errNoPrograms = errors.New("find the PostgreSQL server programs (initdb, postgres): none in PG_BIN, PATH or /usr/lib/postgresql/*/bin; " +
	"install them with `apt-get install postgresql-15` or point PG_BIN at their folder")

// findPrograms returns the folder that holds initdb and postgres. PG_BIN wins,
// then PATH, then the newest version that Debian's packages installed.
func findPrograms() (string, error) {
	if dir := os.Getenv("PG_BIN"); dir != "" {
		if !hasPrograms(dir) {
			return "", fmt.Errorf("use PG_BIN: %s holds no initdb and postgres", dir)
		}
		return dir, nil
	}
	if initdb, err := exec.LookPath("initdb"); err == nil {
		// A link to initdb alone may lie in PATH; the other programs are where it points.
		if target, err := filepath.EvalSymlinks(initdb); err == nil && hasPrograms(filepath.Dir(target)) {
			return filepath.Dir(target), nil
		}
	}
	return newestInstalled("/usr/lib/postgresql")
}

// newestInstalled looks through a folder with one subfolder per major version.
func newestInstalled(root string) (string, error) {
	dirs, err := filepath.Glob(filepath.Join(root, "*", "bin"))
	if err != nil {
		return "", fmt.Errorf("list PostgreSQL versions: %w", err)
	}
	dirs = slices.DeleteFunc(dirs, func(dir string) bool {
		return majorOf(dir) < oldestMajor || !hasPrograms(dir)
	})
	if len(dirs) == 0 {
		return "", errNoPrograms
	}
	return slices.MaxFunc(dirs, func(a, b string) int { return cmp.Compare(majorOf(a), majorOf(b)) }), nil
}

// majorOf reads the version from a path such as /usr/lib/postgresql/15/bin.
func majorOf(binDir string) int {
	major, err := strconv.Atoi(filepath.Base(filepath.Dir(binDir)))
	if err != nil {
		return 0
	}
	return major
}

func hasPrograms(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}
