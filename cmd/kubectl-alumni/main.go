// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kubectl-alumni is a plugin of kubectl: put it into the PATH and call `kubectl alumni`.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/alumni-operator/alumni-operator/internal/plugin"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	err := plugin.NewCommand().ExecuteContext(ctx)
	stop()
	if err != nil { // cobra has told it
		os.Exit(1)
	}
}
