// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	operatorTag = "alumni-operator:dev"
	demoTag     = "alumni-operator-demo:dev"

	// certificates is where Debian, and Go's crypto/x509, look for the roots of trust.
	certificates = "etc/ssl/certs/ca-certificates.crt"
	// nobodyInParticular runs the programs that need no user of their own.
	nobodyInParticular = "65532:65532"
	// passwd names that user and root.
	passwd = "root:x:0:0:root:/:/nonexistent\nnonroot:x:65532:65532:nonroot:/:/nonexistent\n"

	versionVariable = "github.com/alumni-operator/alumni-operator/internal/version.version"
)

// buildOperator makes the image that the Dockerfile makes too.
func buildOperator(ctx context.Context, w *workshop) (string, error) {
	return w.programs(ctx, program{
		kind: "operator", tag: operatorTag, entrypoint: "/manager",
		about:    "Runs alumni networks: their stores, portals, campaigns and retention",
		packages: []string{"./cmd/manager", "./cmd/portal", "./cmd/worker", "./cmd/pgboot"},
	})
}

// buildDemo makes the image of the demo's surroundings: the mailbox that
// catches all mail, and the writer of rosters of invented people.
func buildDemo(ctx context.Context, w *workshop) (string, error) {
	return w.programs(ctx, program{
		kind: "demo", tag: demoTag, entrypoint: "/mailbox",
		about:    "Mailbox and invented people for the demo of alumni-operator",
		packages: []string{"./hack/demo/mailbox", "./hack/demo/people"},
	})
}

// program describes an image of static Go programs of this repository.
type program struct {
	kind, tag, entrypoint, about string
	packages                     []string
}

// programs builds the programs and puts them into an image without a shell.
func (w *workshop) programs(ctx context.Context, p program) (string, error) {
	bin := filepath.Join(w.cache, "bin", p.kind) + string(filepath.Separator)
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", fmt.Errorf("make the folder for the programs: %w", err)
	}
	w.say("%s: building %d programs", p.kind, len(p.packages))
	// Without -trimpath, which the released image has, all packages come from the
	// same build cache as the tests'.
	args := append([]string{
		"go", "build", "-buildvcs=false", "-ldflags", "-s -w -X " + versionVariable + "=dev", "-o", bin,
	}, p.packages...)
	if _, err := w.command(ctx, w.repository, []string{"CGO_ENABLED=0"}, args...); err != nil {
		return "", err
	}
	made, err := w.programImage(p, bin)
	if err != nil {
		return "", err
	}
	return w.finish(made)
}

func (w *workshop) programImage(p program, bin string) (image, error) {
	const group = "root:x:0:\nnonroot:x:65532:\n"
	entries := append(folders("etc", "etc/ssl", "etc/ssl/certs", "licenses"),
		entry{path: "etc/passwd", mode: 0o644, content: []byte(passwd)},
		entry{path: "etc/group", mode: 0o644, content: []byte(group)},
		entry{path: certificates, mode: 0o644, source: "/" + certificates},
	)
	for _, file := range []string{"LICENSE", "NOTICE"} {
		entries = append(entries, entry{path: "licenses/" + file, mode: 0o644, source: filepath.Join(w.repository, file)})
	}
	for _, pkg := range p.packages {
		name := filepath.Base(pkg)
		entries = append(entries, entry{path: name, mode: 0o755, source: filepath.Join(bin, name)})
	}
	for _, e := range entries {
		if e.source == "" {
			continue
		}
		if _, err := os.Stat(e.source); err != nil {
			return image{}, fmt.Errorf("collect the files: %w (certificates come with the package ca-certificates)", err)
		}
	}
	return image{kind: p.kind, tags: []string{p.tag}, entries: entries, config: v1.Config{
		Entrypoint: []string{p.entrypoint},
		User:       nobodyInParticular,
		WorkingDir: "/",
		Labels:     labels(p.kind, p.about, "dev"),
	}}, nil
}

// labels are the usual words about an image.
func labels(title, about, version string) map[string]string {
	const prefix = "org.opencontainers.image."
	return map[string]string{
		prefix + "title":       title,
		prefix + "description": about,
		prefix + "version":     version,
		prefix + "source":      "https://github.com/alumni-operator/alumni-operator",
	}
}
