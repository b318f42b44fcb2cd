// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"testing"

	. "github.com/onsi/gomega"
)

// TestThePageNamesEveryReason keeps docs/channels.md complete.
func TestThePageNamesEveryReason(t *testing.T) {
	g := NewWithT(t)
	page, err := os.ReadFile("../../docs/channels.md")
	g.Expect(err).NotTo(HaveOccurred())
	file, err := parser.ParseFile(token.NewFileSet(), "outcome.go", nil, 0)
	g.Expect(err).NotTo(HaveOccurred())
	reasons := 0
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
		reasons++
		return true
	})
	g.Expect(reasons).To(Equal(15))
}
