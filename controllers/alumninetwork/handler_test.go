// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"io"
	"log/slog"
)

// newHandler logs everything, down to the finest detail, so that a secret at any level is found.
func newHandler(w io.Writer) slog.Handler {
	return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.Level(-10)})
}
