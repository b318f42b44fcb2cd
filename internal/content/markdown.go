// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// Bounds that keep Markdown quick to read: its time grows with the square of some marks.
const (
	maxDepth  = 40   // blocks inside each other
	maxQuotes = 40   // ">" in one line
	maxMarks  = 4000 // brackets and marks of emphasis in one text
)

// markdown reads the subset that mail programs show well. Raw HTML is refused before it is rendered.
var markdown = goldmark.New(goldmark.WithExtensions(
	extension.Linkify, extension.Strikethrough, extension.Table,
	extension.NewCJK(extension.WithEastAsianLineBreaks())))

// sanitizer passes what markdown makes and nothing else; a second wall behind the first.
var sanitizer = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "del", "ul", "ol", "li",
		"blockquote", "code", "pre", "table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("href", "title").OnElements("a")
	p.AllowAttrs("src", "alt", "title").OnElements("img")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("align").Matching(bluemonday.CellAlign).OnElements("td", "th")
	p.AllowURLSchemes("https", "http", "mailto")
	p.RequireParseableURLs(true)
	return p
})

// expansion is the Markdown of one shape: literals as they are, and a marker where a value goes.
type expansion struct {
	markdown []byte
	marker   marker
	origins  []origin
	source   string
}

// origin maps a piece of the expansion back to the source, for line numbers.
type origin struct{ expanded, source int }

// marker makes words that stand for fields while Markdown is parsed: lower-case letters only, which neither
// Markdown nor HTML nor an address changes, and which the text does not contain.
type marker struct{ prefix string }

const markerSuffix = "qz"

func (m marker) token(f fieldID) string {
	return m.prefix + string([]byte{'a' + byte(f/26), 'a' + byte(f%26)}) + markerSuffix
}

// word is how a field stands in the Markdown: an address as an address, so that it can be linked.
func (m marker) word(f fieldID) string {
	if f.isURL() {
		return urlBefore + m.token(f) + urlAfter
	}
	return m.token(f)
}

const (
	urlBefore = "https://"
	urlAfter  = ".invalid"
)

// expand writes one shape with markers that occur nowhere else in it.
func (p *program) expand(s shape) *expansion {
	return p.expandWith(func(write func(n *node)) { emit(p.nodes, s, write) })
}

// expandAll writes both sides of every condition after each other: everything an author wrote, seen once.
func (p *program) expandAll() *expansion {
	return p.expandWith(func(write func(n *node)) { emitAll(p.nodes, write) })
}

func emitAll(nodes []node, write func(n *node)) {
	for i := range nodes {
		if nodes[i].kind != conditionNode {
			write(&nodes[i])
			continue
		}
		emitAll(nodes[i].cond.then, write)
		emitAll(nodes[i].cond.other, write)
	}
}

func (p *program) expandWith(each func(write func(n *node))) *expansion {
	for attempt := 0; ; attempt++ {
		e := &expansion{source: p.source, marker: marker{prefix: "zq" + letters(attempt) + "v"}}
		marked := 0
		each(func(n *node) {
			e.origins = append(e.origins, origin{len(e.markdown), n.pos})
			if n.kind == literalNode {
				e.markdown = append(e.markdown, n.literal...)
				return
			}
			e.markdown = append(e.markdown, e.marker.word(n.field)...)
			marked++
		})
		if bytes.Count(e.markdown, []byte(e.marker.prefix)) == marked {
			return e
		}
	}
}

func letters(n int) string {
	out := []byte{'k', 'x'}
	for ; n > 0; n /= 26 {
		out = append(out, 'a'+byte(n%26))
	}
	return string(out)
}

// line finds the line of the source that a byte of the expansion comes from.
func (e *expansion) line(at int) int {
	source := 0
	for _, o := range e.origins {
		if o.expanded > at {
			break
		}
		source = o.source + at - o.expanded
	}
	return 1 + strings.Count(e.source[:min(source, len(e.source))], "\n")
}

