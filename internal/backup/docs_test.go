// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"testing"

	. "github.com/onsi/gomega"
)

// TestThePageNamesEveryCode keeps docs/backup.md complete.
func TestThePageNamesEveryCode(t *testing.T) {
	g := NewWithT(t)
	page, err := os.ReadFile("../../docs/backup.md")
	g.Expect(err).NotTo(HaveOccurred())
	file, err := parser.ParseFile(token.NewFileSet(), "failure.go", nil, 0)
	g.Expect(err).NotTo(HaveOccurred())
	codes := 0
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
		codes++
		return true
	})
	g.Expect(codes).To(Equal(27))
}
