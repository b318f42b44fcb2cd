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
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// deb is one package of the package sources of this machine.
type deb struct {
	File string // its name, with package, version and architecture
	Size int64
	Hash string // as the package index tells it
}

// oldestMajor is the oldest PostgreSQL that the operator supports.
const oldestMajor = 15

// unwantedLibraries are dependencies of packages that the server itself does
// without: the compiler behind JIT (110 MB), Perl, and installers' dialogues.
var unwantedLibraries = regexp.MustCompile(`-perl$|^libperl|^libllvm|^libz3|^libdebian-installer|^libnewt|^libslang|^libtextwrap|^libc-l10n|^libelogind|^libaudit-common|^libsemanage|^libpam-modules`)

// selection is what the package index says that an image is made of.
type selection struct {
	Major int
	Debs  []deb
}

// selectPackages asks the package index, or remembers what it said the last
// time when it has not changed since.
func (w *workshop) selectPackages(ctx context.Context) (selection, error) {
	key, err := indexState(packageIndex)
	if err != nil {
		return selection{}, err
	}
	memory := filepath.Join(w.cache, "postgres-packages-"+key+".json")
	var chosen selection
	if content, err := os.ReadFile(memory); err == nil && json.Unmarshal(content, &chosen) == nil && len(chosen.Debs) > 0 {
		return chosen, nil
	}
	w.say("postgres: reading the package index")
	if chosen.Major, err = w.postgresMajor(ctx); err != nil {
		return selection{}, err
	}
	packages, err := w.postgresPackages(ctx, chosen.Major)
	if err != nil {
		return selection{}, err
	}
	if chosen.Debs, err = w.resolve(ctx, packages); err != nil {
		return selection{}, err
	}
	content, err := json.MarshalIndent(chosen, "", "  ")
	if err != nil {
		return selection{}, err
	}
	// The index may have been renewed on the way: remember it under its new state.
	if key, err = indexState(packageIndex); err != nil {
		return selection{}, err
	}
	return chosen, os.WriteFile(filepath.Join(w.cache, "postgres-packages-"+key+".json"), content, 0o644)
}

// packageIndex is where apt keeps what its sources offer.
const packageIndex = "/var/lib/apt/lists"

// indexState sums up the files of the package index and the recipe.
func indexState(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_*"))
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, _ = fmt.Fprintln(sum, postgresRecipe, unwantedLibraries)
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return "", fmt.Errorf("look at the package index: %w", err)
		}
		_, _ = fmt.Fprintln(sum, file, info.Size(), info.ModTime().UnixNano())
	}
	return shortHash(sum.Sum(nil)), nil
}

// postgresMajor returns the version to take: 15, or the oldest after it that
// the package sources have.
func (w *workshop) postgresMajor(ctx context.Context) (int, error) {
	names, err := w.command(ctx, w.cache, nil, "apt-cache", "pkgnames", "postgresql-")
	if err != nil {
		return 0, err
	}
	var majors []int
	for _, name := range strings.Fields(names) {
		major, err := strconv.Atoi(strings.TrimPrefix(name, "postgresql-"))
		if err == nil && major >= oldestMajor {
			majors = append(majors, major)
		}
	}
	if len(majors) == 0 {
		return 0, fmt.Errorf("the package sources of this machine have no PostgreSQL %d or newer", oldestMajor)
	}
	return slices.Min(majors), nil
}

// postgresPackages lists the packages that make a PostgreSQL server: its own,
// and every library below them.
func (w *workshop) postgresPackages(ctx context.Context, major int) ([]string, error) {
	roots := []string{
		fmt.Sprintf("postgresql-%d", major), fmt.Sprintf("postgresql-client-%d", major),
		"dash",     // initdb starts postgres through a shell
		"libc-bin", // the locale C.UTF-8
		"tzdata",   // Debian's PostgreSQL reads the system's time zones
	}
	args := append([]string{
		"apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
		"--no-breaks", "--no-replaces", "--no-enhances",
	}, roots...)
	output, err := w.command(ctx, w.cache, nil, args...)
	if err != nil {
		return nil, err
	}
	wanted := slices.Clone(roots)
	for line := range strings.Lines(output) {
		name := strings.TrimSpace(line)
		if strings.HasPrefix(line, " ") || strings.HasPrefix(name, "<") {
			continue // a relation or a virtual package
		}
		library := strings.HasPrefix(name, "lib") || name == "zlib1g"
		if library && !unwantedLibraries.MatchString(name) {
			wanted = append(wanted, name)
		}
	}
	slices.Sort(wanted)
	return slices.Compact(wanted), nil
}

// resolve asks the package index for the newest version of each package.
func (w *workshop) resolve(ctx context.Context, packages []string) ([]deb, error) {
	output, err := w.apt(ctx, w.cache, append([]string{"download", "--print-uris"}, packages...)...)
	if err != nil {
		return nil, err
	}
	var debs []deb
	for line := range strings.Lines(output) {
		fields := strings.Fields(line) // 'address' file size hash
		if len(fields) != 4 || !strings.HasSuffix(fields[1], ".deb") {
			continue
		}
		size, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read the package index: %q: %w", fields[1], err)
		}
		debs = append(debs, deb{File: fields[1], Size: size, Hash: fields[3]})
	}
	if len(debs) != len(packages) {
		return nil, fmt.Errorf("read the package index: %d of %d packages found", len(debs), len(packages))
	}
	slices.SortFunc(debs, func(a, b deb) int { return strings.Compare(a.File, b.File) })
	return debs, nil
}

// download fetches the packages that the cache lacks; apt checks their
// signatures and hashes.
func (w *workshop) download(ctx context.Context, dir string, debs []deb) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder for packages: %w", err)
	}
	var missing []string
	for _, d := range debs {
		if info, err := os.Stat(filepath.Join(dir, d.File)); err == nil && info.Size() == d.Size {
			continue
		}
		missing = append(missing, d.name()+"="+d.version())
	}
	if len(missing) == 0 {
		return nil
	}
	w.say("postgres: downloading %d packages", len(missing))
	_, err := w.apt(ctx, dir, append([]string{"download"}, missing...)...)
	return err
}

// apt runs apt-get; where the package index is missing or old, root renews it.
func (w *workshop) apt(ctx context.Context, dir string, args ...string) (string, error) {
	command := append([]string{"apt-get", "--quiet=2", "-o", "APT::Sandbox::User=" + currentUser()}, args...)
	output, err := w.command(ctx, dir, nil, command...)
	if err == nil || os.Geteuid() != 0 {
		return output, err
	}
	w.say("postgres: renewing the package index")
	if _, err := w.command(ctx, dir, nil, "apt-get", "--quiet=2", "-o", "DPkg::Lock::Timeout=300", "update"); err != nil {
		return "", err
	}
	return w.command(ctx, dir, nil, command...)
}

// currentUser lets apt write into a folder of the user's own.
func currentUser() string {
	if os.Geteuid() == 0 {
		return "root"
	}
	return ""
}

// name is the package's name, from NAME_VERSION_ARCH.deb.
func (d deb) name() string {
	name, _, _ := strings.Cut(d.File, "_")
	return name
}

// version is the package's version; file names write its epoch's colon as %3a.
func (d deb) version() string {
	_, rest, _ := strings.Cut(d.File, "_")
	version, _, _ := strings.Cut(rest, "_")
	return strings.ReplaceAll(version, "%3a", ":")
}
