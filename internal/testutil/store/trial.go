// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import "github.com/alumni-operator/alumni-operator/internal/postgres"

// Trial makes the store one of a rehearsal.
func Trial(s *postgres.Spec) { s.Trial = true }
