// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package secretwatch learns of changes to Secrets without any cluster-wide right to them: one metadata-only watch
// for each namespace that holds an object of ours, under the Role bound there. What a Secret holds is read live,
// one named Secret at a time.
//
// A namespace without the Role is tried again with growing pauses of at most half a minute, so that a later
// binding is found without a restart. It may import client-go and controller-runtime. It must never keep the
// contents of a Secret, and never name them in an error.
package secretwatch
