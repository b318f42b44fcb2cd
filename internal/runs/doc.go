// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package runs starts the Jobs of campaigns and policies and keeps what each run was told.
//
// A run's settings are frozen in a ConfigMap of the run's own name, so that a text that is edited while a run is
// under way, or a worker that is replaced, cannot make two runs of one. Runs that are due at the same moment begin one after the
// other. It may import the applier and builders' types. It must never decide when a run is due.
package runs
