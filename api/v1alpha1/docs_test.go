// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// pages of the reference, and the files with the conditions and reasons that each explains.
var pages = map[string]string{
	"alumninetwork.md":   "alumninetwork_conditions.go",
	"campaign.md":        "campaign_conditions.go",
	"retentionpolicy.md": "retentionpolicy_conditions.go",
}

const reference = "../../docs/spec/v1alpha1/"

// TestEveryConditionAndReasonIsExplained keeps the reference complete: who sees a word in a status finds it there.
func TestEveryConditionAndReasonIsExplained(t *testing.T) {
	all := readFile(t, "../../docs/rotation.md") // where an event is explained
	for page := range pages {
		all += readFile(t, reference+page)
	}
	for page, file := range pages {
		own := readFile(t, reference+page) + readFile(t, "../../docs/rotation.md")
		for _, word := range words(t, file) {
			NewWithT(t).Expect(own).To(ContainSubstring("`"+word+"`"), "%s does not explain %s", page, word)
		}
	}
	for _, word := range words(t, "common_conditions.go") {
		NewWithT(t).Expect(all).To(ContainSubstring("`"+word+"`"), "no page explains %s", word)
	}
}

// TestNoPageExplainsAReasonThatThereIsNot looks at the tables of conditions, whose second column has status and reasons.
func TestNoPageExplainsAReasonThatThereIsNot(t *testing.T) {
	known := map[string]bool{}
	for _, file := range pages {
		for _, word := range append(words(t, file), words(t, "common_conditions.go")...) {
			known[word] = true
		}
	}
	row := regexp.MustCompile(`(?m)^\|[^|]*\| ((?:True|False|Unknown)[^|]*)\|`)
	quoted := regexp.MustCompile("`([A-Z][A-Za-z]+)`")
	for page := range pages {
		for _, cell := range row.FindAllStringSubmatch(readFile(t, reference+page), -1) {
			for _, word := range quoted.FindAllStringSubmatch(cell[1], -1) {
				NewWithT(t).Expect(known).To(HaveKey(word[1]), "%s explains %s", page, word[1])
			}
		}
	}
}

// words are the values of the constants that are called Reason… or …Condition.
func words(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	var found []string
	ast.Inspect(parsed, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			if !strings.HasPrefix(name.Name, "Reason") && !strings.HasSuffix(name.Name, "Condition") || i >= len(spec.Values) {
				continue
			}
			if literal, ok := spec.Values[i].(*ast.BasicLit); ok {
				word, err := strconv.Unquote(literal.Value)
				NewWithT(t).Expect(err).NotTo(HaveOccurred())
				found = append(found, word)
			}
		}
		return true
	})
	NewWithT(t).Expect(found).NotTo(BeEmpty(), file)
	return found
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return string(content)
}
