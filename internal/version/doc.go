// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package version says which version of the operator this binary is. It is set by the linker and imports nothing of ours.
package version
