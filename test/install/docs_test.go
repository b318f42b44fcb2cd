// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package install_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	. "github.com/onsi/gomega"
)

// root of the repository.
const root = "../.."

var reason = regexp.MustCompile(`(?m)^\tReason\w+\s+= "(\w+)"$`)

// ledgerCodes find the states and reasons that the ledger can hold, in the places that write it.
var ledgerCodes = map[string]*regexp.Regexp{
	"internal/campaign/sql/*.sql":                             regexp.MustCompile(`(?:THEN|ELSE|(?:SET|,) (?:state|reason) =) '([A-Z][A-Za-z]+)'`),
	"internal/campaign/*.go":                                  regexp.MustCompile(`\t(?:reason|state)[A-Z]\w* += "(\w+)"`),
	"internal/channel/outcome.go":                             regexp.MustCompile(`Reason += "(\w+)"`),
	"internal/bounce/register/*.go":                           regexp.MustCompile(`\treason[A-Z]\w* += "(\w+)"`),
	"internal/restore/sql/settle.sql":                         regexp.MustCompile(`reason = '(\w+)'`),
	"internal/retention/queries/*.sql":                        regexp.MustCompile(`THEN '([A-Z]\w+)' (?:ELSE|WHEN)[^\n]*AS (?:state|reason)`),
	"internal/community/pgstore/migrations/00001_initial.sql": regexp.MustCompile(`'(Planned|Claimed|Sent|Deferred|Failed|Suppressed|Skipped|Expired|Unknown)'`),
}

// notOfMessages are codes that the same files use for something else: states of runs, ends of steps, and events.
var notOfMessages = []string{"Sending", "Finished", "Paused", "Completed", "Exited", "Given", "Active", "Listed", "Invited", "Portal", "Email", "LINE"}

func TestEveryStateAndReasonOfTheLedgerIsExplained(t *testing.T) {
	g := NewWithT(t)
	page, err := os.ReadFile(filepath.Join(root, "docs", "counts.md"))
	g.Expect(err).NotTo(HaveOccurred())
	explained := map[string]bool{}
	for _, code := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(string(page), -1) {
		explained[code[1]] = true
	}
	for pattern, codes := range ledgerCodes {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		g.Expect(err).NotTo(HaveOccurred())
		found := 0
		for _, path := range paths {
			source, err := os.ReadFile(path)
			g.Expect(err).NotTo(HaveOccurred())
			for _, match := range codes.FindAllStringSubmatch(string(source), -1) {
				if code := match[1]; !slices.Contains(notOfMessages, code) {
					found++
					g.Expect(explained).To(HaveKey(code), "%s writes it", path)
				}
			}
		}
		g.Expect(found).To(BeNumerically(">", 0), pattern)
	}
}

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
