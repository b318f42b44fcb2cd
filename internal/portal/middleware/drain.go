// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package middleware

import (
	"net/http"
	"sync/atomic"
)

// Drain makes clients leave: while draining is set, each connection is closed after its answer, so that none is
// idle, and so at risk of losing a request, when the server shuts down.
func Drain(draining *atomic.Bool) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if draining.Load() {
				w.Header().Set("Connection", "close")
			}
			next.ServeHTTP(w, r)
		})
	}
}
