// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package middleware

import (
	"context"
	"net/http"
	"time"
)

// Deadline bounds the work for one request: what waits for the database gives up then.
func Deadline(limit time.Duration) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), limit)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}
