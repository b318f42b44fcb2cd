// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package storeaccess is how controllers get at a network's store: the login of a role from its Secret and the
// network's endpoint, and the meaning of the store's errors as reasons of conditions.
//
// It may import internal/postgres, internal/dbconn, internal/stats and the secret reader. It must never read the admin
// Secret for a caller that only reads aggregates, and never put a password or an address's credentials in an error.
package storeaccess
