// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"log/slog"
)

func runCampaign(context.Context, []string, *slog.Logger) error {
	return errors.New("campaign: not linked in yet")
}
