// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
)

// newBuilder reports on stderr: stdout is for what a script wants to read.
func newBuilder(o *options) (Builder, error) {
	cache, err := openCache()
	return Builder{Cache: cache, Progress: newProgress(os.Stderr), Force: o.force}, err
}

func runBuild(_ context.Context, o *options, _ []string) error {
	builder, err := newBuilder(o)
	if err != nil {
		return err
	}
	chosen, err := selectPrograms(o.only)
	if err != nil {
		return err
	}
	if err := builder.ready(chosen, o.install); err != nil {
		return err
	}
	builder.Progress.say("all programs are in %s/bin", builder.Cache.Dir)
	return nil
}

// ready makes sure that the programs are built.
func (b Builder) ready(chosen []Program, install bool) error {
	for _, p := range chosen {
		binary, err := b.Cache.binary(p)
		if err != nil {
			return err
		}
		if p.Cgo && (b.Force || !exists(binary)) {
			if err := ensurePackages(buildNeeds, install, b.Progress); err != nil {
				return err
			}
		}
	}
	return b.all(chosen)
}

func runAssets(_ context.Context, o *options, _ []string) error {
	builder, err := newBuilder(o)
	if err != nil {
		return err
	}
	chosen, err := selectPrograms(apiServerTests)
	if err != nil {
		return err
	}
	if err := builder.ready(chosen, false); err != nil {
		return err
	}
	dir, err := builder.Cache.assets()
	if err != nil {
		return err
	}
	fmt.Println(dir)
	return nil
}

// readyToRun checks everything that a cluster needs from this machine.
func readyToRun(o *options, command string) (Builder, error) {
	if err := requireRoot(command); err != nil {
		return Builder{}, err
	}
	builder, err := newBuilder(o)
	if err != nil {
		return Builder{}, err
	}
	if err := ensurePackages(nodeNeeds, o.install, builder.Progress); err != nil {
		return Builder{}, err
	}
	return builder, builder.ready(programs, o.install)
}

func runUp(ctx context.Context, o *options, _ []string) error {
	builder, err := readyToRun(o, "cluster up")
	if err != nil {
		return err
	}
	return up(ctx, o.name, builder)
}

func runDown(_ context.Context, o *options, _ []string) error {
	if err := requireRoot("cluster down"); err != nil {
		return err
	}
	p := newProgress(os.Stderr)
	names := []string{o.name}
	if o.all {
		var err error
		if names, err = listClusters(); err != nil {
			return err
		}
	}
	var errs []error
	for _, name := range names {
		existed, err := down(name)
		switch {
		case err != nil:
			errs = append(errs, err)
		case existed:
			p.say("cluster %q is gone", name)
		default:
			p.say("there is no cluster %q", name)
		}
	}
	return errors.Join(errs...)
}

// runningCluster loads a cluster that has to be running.
func runningCluster(name string) (*Cluster, error) {
	c, err := loadCluster(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no cluster %q: make it with «cluster up --name %s»", name, name)
	}
	if err != nil {
		return nil, err
	}
	if !c.running() {
		return nil, fmt.Errorf("cluster %q is not running: start it with «cluster up --name %s»", name, name)
	}
	return c, nil
}

func runLoad(ctx context.Context, o *options, args []string) error {
	if len(args) == 0 {
		return errors.New("load: give at least one image tarball")
	}
	if err := requireRoot("cluster load"); err != nil {
		return err
	}
	c, err := runningCluster(o.name)
	if err != nil {
		return err
	}
	for _, tarball := range args {
		if err := c.loadImage(ctx, tarball); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "loaded %s\n", tarball)
	}
	return nil
}

func runImages(ctx context.Context, o *options, _ []string) error {
	if err := requireRoot("cluster images"); err != nil {
		return err
	}
	c, err := runningCluster(o.name)
	if err != nil {
		return err
	}
	images, err := c.listImages(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, image := range images {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", image[0], image[1])
	}
	return w.Flush()
}

func runKubeconfig(_ context.Context, o *options, _ []string) error {
	c, err := runningCluster(o.name)
	if err != nil {
		return err
	}
	if !o.raw {
		fmt.Println(c.kubeconfig())
		return nil
	}
	raw, err := os.ReadFile(c.kubeconfig())
	if err != nil {
		return fmt.Errorf("read the kubeconfig of cluster %q: %w", o.name, err)
	}
	_, err = os.Stdout.Write(raw)
	return err
}

func runStatus(ctx context.Context, o *options, _ []string) error {
	return showStatus(ctx, os.Stdout, o.name)
}

func runExec(ctx context.Context, o *options, args []string) error {
	if len(args) == 0 {
		return errors.New("exec: give a command after «--»")
	}
	if err := requireRoot("cluster exec"); err != nil {
		return err
	}
	return enter(ctx, o.name, args)
}
