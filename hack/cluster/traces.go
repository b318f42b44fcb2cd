// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Traces is everything on this host that a cluster could leave behind, as one
// set of lines per kind.
type Traces map[string][]string

// lookForTraces reads the host as it is now.
func lookForTraces() (Traces, error) {
	t := Traces{}
	var errs []error
	for kind, read := range map[string]func() ([]string, error){
		"process in other namespaces": foreignProcesses,
		"mount":                       func() ([]string, error) { return fileLines("/proc/self/mounts") },
		"network namespace":           func() ([]string, error) { return folderNames("/run/netns") },
		"link":                        linkNames,
		"route":                       func() ([]string, error) { return commandLines("ip", "-o", "route", "show", "table", "all") },
		"firewall rule":               func() ([]string, error) { return commandLines("nft", "list", "ruleset") },
		"control group":               topGroups,
		"kernel setting":              settingLines,
		"state folder":                listClusters,
		"folder of /var/lib":          func() ([]string, error) { return folderNames("/var/lib") },
		"folder of /var/log":          func() ([]string, error) { return folderNames("/var/log") },
	} {
		lines, err := read()
		if err != nil {
			errs = append(errs, fmt.Errorf("look for a %s: %w", kind, err))
		}
		t[kind] = lines
	}
	return t, errors.Join(errs...)
}

// differences tells what is there now and was not before, and the reverse for
// what a cluster could take away.
func (t Traces) differences(before Traces) []string {
	var found []string
	for kind, lines := range t {
		for _, line := range lines {
			if !slices.Contains(before[kind], line) {
				found = append(found, "new "+kind+": "+line)
			}
		}
		for _, line := range before[kind] {
			if !slices.Contains(lines, line) && kind != "process in other namespaces" {
				found = append(found, "lost "+kind+": "+line)
			}
		}
	}
	slices.Sort(found)
	return found
}

// foreignProcesses lists the processes that live in another process or network
// namespace than this program: only clusters and the like make such ones.
func foreignProcesses() ([]string, error) {
	var found []string
	for _, kind := range []string{"pid", "net", "mnt"} {
		ours, err := os.Readlink("/proc/self/ns/" + kind)
		if err != nil {
			return nil, err
		}
		links, err := filepath.Glob("/proc/[0-9]*/ns/" + kind)
		if err != nil {
			return nil, err
		}
		for _, link := range links {
			pid, _ := strconv.Atoi(strings.Split(link, "/")[2]) // the pattern allows only digits
			theirs, err := os.Readlink(link)
			if err != nil || theirs == ours {
				continue // an error: it has just ended
			}
			if _, err := identify(pid); err == nil {
				found = append(found, link)
			}
		}
	}
	return found, nil
}

func fileLines(path string) ([]string, error) {
	raw, err := os.ReadFile(path)
	return strings.Split(strings.TrimSpace(string(raw)), "\n"), err
}

func folderNames(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

func linkNames() ([]string, error) {
	links, err := net.Interfaces()
	var names []string
	for _, l := range links {
		names = append(names, l.Name)
	}
	return names, err
}

func commandLines(name string, args ...string) ([]string, error) {
	out, err := exec.Command(name, args...).Output()
	return strings.Split(strings.TrimSpace(string(out)), "\n"), err
}

// topGroups lists the control groups right below the root of each hierarchy.
func topGroups() ([]string, error) {
	dirs, err := hierarchies()
	if err != nil {
		return nil, err
	}
	var found []string
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.IsDir() {
				found = append(found, filepath.Join(dir, e.Name()))
			}
		}
	}
	return found, nil
}

func settingLines() ([]string, error) {
	var found []string
	for name := range hiddenSettings {
		raw, err := os.ReadFile(filepath.Join("/proc/sys", name))
		if err != nil {
			return nil, err
		}
		found = append(found, name+" = "+strings.TrimSpace(string(raw)))
	}
	return found, nil
}
