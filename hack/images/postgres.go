// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	postgresRepository = "postgres-debian"
	// postgresUser has a line in /etc/passwd, because initdb refuses a user
	// without a name. The operator brings its own user and its own line.
	postgresUser = "100:102"
	// postgresRecipe changes with this program's way to make the image.
	postgresRecipe = 2
)

// buildPostgres unpacks Debian's packages into an image that holds the server,
// its client programs and its extensions, and nothing to manage packages with.
func buildPostgres(ctx context.Context, w *workshop) (string, error) {
	chosen, err := w.selectPackages(ctx)
	if err != nil {
		return "", err
	}
	debs := chosen.Debs
	made, err := postgresImage(chosen.Major, debs)
	if err != nil {
		return "", err
	}
	// The packages' hashes stand for the content, so that a tarball is found
	// before anything is downloaded.
	inputs, err := json.Marshal([]any{postgresRecipe, made.tags, made.config, debs})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(inputs)
	path, ready := w.tarball(made.kind, shortHash(sum[:]))
	if ready {
		w.say("postgres: nothing changed")
		return path, nil
	}
	root, err := os.MkdirTemp(w.cache, ".rootfs-*")
	if err != nil {
		return "", fmt.Errorf("make a root folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(root) }()
	if err := w.unpack(ctx, root, debs); err != nil {
		return "", err
	}
	if made.entries, err = rootEntries(root, debs); err != nil {
		return "", err
	}
	w.say("postgres: writing %s", filepath.Base(path))
	if err := made.write(path); err != nil {
		return "", err
	}
	return path, w.prune(made.kind)
}

// postgresImage describes the image but for its files.
func postgresImage(major int, debs []deb) (image, error) {
	server := fmt.Sprintf("postgresql-%d", major)
	i := slices.IndexFunc(debs, func(d deb) bool { return d.name() == server })
	if i < 0 {
		return image{}, fmt.Errorf("there is no package %s", server)
	}
	version, _, _ := strings.Cut(debs[i].version(), "-")
	return image{
		kind: "postgres",
		tags: []string{fmt.Sprintf("%s:%d", postgresRepository, major), postgresRepository + ":" + version},
		config: v1.Config{
			Env: []string{
				fmt.Sprintf("PATH=/usr/lib/postgresql/%d/bin:/usr/sbin:/usr/bin", major),
				"LANG=C.UTF-8",
			},
			Cmd:        []string{"postgres"},
			User:       postgresUser,
			WorkingDir: "/",
			Labels:     labels("postgres", "PostgreSQL from Debian's packages for the local cluster of alumni-operator", version),
		},
	}, nil
}

// unpack fills root with the packages' files, in the layout of a merged /usr,
// and removes what a server does without.
func (w *workshop) unpack(ctx context.Context, root string, debs []deb) error {
	dir := filepath.Join(w.cache, "debs")
	if err := w.download(ctx, dir, debs); err != nil {
		return err
	}
	w.say("postgres: unpacking %d packages", len(debs))
	for _, d := range debs {
		if _, err := w.command(ctx, dir, nil, "dpkg-deb", "--extract", d.File, root); err != nil {
			return err
		}
	}
	if err := mergeUsr(root); err != nil {
		return fmt.Errorf("merge /usr: %w", err)
	}
	if err := strip(root); err != nil {
		return fmt.Errorf("remove what is not needed: %w", err)
	}
	return checkLibraries(root)
}

// rootEntries turns the unpacked files into entries, with the few files and
// folders that packages make when they are installed.
func rootEntries(root string, debs []deb) ([]entry, error) {
	entries, err := walk(root)
	if err != nil {
		return nil, fmt.Errorf("collect the files: %w", err)
	}
	var list strings.Builder
	for _, d := range debs {
		_, _ = fmt.Fprintf(&list, "%s %s\n", d.name(), d.version())
	}
	// The second user is the one that CloudNativePG runs PostgreSQL as.
	const passwd = "root:x:0:0:root:/:/bin/sh\npostgres:x:100:102:PostgreSQL:/var/lib/postgresql:/bin/sh\n" +
		"cloudnativepg:x:26:26:PostgreSQL under CloudNativePG:/var/lib/postgresql:/bin/sh\n"
	const group = "root:x:0:\npostgres:x:102:\n"
	made := append(folders("etc", "run", "var", "var/lib", "var/lib/postgresql"),
		entry{path: "tmp", mode: 0o1777, folder: true},
		entry{path: "run/postgresql", mode: 0o1777, folder: true},
		entry{path: "var/run", link: "/run"},
		entry{path: "etc/passwd", mode: 0o644, content: []byte(passwd)},
		entry{path: "etc/group", mode: 0o644, content: []byte(group)},
		entry{path: "usr/share/doc/packages.txt", mode: 0o644, content: []byte(list.String())},
	)
	// What is made here stands before what a package brought.
	for _, e := range entries {
		if !slices.ContainsFunc(made, func(m entry) bool { return m.path == e.path }) {
			made = append(made, e)
		}
	}
	return made, nil
}
