// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// assetsVariable is the name that envtest and other tools know too.
const assetsVariable = "KUBEBUILDER_ASSETS"

// crdFolder holds the generated CRDs, seen from the root of the repository.
var crdFolder = filepath.Join("config", "crd", "bases")

// findAssets returns the folder of etcd, kube-apiserver and
// kube-controller-manager: KUBEBUILDER_ASSETS, or the newest that `make assets`
// put into the cache.
func findAssets() (string, error) {
	dir := os.Getenv(assetsVariable)
	if dir == "" {
		cache, err := cacheFolder()
		if err != nil {
			return "", err
		}
		built, err := filepath.Glob(filepath.Join(cache, "assets-*"))
		if err != nil || len(built) == 0 {
			return "", fmt.Errorf("find etcd and kube-apiserver: %s is not set and %s holds none; run `make assets` to build them", assetsVariable, cache)
		}
		dir = slices.MaxFunc(built, byModTime)
	}
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return "", fmt.Errorf("find the control plane's programs: %w; run `make assets` to build them", err)
		}
	}
	return dir, nil
}

// cacheFolder is the folder that hack/cluster builds into.
func cacheFolder() (string, error) {
	if dir := os.Getenv("ALUMNI_CACHE"); dir != "" {
		return dir, nil
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w; set ALUMNI_CACHE or %s", err, assetsVariable)
	}
	return filepath.Join(base, "alumni-operator"), nil
}

func byModTime(a, b string) int {
	first, errA := os.Stat(a)
	second, errB := os.Stat(b)
	if errA != nil || errB != nil {
		return 0
	}
	return first.ModTime().Compare(second.ModTime())
}

// findCRDs walks up from the tested package to the root of the repository.
func findCRDs() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the CRDs: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		crds := filepath.Join(dir, crdFolder)
		if info, err := os.Stat(crds); err == nil && info.IsDir() {
			return crds, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("find the CRDs: no config/crd/bases above " + start + "; run `make manifests`")
		}
	}
}
