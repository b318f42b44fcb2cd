// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// recipe makes one image and returns the path of its tarball.
type recipe struct {
	name  string
	about string
	build func(context.Context, *workshop) (string, error)
}

func recipes() []recipe {
	return []recipe{
		{"operator", "the operator's programs, tag " + operatorTag, buildOperator},
		{"demo", "the demo's mailbox and roster writer, tag " + demoTag, buildDemo},
		{"postgres", "PostgreSQL from Debian's packages, tags " + postgresRepository + ":MAJOR and :VERSION", buildPostgres},
		{"traefik", "Traefik, which serves Ingresses and Gateways, tag " + traefikTag, buildTraefik},
		{"cloudnative-pg", "CloudNativePG's operator, tag " + cloudNativePGRepository + ":VERSION", buildCloudNativePG},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1)
	}
}

// run builds the images that args name, in their order.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	chosen, err := choose(args)
	if err != nil {
		usage(progress)
		return err
	}
	w, err := newWorkshop(progress)
	if err != nil {
		return err
	}
	for _, r := range chosen {
		started := time.Now()
		path, err := r.build(ctx, w)
		if err != nil {
			return fmt.Errorf("build image %s: %w", r.name, err)
		}
		w.say("%s: ready after %.1f s", r.name, time.Since(started).Seconds())
		if _, err := fmt.Fprintln(out, path); err != nil {
			return err
		}
	}
	return nil
}

func choose(args []string) ([]recipe, error) {
	all := recipes()
	if len(args) == 0 {
		return nil, fmt.Errorf("say which image to build")
	}
	if slices.Equal(args, []string{"all"}) {
		return all, nil
	}
	var chosen []recipe
	for _, arg := range args {
		i := slices.IndexFunc(all, func(r recipe) bool { return r.name == arg })
		if i < 0 {
			return nil, fmt.Errorf("there is no image %q", arg)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func usage(out io.Writer) {
	_, _ = fmt.Fprintln(out, "usage: images IMAGE… | all\n\nImages:")
	for _, r := range recipes() {
		_, _ = fmt.Fprintf(out, "  %-14s %s\n", r.name, r.about)
	}
	_, _ = fmt.Fprintln(out, "\nALUMNI_CACHE names the folder for what is built (default: alumni-operator in the user's cache folder).")
}
