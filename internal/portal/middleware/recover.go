// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package middleware

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
)

// Recover answers 500 when a handler panics, and logs where. The panic's value is logged only when it is the
// runtime's own: any other may hold what a person typed.
func Recover(log *slog.Logger, refuse Refuse) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := &recorder{ResponseWriter: w}
			defer func() {
				v := recover()
				if v == nil {
					return
				}
				if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares the panic value itself
					panic(v)
				}
				what := fmt.Sprintf("%T", v)
				err, ok := v.(error)
				if re := runtime.Error(nil); ok && errors.As(err, &re) {
					what = re.Error()
				}
				log.ErrorContext(r.Context(), "Recovering from a panic", "requestID", IDOf(r.Context()), "panic", what, "stack", string(debug.Stack()))
				if rec.status != 0 {
					panic(http.ErrAbortHandler) // the answer has begun: cut it off rather than end it as if it were whole
				}
				refuse(rec, r, http.StatusInternalServerError)
			}()
			next.ServeHTTP(rec, r)
		})
	}
}
