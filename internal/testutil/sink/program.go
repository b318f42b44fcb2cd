// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// dirEnv names the folder of the programs.
const dirEnv = "ALUMNI_BENCH_DIR"

// repository is the folder of go.mod.
var repository = sync.OnceValues(func() (string, error) {
	output, err := exec.Command("go", "env", "GOMOD").Output()
	return filepath.Dir(strings.TrimSpace(string(output))), err
})

// dir is the folder of the programs.
func dir(t testing.TB) string {
	t.Helper()
	named := os.Getenv(dirEnv)
	if named != "" {
		return named
	}
	root, err := repository()
	if err != nil {
		t.Fatalf("find the repository: %v", err)
	}
	found := filepath.Join(filepath.Dir(root), "shared", "bench")
	if _, err := os.Stat(found); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the mail server and the fakes that this measures with are not in ../shared/bench; name their folder in %s", dirEnv)
	}
	return found
}

// Program is the path of one of the programs. It is built once for each version of its sources, and kept in the cache
// of the repository's tools.
func Program(t testing.TB, name string) string {
	t.Helper()
	sources := dir(t)
	version, err := digest(filepath.Join(sources, "go.mod"), filepath.Join(sources, name, "main.go"))
	if err != nil {
		t.Fatalf("read the sources of %s: %v", name, err)
	}
	cache := os.Getenv("ALUMNI_CACHE")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			t.Fatalf("find the cache: %v", err)
		}
		cache = filepath.Join(user, "alumni-operator")
	}
	folder := filepath.Join(cache, "tools", name+"-"+version+"-"+runtime.Version())
	binary := filepath.Join(folder, name)
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	if err := build(sources, name, folder); err != nil {
		t.Fatalf("build %s: %v", name, err)
	}
	return binary
}

// build writes the program under another name first, for another test may be building it.
func build(sources, name, folder string) error {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	work, err := os.MkdirTemp(folder, "build-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	made := filepath.Join(work, name)
	output, err := exec.Command("go", "build", "-C", sources, "-buildvcs=false", "-o", made, "./"+name).CombinedOutput()
	if err != nil {
		return errors.Join(err, errors.New(string(output)))
	}
	return os.Rename(made, filepath.Join(folder, name))
}

func digest(files ...string) (string, error) {
	sum := sha256.New()
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		sum.Write(content)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12], nil
}
