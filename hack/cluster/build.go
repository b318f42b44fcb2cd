// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

const goarch = runtime.GOARCH

// moduleFiles pin every dependency of every program, down to its checksum.
//
//go:embed components/*.mod components/*.sum components/_coredns/main.go
var moduleFiles embed.FS

// podSources are the tiny programs that run inside pods.
//
//go:embed pods/pause/main.go pods/probe/main.go
var podSources embed.FS

// kubernetesModule also gives the version of the API server.
const kubernetesModule = "k8s.io/kubernetes"

// Program is one binary to build from a published module.
type Program struct {
	Name   string
	File   string // components/FILE.mod
	Module string // the module whose version is the program's version
	Import string // the package to build
	Source string // or the file that is the package, below components/
	Tags   string
	Cgo    bool
}

// apiServerTests is the part of the programs that tests without a node use.
const apiServerTests = "apiserver-tests"

// programs lists what a cluster is made of, in the order of building: what
// API-server tests wait for comes first.
var programs = []Program{
	{Name: "etcd", File: "etcd", Module: "go.etcd.io/etcd/server/v3", Import: "go.etcd.io/etcd/server/v3"},
	fromKubernetes("kube-apiserver"),
	fromKubernetes("kube-controller-manager"),
	fromKubernetes("kubectl"),
	fromKubernetes("kubelet"),
	fromKubernetes("kube-scheduler"),
	fromKubernetes("kube-proxy"),
	fromContainerd("containerd"),
	fromContainerd("containerd-shim-runc-v2"),
	fromContainerd("ctr"),
	{
		Name: "runc", File: "runc", Module: "github.com/opencontainers/runc",
		Import: "github.com/opencontainers/runc", Tags: "seccomp", Cgo: true,
	},
	{Name: "coredns", File: "coredns", Module: "github.com/coredns/coredns", Import: ".", Source: "_coredns/main.go"},
	{Name: "etcdctl", File: "etcd", Module: "go.etcd.io/etcd/etcdctl/v3", Import: "go.etcd.io/etcd/etcdctl/v3"},
}

// assetNames are the programs, by the file names that KUBEBUILDER_ASSETS asks for.
var assetNames = []string{"etcd", "kube-apiserver", "kube-controller-manager"}

// podPrograms are built from this program's own sources.
var podPrograms = []string{"pause", "probe"}

func fromKubernetes(name string) Program {
	return Program{Name: name, File: "kubernetes", Module: kubernetesModule, Import: kubernetesModule + "/cmd/" + name}
}

func fromContainerd(name string) Program {
	const module = "github.com/containerd/containerd/v2"
	return Program{Name: name, File: "containerd", Module: module, Import: module + "/cmd/" + name}
}

// selectPrograms narrows the list to a part ("" means all) or to one program.
func selectPrograms(only string) ([]Program, error) {
	if only == "" {
		return programs, nil
	}
	var chosen []Program
	for _, p := range programs {
		if p.Name == only || (only == apiServerTests && slices.Contains(assetNames, p.Name)) {
			chosen = append(chosen, p)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("build --only %q: no such program; give %s or the name of one program", only, apiServerTests)
	}
	return chosen, nil
}

// version reads the program's version from the committed module file, the one
// place where it is written.
func (p Program) version() (string, error) {
	raw, err := moduleFiles.ReadFile("components/" + p.File + ".mod")
	if err != nil {
		return "", err
	}
	mod, err := modfile.Parse(p.File+".mod", raw, nil)
	if err != nil {
		return "", err
	}
	for _, r := range mod.Require {
		if r.Mod.Path == p.Module {
			return r.Mod.Version, nil
		}
	}
	return "", fmt.Errorf("components/%s.mod does not require %s", p.File, p.Module)
}

// linkFlags stamp the version into programs that cannot know it by themselves.
func (p Program) linkFlags(version string) string {
	flags := []string{"-s", "-w"}
	set := func(pkg, key, value string) { flags = append(flags, fmt.Sprintf("-X %s.%s=%s", pkg, key, value)) }
	switch p.File {
	case "kubernetes":
		parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
		for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
			set(pkg, "gitVersion", version)
			set(pkg, "gitMajor", parts[0])
			set(pkg, "gitMinor", parts[1])
			set(pkg, "gitTreeState", "clean")
		}
	case "containerd":
		set("github.com/containerd/containerd/v2/version", "Version", version)
	}
	return strings.Join(flags, " ")
}

// Cache is the folder of everything that was built, shared by all clusters.
type Cache struct{ Dir string }

// openCache finds the cache folder: ALUMNI_CACHE, or the user's cache folder.
func openCache() (Cache, error) {
	dir := os.Getenv("ALUMNI_CACHE")
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return Cache{}, fmt.Errorf("find the cache folder: %w; set ALUMNI_CACHE", err)
		}
		dir = filepath.Join(base, "alumni-operator")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Cache{}, fmt.Errorf("find the cache folder: %w", err)
	}
	return Cache{Dir: dir}, os.MkdirAll(filepath.Join(dir, "bin"), 0o755)
}

// binary is where the cache keeps a program.
func (c Cache) binary(p Program) (string, error) {
	version, err := p.version()
	if err != nil {
		return "", fmt.Errorf("find the version of %s: %w", p.Name, err)
	}
	return filepath.Join(c.Dir, "bin", p.Name+"-"+version), nil
}

// assets fills the folder for KUBEBUILDER_ASSETS and returns it. kubectl is in it when it has been built: few tests need it.
func (c Cache) assets() (string, error) {
	version, err := fromKubernetes("kube-apiserver").version()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(c.Dir, "assets-"+version)
	chosen, err := selectPrograms(apiServerTests)
	if err != nil {
		return "", err
	}
	for _, p := range append(chosen, fromKubernetes("kubectl")) {
		binary, err := c.binary(p)
		if err != nil {
			return "", err
		}
		if p.Name == "kubectl" && !exists(binary) {
			continue
		}
		if err := linkFile(binary, filepath.Join(dir, p.Name)); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// linkFile gives a file a second name, or copies it to another file system.
// Nothing is written when the second name has the same file already.
func linkFile(from, to string) error {
	source, err := os.Stat(from)
	if err != nil {
		return fmt.Errorf("link %s: %w", to, err)
	}
	if now, err := os.Stat(to); err == nil && os.SameFile(source, now) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("link %s: %w", to, err)
	}
	tmp := fmt.Sprintf("%s.%d.new", to, os.Getpid())
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("link %s: %w", to, err)
	}
	if err := os.Link(from, tmp); err != nil {
		if err := copyFile(from, tmp); err != nil {
			return fmt.Errorf("copy %s: %w", to, err)
		}
	}
	return os.Rename(tmp, to)
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o755)
}