// parse reads the Markdown and refuses what a mail must not hold.
func (e *expansion) parse(locale, part string) (ast.Node, error) {
	if at, problem := refuseSlow(e.markdown); problem != "" {
		return nil, &Error{locale, part, e.line(at), problem}
	}
	document := markdown.Parser().Parse(text.NewReader(e.markdown))
	depth, at := 0, 0
	err := ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			depth--
			return ast.WalkContinue, nil
		}
		at = position(n, at)
		if depth++; depth > maxDepth {
			return ast.WalkStop, &Error{locale, part, e.line(at), fmt.Sprintf("blocks lie deeper than %d in each other", maxDepth)}
		}
		if problem := e.refuse(n); problem != "" {
			return ast.WalkStop, &Error{locale, part, e.line(at), problem}
		}
		return ast.WalkContinue, nil
	})
	if at, block, crowded := e.refuseCrowded(document); err == nil && crowded {
		err = &Error{locale, part, e.line(at), "field ." + fieldNames[block] + " stands in a paragraph of its own, between empty lines"}
	}
	return document, err
}

// refuseSlow finds what would take long to parse, and where.
func refuseSlow(source []byte) (int, string) {
	marks, quotes := 0, 0
	for i, c := range source {
		switch c {
		case '\n':
			quotes = 0
		case '>':
			quotes++
		case '[', ']', '*', '_', '~', '`':
			marks++
		}
		if quotes > maxQuotes {
			return i, fmt.Sprintf("more than %d of > in one line", maxQuotes)
		}
		if marks > maxMarks {
			return i, fmt.Sprintf("more than %d brackets and marks of emphasis", maxMarks)
		}
	}
	return 0, ""
}

// position is where a node begins in the expansion, or else where the last one did.
func position(n ast.Node, last int) int {
	if t, ok := n.(*ast.Text); ok {
		return t.Segment.Start
	}
	if r, ok := n.(*ast.RawHTML); ok && r.Segments.Len() > 0 {
		return r.Segments.At(0).Start
	}
	if n.Type() == ast.TypeBlock && n.Lines().Len() > 0 {
		return n.Lines().At(0).Start
	}
	return last
}

// refuse says what is wrong with one node, or nothing.
func (e *expansion) refuse(n ast.Node) string {
	switch n := n.(type) {
	case *ast.RawHTML, *ast.HTMLBlock:
		return "HTML is not allowed; write Markdown"
	case *ast.Link:
		return e.refuseAddress(string(n.Destination))
	case *ast.AutoLink:
		if n.AutoLinkType == ast.AutoLinkEmail {
			return ""
		}
		return e.refuseAddress(string(n.URL(e.markdown)))
	case *ast.Image:
		if bytes.Contains(n.Destination, []byte(e.marker.prefix)) {
			return "a field cannot stand in the address of an image, because it would tell who opened the mail"
		}
		if !strings.HasPrefix(string(n.Destination), "https://") {
			return fmt.Sprintf("the address of an image begins with https://, not %q", n.Destination)
		}
		return e.refuseAddress(string(n.Destination))
	}
	return ""
}

// refuseAddress admits https, http and mailto, and fields only where they cannot choose the server.
func (e *expansion) refuseAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the address of a link cannot be read"
	}
	if u.Scheme == "mailto" {
		return ""
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return "the address of a link begins with https:// or mailto: , or is a field such as .Links.Portal"
	}
	if u.User != nil {
		return "the address of a link holds no user name"
	}
	if strings.Contains(u.Host, e.marker.prefix) && !e.marker.isURLHost(u.Host) {
		return "a field cannot choose the server of a link"
	}
	return ""
}

// isURLHost tells the host of a field that holds a whole address.
func (m marker) isURLHost(host string) bool {
	for f := range numFields {
		if f.isURL() && host == m.token(f)+urlAfter {
			return true
		}
	}
	return false
}

// html renders and sanitises a parsed expansion.
func (e *expansion) html(document ast.Node) (string, error) {
	var b bytes.Buffer
	if err := markdown.Renderer().Render(&b, e.markdown, document); err != nil {
		return "", fmt.Errorf("render Markdown: %w", err)
	}
	return string(sanitizer().SanitizeBytes(b.Bytes())), nil
}
