// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package middleware

import (
	"log/slog"
	"net/http"
	"time"
)

// AccessLog writes one line for each request: method, route pattern, status, size and time. Neither path nor
// query, client address or user agent are written. Routes that quiet names are logged only when they fail.
func AccessLog(log *slog.Logger, route RouteOf, quiet map[string]bool) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			begin, rec, name := time.Now(), &recorder{ResponseWriter: w}, route(r)
			next.ServeHTTP(rec, r)
			if quiet[name] && rec.code() < http.StatusBadRequest {
				return
			}
			log.LogAttrs(r.Context(), slog.LevelInfo, "Answering",
				slog.String("requestID", IDOf(r.Context())),
				slog.String("method", method(r)),
				slog.String("route", name),
				slog.Int("status", rec.code()),
				slog.Int64("bytes", rec.bytes),
				slog.Float64("milliseconds", float64(time.Since(begin).Microseconds())/1000))
		})
	}
}

// method is the request's method if it is a known one: any other is text of a stranger.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}
