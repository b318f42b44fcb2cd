// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"text/template"
	"time"
)

//go:embed selftest/*.yaml
var selftestFiles embed.FS

// The self-test uses names of its own, so that it can run beside other clusters.
const (
	selftestFirst   = "selftest-a"
	selftestSecond  = "selftest-b"
	selftestBroken  = "selftest-c"
	selftestSpace   = "selftest"
	selftestLimit   = 90 * time.Second
	selftestGreeted = "hello from web-"
)

// check is one thing that has to hold, told in a sentence.
type check struct {
	what string
	run  func(context.Context) error
}

// runSelftest makes two clusters, uses every part of them, removes them, and
// compares the host with what it was before.
func runSelftest(ctx context.Context, o *options, _ []string) (err error) {
	builder, err := readyToRun(o, "cluster selftest")
	if err != nil {
		return err
	}
	before, err := lookForTraces()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeSelftest()) }()
	if err := runChecks(ctx, builder.Progress, bootChecks(builder)); err != nil {
		return err
	}
	a, err := loadCluster(selftestFirst)
	if err != nil {
		return err
	}
	b, err := loadCluster(selftestSecond)
	if err != nil {
		return err
	}
	if err := runChecks(ctx, builder.Progress, a.useChecks(b)); err != nil {
		return err
	}
	return runChecks(ctx, builder.Progress, endChecks(before))
}

func runChecks(ctx context.Context, p *Progress, checks []check) error {
	for _, c := range checks {
		begun := time.Now()
		if err := c.run(ctx); err != nil {
			p.say("FAIL  %s", c.what)
			return fmt.Errorf("%s: %w", c.what, err)
		}
		p.say("PASS  %s (%.1f s)", c.what, time.Since(begun).Seconds())
	}
	return nil
}

func removeSelftest() error {
	var errs []error
	for _, name := range []string{selftestFirst, selftestSecond, selftestBroken} {
		_, err := down(name)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func bootChecks(builder Builder) []check {
	return []check{
		{"what earlier runs left is removed", func(context.Context) error { return removeSelftest() }},
		{"a cluster boots", func(ctx context.Context) error { return up(ctx, selftestFirst, builder) }},
		{"up on a running cluster changes nothing", func(ctx context.Context) error { return up(ctx, selftestFirst, builder) }},
		{"a second cluster boots beside it", func(ctx context.Context) error { return up(ctx, selftestSecond, builder) }},
	}
}

// endChecks remove everything and look for traces.
func endChecks(before Traces) []check {
	return []check{
		{"a cluster whose «up» was killed is found and removed", killedUp},
		{"both clusters are removed", func(context.Context) error { return removeSelftest() }},
		{"nothing is left on the host", func(ctx context.Context) error { return nothingLeft(ctx, before) }},
	}
}

// killedUp ends an «up» while its cluster boots, and removes the cluster.
func killedUp(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, "up", "--name="+selftestBroken)
	if err := cmd.Start(); err != nil {
		return err
	}
	begun := poll(ctx, func() error {
		c, err := loadCluster(selftestBroken)
		if err == nil && !c.running() {
			err = errors.New("no supervisor yet")
		}
		return err
	})
	if err := errors.Join(begun, cmd.Process.Kill()); err != nil {
		return err
	}
	_ = cmd.Wait() // it was killed: its own error says nothing more
	existed, err := down(selftestBroken)
	if err == nil && !existed {
		err = errors.New("down found no cluster")
	}
	return err
}

// nothingLeft compares the host with an earlier look. The kernel removes some
// things a moment after their last user, so it looks until they are gone.
func nothingLeft(ctx context.Context, before Traces) error {
	return poll(ctx, func() error {
		now, err := lookForTraces()
		if err != nil {
			return err
		}
		if left := now.differences(before); len(left) > 0 {
			return fmt.Errorf("the host is not as it was before:\n  %s", strings.Join(left, "\n  "))
		}
		return nil
	})
}

// poll tries until there is no error, and gives the last one when time is up.
func poll(ctx context.Context, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, selftestLimit)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pollEvery):
		}
	}
}

// applyFile applies objects of the self-test.
func (c *Cluster) applyFile(ctx context.Context, file string) error {
	t, err := template.ParseFS(selftestFiles, "selftest/"+file)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, map[string]string{"ProbeImage": probeImage}); err != nil {
		return err
	}
	return c.apply(ctx, text.String())
}
