// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package store gives a test a network's database on the test process's own PostgreSQL: provisioned, migrated,
// and with the roles and grants of production, so that each part is tested as the role it runs as.
//
// It may import internal/testutil/pg and what provisions a store. It must never be imported by code that is not
// a test.
package store
