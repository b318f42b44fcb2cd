// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// need is something of the host that a command cannot do without.
type need struct {
	what  string // what is missing, as a person would say it
	apt   string // the Debian package that brings it
	found func() bool
}

// cniPlugins are the network plugins that the node calls.
var cniPlugins = []string{"bridge", "host-local", "loopback", "portmap"}

// buildNeeds is for programs that are built with C.
var buildNeeds = []need{
	{"the C compiler gcc", "gcc", inPath("gcc")},
	{"C library headers", "libc6-dev", func() bool { return exists("/usr/include/stdlib.h") }},
	{"the program pkg-config", "pkg-config", inPath("pkg-config")},
	{"the headers of libseccomp", "libseccomp-dev", func() bool {
		return exec.Command("pkg-config", "--exists", "libseccomp").Run() == nil
	}},
}

// nodeNeeds is for a running cluster.
var nodeNeeds = []need{
	{"the program ip", "iproute2", inPath("ip")},
	{"the program nft", "nftables", inPath("nft")},
	{"the program iptables", "iptables", inPath("iptables")},
	{"the program mount", "mount", inPath("mount")},
	{"the program nsenter", "util-linux", inPath("nsenter")},
	{"the network plugins " + strings.Join(cniPlugins, ", "), "containernetworking-plugins", func() bool {
		_, err := findCNI()
		return err == nil
	}},
}

func inPath(program string) func() bool {
	return func() bool {
		_, err := exec.LookPath(program)
		return err == nil
	}
}

// findCNI gives the folder that holds every network plugin of the node.
func findCNI() (string, error) {
	for _, dir := range []string{os.Getenv("CNI_BIN"), "/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"} {
		complete := dir != "" && !slices.ContainsFunc(cniPlugins, func(plugin string) bool {
			return !exists(dir + "/" + plugin)
		})
		if complete {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no folder holds the network plugins %s; set CNI_BIN or install containernetworking-plugins",
		strings.Join(cniPlugins, ", "))
}

// ensurePackages checks the needs, installs what is missing where it may, and
// otherwise says what to install.
func ensurePackages(needs []need, install bool, p *Progress) error {
	missing := absent(needs)
	if len(missing) > 0 && install {
		if err := aptInstall(missing, p); err != nil {
			return err
		}
		missing = absent(needs)
	}
	if len(missing) == 0 {
		return nil
	}
	var what, packages []string
	for _, n := range missing {
		what = append(what, n.what)
		packages = append(packages, n.apt)
	}
	return fmt.Errorf("this machine lacks %s; on Debian: apt-get install %s",
		strings.Join(what, ", "), strings.Join(packages, " "))
}

func absent(needs []need) []need {
	var missing []need
	for _, n := range needs {
		if !n.found() {
			missing = append(missing, n)
		}
	}
	return missing
}

func aptInstall(missing []need, p *Progress) error {
	if os.Geteuid() != 0 || !inPath("apt-get")() {
		return nil // the caller names what to install
	}
	var packages []string
	for _, n := range missing {
		packages = append(packages, n.apt)
	}
	p.say("installing %s", strings.Join(packages, ", "))
	update := run("apt-get", "update", "-qq")
	args := append([]string{"-o", "DPkg::Lock::Timeout=300", "install", "-y", "-qq", "--no-install-recommends"}, packages...)
	if err := run("env", append([]string{"DEBIAN_FRONTEND=noninteractive", "apt-get"}, args...)...); err != nil {
		return fmt.Errorf("install packages: %w", errors.Join(err, update))
	}
	return nil
}

// requireRoot says why a command cannot run for an ordinary user.
func requireRoot(command string) error {
	if os.Geteuid() == 0 {
		return nil
	}
	return fmt.Errorf("«%s» must run as root, because it makes network and mount namespaces, "+
		"control groups and a network link", command)
}
