// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestMissingAssetsNameTheCommand(t *testing.T) {
	cases := map[string]func(t *testing.T){
		"nothing is built": func(t *testing.T) {
			t.Setenv("KUBEBUILDER_ASSETS", "")
			t.Setenv("ALUMNI_CACHE", t.TempDir())
		},
		"KUBEBUILDER_ASSETS names an empty folder": func(t *testing.T) {
			t.Setenv("KUBEBUILDER_ASSETS", t.TempDir())
		},
	}
	for name, prepare := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			prepare(t)

			_, err := findAssets()

			g.Expect(err).To(MatchError(ContainSubstring("make assets")))
		})
	}
}

func TestTheNewestAssetsOfTheCacheAreTaken(t *testing.T) {
	g := NewWithT(t)
	cache := t.TempDir()
	t.Setenv("KUBEBUILDER_ASSETS", "")
	t.Setenv("ALUMNI_CACHE", cache)
	for i, version := range []string{"v1.9.0", "v1.37.1", "v1.36.3"} {
		dir := filepath.Join(cache, "assets-"+version)
		g.Expect(os.Mkdir(dir, 0o755)).To(Succeed())
		for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager"} {
			g.Expect(os.WriteFile(filepath.Join(dir, name), nil, 0o755)).To(Succeed())
		}
		built := time.Unix(int64(1000*(3-i)), 0)
		if version == "v1.37.1" {
			built = time.Unix(9000, 0)
		}
		g.Expect(os.Chtimes(dir, built, built)).To(Succeed())
	}

	dir, err := findAssets()

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(filepath.Base(dir)).To(Equal("assets-v1.37.1"))
}
