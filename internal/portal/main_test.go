// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"os"
	"testing"

	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
)

func TestMain(m *testing.M) { os.Exit(portaltest.Run(m)) }
