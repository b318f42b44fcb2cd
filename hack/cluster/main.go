// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
)

// command is one thing that a person can ask for.
type command struct {
	name, args, help string
	run              func(ctx context.Context, o *options, args []string) error
	hidden           bool // started by the program itself
}

// options are the flags; each command takes only those that it names.
type options struct {
	name    string
	only    string
	all     bool
	raw     bool
	force   bool
	install bool
}

func commands() []command {
	return []command{
		{name: "build", args: "[--only PART] [--force]", help: "build every program of a cluster into the cache", run: runBuild},
		{name: "assets", help: "build what API-server tests need, print the folder for KUBEBUILDER_ASSETS", run: runAssets},
		{name: "up", args: "[--name NAME]", help: "make a cluster and wait until pods run on it", run: runUp},
		{name: "down", args: "[--name NAME | --all]", help: "remove a cluster and everything that it made", run: runDown},
		{name: "load", args: "[--name NAME] IMAGE.tar…", help: "give image tarballs to the node", run: runLoad},
		{name: "images", args: "[--name NAME]", help: "list the node's images", run: runImages},
		{name: "kubeconfig", args: "[--name NAME] [--raw]", help: "print the path (or content) of the kubeconfig", run: runKubeconfig},
		{name: "status", args: "[--name NAME]", help: "list the clusters, or tell about one", run: runStatus},
		{name: "exec", args: "[--name NAME] -- COMMAND…", help: "run a command in the namespaces of the node", run: runExec},
		{name: "selftest", help: "make two clusters, use them, remove them, and look for traces", run: runSelftest},
		{name: "supervise", run: func(_ context.Context, o *options, _ []string) error { return supervise(o.name) }, hidden: true},
		{name: "provision", run: func(ctx context.Context, o *options, _ []string) error { return provision(ctx, o.name) }, hidden: true},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:])
	stop()
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
	case errors.As(err, &exit):
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(max(1, exit.ExitCode()))
	default:
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

// dispatch finds the command and reads its flags.
func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "--help"}, args[0]) {
		usage(os.Stdout)
		return nil
	}
	all := commands()
	i := slices.IndexFunc(all, func(c command) bool { return c.name == args[0] })
	if i < 0 {
		usage(os.Stderr)
		return fmt.Errorf("there is no command %q", args[0])
	}
	cmd := all[i]
	o := &options{}
	flags := cmd.flags(o)
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	return cmd.run(ctx, o, flags.Args())
}

// flags gives the flags of one command; the others are unknown to it.
func (c command) flags(o *options) *flag.FlagSet {
	f := flag.NewFlagSet(c.name, flag.ContinueOnError)
	f.Usage = func() {
		_, _ = fmt.Fprintf(f.Output(), "cluster %s %s\n  %s\n", c.name, c.args, c.help)
		f.PrintDefaults()
	}
	if !slices.Contains([]string{"build", "assets", "selftest"}, c.name) {
		f.StringVar(&o.name, "name", defaultIf(c.name != "status"), "name of the cluster")
	}
	switch c.name {
	case "build":
		f.StringVar(&o.only, "only", "", "build only "+apiServerTests+", or the program of this name")
		f.BoolVar(&o.force, "force", false, "build what is cached too")
	case "down":
		f.BoolVar(&o.all, "all", false, "remove every cluster of this machine")
	case "kubeconfig":
		f.BoolVar(&o.raw, "raw", false, "print the content, not the path")
	}
	if slices.Contains([]string{"build", "up", "selftest"}, c.name) {
		f.BoolVar(&o.install, "install", os.Geteuid() == 0, "install missing Debian packages (as root)")
	}
	return f
}

func defaultIf(wanted bool) string {
	if wanted {
		return defaultName
	}
	return ""
}

func usage(out io.Writer) {
	_, _ = fmt.Fprintln(out, "A real Kubernetes cluster of one node on this machine, without Docker.\n\nCommands:")
	for _, c := range commands() {
		if !c.hidden {
			_, _ = fmt.Fprintf(out, "  %-11s %-26s %s\n", c.name, c.args, c.help)
		}
	}
	_, _ = fmt.Fprintf(out, `
NAME is %q unless given. Settings from the environment:
  ALUMNI_CACHE          folder of what was built (now in the user's cache folder)
  ALUMNI_CLUSTER_STATE  folder of the clusters (default /var/lib/alumni-operator/clusters)
  CNI_BIN               folder of the network plugins, when it is not a usual one
`, defaultName)
}
