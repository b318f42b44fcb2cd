// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package middleware

import (
	"fmt"
	"net/http"
)

// CrossOrigin refuses forms that another site sends. The routes in open are excepted: mail programs post to them
// from anywhere, and they rely on no cookie. origin is the portal's own public address.
func CrossOrigin(origin string, open []string, refuse Refuse) (Middleware, error) {
	protection := http.NewCrossOriginProtection()
	if err := protection.AddTrustedOrigin(origin); err != nil {
		return nil, fmt.Errorf("trust the portal's own address: %w", err)
	}
	for _, pattern := range open {
		protection.AddInsecureBypassPattern(pattern)
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse(w, r, http.StatusForbidden)
	}))
	return protection.Handler, nil
}
