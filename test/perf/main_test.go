// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package perf_test

import (
	"os"
	"testing"

	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

func TestMain(m *testing.M) {
	// The figures are those of a disk, not of a folder in memory.
	if err := os.Setenv("TMPDIR", os.TempDir()); err != nil {
		panic(err)
	}
	os.Exit(kube.Run(m))
}
