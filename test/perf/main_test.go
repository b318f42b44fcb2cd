// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package perf_test

import (
	"os"
	"testing"

	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

func TestMain(m *testing.M) { os.Exit(kube.Run(m)) }
