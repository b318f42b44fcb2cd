// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"net/url"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"
)

// Tracking says what the mails of a campaign tell after they were sent. The zero value: nothing.
type Tracking struct {
	// Link makes the address that stands in the place of a link, in the two parts between which Links.Reader goes; ok is false for a
	// target that stays as it is. nil leaves every link as it is.
	Link func(number int, target string) (before, after string, ok bool)
	// Opens gives the mail a place for Links.Image.
	Opens bool
}

// tracked are the links of one language that lead by way of the portal.
type tracked struct {
	link    func(number int, target string) (before, after string, ok bool)
	known   *values  // of the network
	targets []string // in the order of the text: the number of a link is its place here
}

// maxTracked bounds the links with a number of their own: markers name no more.
const maxTracked = 26*26 - int(firstLink)

// firstLink is the number of the first marker that stands for a link and for no field.
const firstLink = numFields

// number lists the links of a text in their order, whatever conditions say, so that a link has one number in every shape.
func (t *tracked) number(e *expansion, document ast.Node) {
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if target, ok := t.target(e, addressOf(e, n)); ok && entering && !slices.Contains(t.targets, target) && len(t.targets) < maxTracked {
			t.targets = append(t.targets, target)
		}
		return ast.WalkContinue, nil
	})
}

// addressOf is where a node of a parsed expansion leads, as it is written into HTML; empty for one that is no link.
func addressOf(e *expansion, n ast.Node) string {
	switch n := n.(type) {
	case *ast.Link:
		return string(util.URLEscape(n.Destination, true))
	case *ast.AutoLink:
		if n.AutoLinkType == ast.AutoLinkURL {
			return string(util.URLEscape(n.URL(e.markdown), false))
		}
	}
	return ""
}

// target is where an address leads for everybody. One that holds a field of the member leads each somewhere else, and stays.
func (t *tracked) target(e *expansion, address string) (target string, ok bool) {
	if t == nil || !strings.HasPrefix(address, "https://") {
		return "", false
	}
	for _, s := range e.marker.split(address, false) {
		switch {
		case s.escape == literalSegment:
			target += s.literal
		case s.field.isPersonal():
			return "", false
		case s.field.isURL():
			target += t.known.text[s.field]
		default:
			target += strings.ReplaceAll(url.QueryEscape(t.known.text[s.field]), "+", "%20")
		}
	}
	_, _, ok = t.link(1, target)
	return target, ok
}

// word is what stands in the place of an address until the text is split; the address itself where the link has no number.
func (t *tracked) word(e *expansion, address string) string {
	target, ok := t.target(e, address)
	if !ok {
		return address
	}
	i := slices.Index(t.targets, target)
	if i < 0 {
		return address
	}
	return urlBefore + e.marker.token(firstLink+fieldID(i)) + urlAfter
}

// rewrite leads the links of a document by way of the portal. The words of a bare address stay.
func (t *tracked) rewrite(e *expansion, document ast.Node) {
	var bare []*ast.AutoLink
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Link:
			if address := addressOf(e, n); entering && t.word(e, address) != address {
				n.Destination = []byte(t.word(e, address))
			}
		case *ast.AutoLink:
			if address := addressOf(e, n); entering && t.word(e, address) != address {
				bare = append(bare, n)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, n := range bare {
		words := ast.NewString(n.Label(e.markdown))
		words.SetRaw(true)
		link := ast.NewLink()
		link.Destination = []byte(t.word(e, addressOf(e, n)))
		link.AppendChild(link, words)
		n.Parent().ReplaceChild(n.Parent(), n, link)
	}
}

// fillLinks puts the portal's addresses where the markers of links were split off.
func (t *tracked) fillLinks(segments []segment, html bool) []segment {
	var out []segment
	for _, s := range segments {
		if s.escape == literalSegment || s.field < firstLink {
			out = append(out, s)
			continue
		}
		i := int(s.field - firstLink)
		before, after, _ := t.link(i+1, t.targets[i])
		if html {
			before, after = string(appendHTML(nil, before)), string(appendHTML(nil, after))
		}
		out = append(out, segment{literal: before}, segment{field: linksReader, escape: escapeNothing}, segment{literal: after})
	}
	return out
}
