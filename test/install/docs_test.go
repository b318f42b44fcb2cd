// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package install_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	. "github.com/onsi/gomega"
)

// root of the repository.
const root = "../.."

var reason = regexp.MustCompile(`(?m)^\tReason\w+\s+= "(\w+)"$`)

func TestEveryReasonOfAKindIsExplainedOnItsPage(t *testing.T) {
	for _, kind := range []string{"alumninetwork", "campaign", "retentionpolicy"} {
		t.Run(kind, func(t *testing.T) {
			g := NewWithT(t)
			source, err := os.ReadFile(filepath.Join(root, "api", "v1alpha1", kind+"_conditions.go"))
			g.Expect(err).NotTo(HaveOccurred())
			page, err := os.ReadFile(filepath.Join(root, "docs", "spec", "v1alpha1", kind+".md"))
			g.Expect(err).NotTo(HaveOccurred())
			reasons := reason.FindAllStringSubmatch(string(source), -1)
			g.Expect(len(reasons)).To(BeNumerically(">", 5))
			for _, match := range reasons {
				g.Expect(string(page)).To(ContainSubstring("`"+match[1]+"`"), "the page does not explain this reason")
			}
		})
	}
}
