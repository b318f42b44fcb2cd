// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"io"
	"log/slog"
)

// finest is the finest level of the log that the manager's flags offer.
const finest = 5

// newHandler logs down to the finest detail that the manager offers, so that a secret at any level is found.
func newHandler(w io.Writer) slog.Handler {
	return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.Level(-finest)})
}
