// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package schedule says when a cron expression in a named zone is due.
//
// It reads expressions as wall-clock times: a time that a clock change skips is due at the first instant after
// the gap, a time that it repeats is due once, the first time. It is pure: the caller brings the clock. It must
// never start anything.
package schedule
