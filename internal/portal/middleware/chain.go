// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package middleware

import "net/http"

// Middleware wraps a handler.
type Middleware func(http.Handler) http.Handler

// Chain wraps a handler so that a request meets the middleware in the order given.
func Chain(h http.Handler, all ...Middleware) http.Handler {
	for i := len(all) - 1; i >= 0; i-- {
		h = all[i](h)
	}
	return h
}

// RouteOf names the route that will answer a request by its pattern, which holds no token.
type RouteOf func(*http.Request) string

// Refuse answers a request that is not let through, with a status.
type Refuse func(w http.ResponseWriter, r *http.Request, status int)
