// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"log/slog"
)

func runRetention(context.Context, []string, *slog.Logger) error {
	return errors.New("retention: not linked in yet")
}
