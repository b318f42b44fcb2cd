// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"io"
	"log/slog"

	"github.com/alumni-operator/alumni-operator/cmd/manager/app"
)

// newHandler logs down to the finest detail that the manager offers, so that a secret at any level is found.
func newHandler(w io.Writer) slog.Handler {
	return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.Level(-app.MaxLogLevel)})
}
