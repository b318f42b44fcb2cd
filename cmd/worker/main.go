// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command worker runs the one-shot jobs of a network: worker roster, worker campaign, worker retention,
// worker backup, worker restore.
//
// It reads the files that the operator mounts (internal/settings), does one run and exits: 0 when the run is
// done, 1 when it must be tried again, 2 when trying again cannot help. It never talks to the Kubernetes API.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// errFinal marks an error that another try cannot heal.
var errFinal = errors.New("final")

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], log))
}

func run(ctx context.Context, args []string, log *slog.Logger) int {
	commands := map[string]func(context.Context, []string, *slog.Logger) error{
		"roster":    runRoster,
		"campaign":  runCampaign,
		"retention": runRetention,
		"backup":    runBackup,
		"restore":   runRestore,
		"install":   runInstall,
	}
	if len(args) == 0 || commands[args[0]] == nil {
		fmt.Fprintln(os.Stderr, "usage: worker roster|campaign|retention|backup|restore|install [flags]")
		return 2
	}
	err := commands[args[0]](ctx, args[1:], log.With("job", args[0]))
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errFinal):
		log.Error("Stopping for good", "job", args[0], "error", err.Error())
		return 2
	default:
		log.Error("Stopping", "job", args[0], "error", err.Error())
		return 1
	}
}
