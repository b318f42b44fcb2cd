// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// plainText writes a parsed expansion as people write plain mails: paragraphs with an empty line between them,
// "- " for items, "> " for quotations, and the address of a link behind its words. instead, if any, gives another address.
func (e *expansion) plainText(document ast.Node, instead func(address string) string) string {
	w := &textWriter{source: e.markdown, instead: instead}
	w.blocks(document, "")
	return strings.TrimRight(w.out.String(), "\n") + "\n"
}

type textWriter struct {
	source  []byte
	instead func(address string) string
	out     strings.Builder
}

// address is where a link leads, or what stands instead of it.
func (w *textWriter) address(written, escaped []byte) string {
	if w.instead != nil {
		if other := w.instead(string(escaped)); other != string(escaped) {
			return other
		}
	}
	return string(written)
}

// blocks writes the children of a block, each line after the indent.
func (w *textWriter) blocks(parent ast.Node, indent string) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		w.block(n, indent)
		if n.NextSibling() != nil && n.Kind() != ast.KindTextBlock {
			w.out.WriteString(strings.TrimRight(indent, " ") + "\n")
		}
	}
}

func (w *textWriter) block(n ast.Node, indent string) {
	switch n := n.(type) {
	case *ast.Heading:
		title := w.inlines(n)
		w.lines(title, indent)
		if n.Level <= 2 {
			w.lines(strings.Repeat(map[bool]string{true: "=", false: "-"}[n.Level == 1], 24), indent)
		}
	case *ast.Blockquote:
		w.blocks(n, indent+"> ")
	case *ast.List:
		w.list(n, indent)
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		var code strings.Builder
		for i := range n.Lines().Len() {
			line := n.Lines().At(i)
			code.Write(line.Value(w.source))
		}
		w.lines(strings.TrimRight(code.String(), "\n"), indent+"    ")
	case *ast.ThematicBreak:
		w.lines(strings.Repeat("-", 24), indent)
	case *extast.Table:
		for row := n.FirstChild(); row != nil; row = row.NextSibling() {
			cells := make([]string, 0, row.ChildCount())
			for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
				cells = append(cells, w.inlines(cell))
			}
			w.lines(strings.Join(cells, " | "), indent)
		}
	default:
		w.lines(w.inlines(n), indent)
	}
}

func (w *textWriter) list(n *ast.List, indent string) {
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		bullet := "- "
		if n.IsOrdered() {
			bullet = strconv.Itoa(number) + ". "
			number++
		}
		inner := &textWriter{source: w.source, instead: w.instead}
		inner.blocks(item, "")
		body := strings.TrimRight(inner.out.String(), "\n")
		first, rest, more := strings.Cut(body, "\n")
		w.lines(bullet+first, indent)
		if more {
			w.lines(rest, indent+strings.Repeat(" ", len(bullet)))
		}
		if !n.IsTight && item.NextSibling() != nil {
			w.out.WriteString(strings.TrimRight(indent, " ") + "\n")
		}
	}
}

// lines writes text line by line after the indent, without spaces at line ends.
func (w *textWriter) lines(s, indent string) {
	for line := range strings.SplitSeq(s, "\n") {
		w.out.WriteString(strings.TrimRight(indent+line, " "))
		w.out.WriteByte('\n')
	}
}

// inlines is the text inside one block, without marks of emphasis.
func (w *textWriter) inlines(parent ast.Node) string {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			b.Write(unescape(n.Segment.Value(w.source), n.IsRaw()))
			if n.SoftLineBreak() || n.HardLineBreak() {
				b.WriteByte('\n')
			}
		case *ast.String:
			b.Write(n.Value)
		case *ast.CodeSpan:
			b.WriteString(strings.ReplaceAll(w.raw(n), "\n", " "))
		case *ast.AutoLink:
			b.WriteString(w.address(n.Label(w.source), util.URLEscape(n.URL(w.source), false)))
		case *ast.Link:
			b.WriteString(linked(w.inlines(n), w.address(n.Destination, util.URLEscape(n.Destination, true))))
		case *ast.Image:
			if alt := w.inlines(n); alt != "" {
				b.WriteString("[" + alt + "]")
			}
		default:
			b.WriteString(w.inlines(n))
		}
	}
	return b.String()
}

// raw is the text of a code span as it was written.
func (w *textWriter) raw(parent ast.Node) string {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if t, ok := n.(*ast.Text); ok {
			b.Write(t.Segment.Value(w.source))
		}
	}
	return b.String()
}

// linked puts the address behind the words, unless they are the address.
func linked(words, address string) string {
	if words == "" || words == address || "mailto:"+words == address {
		return strings.TrimPrefix(address, "mailto:")
	}
	return words + " <" + address + ">"
}
