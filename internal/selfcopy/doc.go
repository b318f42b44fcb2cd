// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package selfcopy puts the running program somewhere else.
//
// An init container of the operator's image uses it to hand a static program to a container of another image, so that
// one pod has PostgreSQL's programs and ours. It imports the standard library only.
package selfcopy
