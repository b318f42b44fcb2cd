// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	traefikTag    = "traefik:dev"
	traefikModule = "github.com/traefik/traefik/v3"
	legoModule    = "github.com/go-acme/lego/v4"
)

// legoParts are the folders of lego with which Traefik speaks ACME. The other one, its clients of a hundred providers of DNS
// with their makers' libraries, would be a third of the packages to compile and half of the modules to fetch.
var legoParts = []string{"acme", "certcrypto", "certificate", "challenge", "lego", "log", "platform/config", "platform/wait", "registration"}

// noProvider stands where lego lists its providers.
const noProvider = `package dns

import (
	"fmt"

	"github.com/go-acme/lego/v4/challenge"
)

func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	return nil, fmt.Errorf("this Traefik was built without the DNS provider %q", name)
}
`

// buildTraefik makes an image of Traefik from the version that hack/tools pins, with all but lego's DNS providers.
func buildTraefik(ctx context.Context, w *workshop) (string, error) {
	pins := filepath.Join(w.repository, "hack", "tools", "traefik")
	module, err := os.ReadFile(filepath.Join(pins, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("read what pins Traefik: %w", err)
	}
	version, err := pinned(module, traefikModule)
	if err != nil {
		return "", err
	}
	inputs := sha256.Sum256(append(module, noProvider...))
	binary := filepath.Join(w.cache, "bin", "traefik", version+"-"+shortHash(inputs[:]))
	if _, err := os.Stat(binary); err != nil {
		w.say("traefik: building it (once; then it is cached)")
		if err := w.compileTraefik(ctx, pins, binary); err != nil {
			return "", err
		}
	}
	return w.finish(traefikImage(version, binary))
}

// pinned is the version of a module without its leading v, as a go.mod says it.
func pinned(gomod []byte, module string) (string, error) {
	found := regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(module) + ` v(\S+)`).FindSubmatch(gomod)
	if found == nil {
		return "", fmt.Errorf("no go.mod line pins %s", module)
	}
	return string(found[1]), nil
}

// compileTraefik builds the program in a folder of its own, beside the parts of lego that it needs.
func (w *workshop) compileTraefik(ctx context.Context, pins, binary string) error {
	dir, err := os.MkdirTemp("", "alumni-traefik-")
	if err != nil {
		return fmt.Errorf("make a folder to build in: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for _, name := range []string{"go.mod", "go.sum"} {
		if err := copyFile(filepath.Join(pins, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	if err := w.trimLego(ctx, filepath.Join(dir, "lego")); err != nil {
		return fmt.Errorf("trim lego: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return fmt.Errorf("make the folder for the program: %w", err)
	}
	// The Makefile's flags: what it has in common with the control plane is compiled already.
	_, err = w.command(ctx, dir, []string{"CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off", "GOGC=400"},
		"go", "build", "-gcflags=all=-dwarf=false", "-ldflags", "-s -w", "-o", binary+".new", "tool")
	if err != nil {
		return err
	}
	return os.Rename(binary+".new", binary)
}

// trimLego copies the parts of lego, whose version and checksum hack/tools/traefik-parts pins, and writes what stands for the rest.
func (w *workshop) trimLego(ctx context.Context, target string) error {
	pins := filepath.Join(w.repository, "hack", "tools", "traefik-parts")
	env := []string{"GOFLAGS=", "GOWORK=off"}
	if _, err := w.command(ctx, pins, env, "go", "mod", "download", legoModule); err != nil {
		return err
	}
	source, err := w.command(ctx, pins, env, "go", "list", "-m", "-f", "{{.Dir}}", legoModule)
	if err != nil {
		return err
	}
	for _, part := range legoParts {
		if err := copySources(filepath.Join(strings.TrimSpace(source), part), filepath.Join(target, part)); err != nil {
			return err
		}
	}
	for name, content := range map[string]string{
		"go.mod":                   "module " + legoModule + "\n\ngo 1.24\n",
		"providers/dns/nothing.go": noProvider,
	} {
		path := filepath.Join(target, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// copySources copies the Go files of a folder and of the folders in it, without their tests.
func copySources(source, target string) error {
	return filepath.WalkDir(source, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		name, err := filepath.Rel(source, path)
		if err != nil {
			return err
		}
		copied := filepath.Join(target, name)
		if err := os.MkdirAll(filepath.Dir(copied), 0o755); err != nil {
			return err
		}
		return copyFile(path, copied)
	})
}

func copyFile(source, target string) error {
	content, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	return os.WriteFile(target, content, 0o644)
}

// traefikImage describes the image around the one program.
func traefikImage(version, binary string) image {
	entries := append(folders("etc", "etc/ssl", "etc/ssl/certs"),
		entry{path: "tmp", mode: 0o1777, folder: true},
		entry{path: "etc/passwd", mode: 0o644, content: []byte(passwd)},
		entry{path: certificates, mode: 0o644, source: "/" + certificates},
		entry{path: "traefik", mode: 0o755, source: binary},
	)
	return image{
		kind: "traefik", tags: []string{traefikTag}, entries: entries,
		config: v1.Config{
			Entrypoint: []string{"/traefik"}, User: nobodyInParticular, WorkingDir: "/",
			Labels: labels("traefik", "Traefik for the local cluster of alumni-operator", version),
		},
	}
}
