// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"log/slog"
)

func runRoster(context.Context, []string, *slog.Logger) error {
	return errors.New("roster: not linked in yet")
}
