// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"testing"

	. "github.com/onsi/gomega"
)

// TestThePageNamesEverythingThatAnImportSays keeps docs/spec/v1alpha1/roster.md complete.
func TestThePageNamesEverythingThatAnImportSays(t *testing.T) {
	g := NewWithT(t)
	page, err := os.ReadFile("../../docs/spec/v1alpha1/roster.md")
	g.Expect(err).NotTo(HaveOccurred())
	file, err := parser.ParseFile(token.NewFileSet(), "failure.go", nil, 0)
	g.Expect(err).NotTo(HaveOccurred())
	words := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		word, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		value, err := strconv.Unquote(word.Value)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(page)).To(ContainSubstring("| `"+value+"` |"), "the page does not tell what %s means", value)
		words++
		return true
	})
	g.Expect(words).To(Equal(31))
	for _, field := range Fields() {
		g.Expect(string(page)).To(ContainSubstring("`" + string(field) + "`"))
	}
}
