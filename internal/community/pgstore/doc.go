// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pgstore keeps the community store in PostgreSQL: its migrations, which role may do what, and the
// queries of the domain's services.
//
// Migrations are numbered, forward-only, and widen before they narrow, so that the previous version of a
// workload keeps working while the next one rolls out. SQL lives in embedded .sql files.
//
// It may import internal/community, internal/dbconn, internal/naming, pgx and goose. It must never import
// Kubernetes packages, and never put a person's data into an error or a log line.
package pgstore
