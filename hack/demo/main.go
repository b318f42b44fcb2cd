// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command demo shows the whole job on a real cluster: two companies of one group declare a network, a campaign
// and a retention policy each, and the operator does the rest.
//
// Without --current it makes a local cluster (hack/cluster); with it, it uses the current kubeconfig context.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alumni-operator/alumni-operator/test/rig"
)

// clusterName of the local cluster, so that demo-down finds it.
const clusterName = "alumni-demo"

func main() {
	current := flag.Bool("current", false, "use the cluster of the current kubeconfig context")
	image := flag.String("image", "", "operator image that the cluster can pull (with --current)")
	demoImage := flag.String("demo-image", "", "image with mailbox and people (with --current); default: the operator image with -demo in its name")
	down := flag.Bool("down", false, "remove what the demo made")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	d := &demo{started: time.Now(), current: *current, images: rig.Images{Operator: *image, Demo: demoName(*image, *demoImage)}}
	run := d.run
	if *down {
		run = d.remove
	}
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "\n✗ %v\n", err)
		os.Exit(1)
	}
}

// demoName is the demo image's name: as given, or the operator's with -demo before the tag.
func demoName(operator, given string) string {
	if given != "" || operator == "" {
		return given
	}
	if i := strings.LastIndex(operator, ":"); i > strings.LastIndex(operator, "/") {
		return operator[:i] + "-demo" + operator[i:]
	}
	return operator + "-demo"
}
