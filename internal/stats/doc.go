// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package stats reads a network's aggregates as the metrics role, for status and metrics: how many members, how
// many open erasures, how the last import, campaign runs and retention runs went.
//
// Each method is one or two round trips over one short session. Nothing it returns speaks of one person.
//
// It may import internal/dbconn and pgx. It must never import Kubernetes packages or the API's types, and never
// read a schema other than alumni_stats.
package stats
