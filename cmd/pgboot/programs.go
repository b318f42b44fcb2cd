// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// oldestMajor is the oldest PostgreSQL that the community store supports.
const oldestMajor = 15

// programs are PostgreSQL's own programs in this image.
type programs struct {
	initdb, postgres string
	major            int
}

// findPrograms looks in PATH first, then in the folders; of these the newest version wins, for the order of names
// puts 9 behind 15.
func findPrograms(folders []string) (programs, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		if p, err := inFolder(filepath.Dir(path)); err == nil {
			return p, p.supported()
		}
	}
	var found []programs
	for _, folder := range folders {
		if p, err := inFolder(folder); err == nil {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		return programs{}, errors.New("this image has no PostgreSQL: initdb and postgres are neither in PATH nor in the usual folders")
	}
	newest := slices.MaxFunc(found, func(a, b programs) int { return cmp.Compare(a.major, b.major) })
	return newest, newest.supported()
}

func (p programs) supported() error {
	if p.major < oldestMajor {
		return fmt.Errorf("this image has PostgreSQL %d; %d or newer is needed", p.major, oldestMajor)
	}
	return nil
}

// versionText is the start of what postgres --version prints: "postgres (PostgreSQL) 15.18 (Debian …)".
var versionText = regexp.MustCompile(`^postgres \([^)]*\) (\d+)`)

func inFolder(folder string) (programs, error) {
	p := programs{initdb: filepath.Join(folder, "initdb"), postgres: filepath.Join(folder, "postgres")}
	for _, path := range []string{p.initdb, p.postgres} {
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			return programs{}, fmt.Errorf("%s is not there", path)
		}
	}
	output, err := exec.Command(p.postgres, "--version").Output()
	if err != nil {
		return programs{}, fmt.Errorf("ask %s for its version: %w", p.postgres, err)
	}
	match := versionText.FindSubmatch(output)
	if match == nil {
		return programs{}, fmt.Errorf("ask %s for its version: unknown answer %q", p.postgres, output)
	}
	p.major, err = strconv.Atoi(string(match[1]))
	return p, err
}
