// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pod

import "strconv"

// formatBytes writes a number of bytes the way the Go runtime reads it.
func formatBytes(n int64) string { return strconv.FormatInt(n, 10) + "B" }
