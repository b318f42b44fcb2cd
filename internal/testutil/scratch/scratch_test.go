// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scratch

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestADeclaredFolderIsTaken(t *testing.T) {
	g := NewWithT(t)
	own := t.TempDir()
	t.Setenv("TMPDIR", own)
	g.Expect(Dir()).To(Equal(own))
}

func TestAFolderOnADiskIsNotTakenForMemory(t *testing.T) {
	g := NewWithT(t)
	g.Expect(roomy("/proc")).To(BeFalse())
	g.Expect(roomy("/there/is/no/such/folder")).To(BeFalse())
}
