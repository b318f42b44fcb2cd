// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// MaxNews is how much .Blocks.News tells at most.
const MaxNews = 5

// maxSaid is how much of what a member wrote stands in a block, in characters.
const maxSaid = 120

// Blocks are lists that stand in a text by themselves, the same for every reader of a language. They are written into a text when it is
// compiled, and cost a mail nothing. The zero value: they are empty, and nothing stands in their place.
type Blocks struct {
	News []News // for .Blocks.News
}

// News is the beginning of what a member told the others.
type News struct {
	FamilyName, GivenName string
	Text                  string // of which the beginning is shown
	URL                   string // of the whole
}

// blockNames are the fields that stand for a list, with the module of the portal that the list is of.
var blockNames = map[fieldID]string{blocksNews: settings.ModuleFeed}

// isBlock tells the fields that stand for a list.
func (f fieldID) isBlock() bool { return blockNames[f] != "" }

// readOn leads to the whole, in each language.
var readOn = map[string]string{"ja": "続きを読む", "en": "Read on"}

// SampleBlocks are invented, for those who look a text over.
func SampleBlocks(network settings.Network, locale string) Blocks {
	url := network.PublicURL + "/feed/sample"
	if locale == "ja" {
		return Blocks{News: []News{
			{"星野", "花子", "京都で小さな発酵の研究所を始めました。見学も歓迎です。", url},
			{"青木", "健", "甘酒の作り方をご存じの方はいらっしゃいますか。子どもの学校で話すことになりました。", url},
		}}
	}
	return Blocks{News: []News{
		{"Meyer", "Alex", "I have opened a small fermentation lab in Kyoto. Visitors are welcome.", url},
		{"Ng", "Bo", "Does anybody know how to make amazake? I am to talk about it at my children's school.", url},
	}}
}

// values says of which blocks there is something, for conditions.
func (b Blocks) values(v *values) {
	if len(b.News) > 0 {
		v.text[blocksNews] = "News"
	}
}

// empty tells whether nothing stands in the place of a block.
func (b Blocks) empty(f fieldID) bool { return f != blocksNews || len(b.News) == 0 }

// said is an entry in a language, fit for one line.
func (n News) said(locale string) (name, text string) {
	author := Member{FamilyName: n.FamilyName, GivenName: n.GivenName, Locale: locale}
	line := []rune(clean(n.Text))
	if len(line) > maxSaid {
		line = append(line[:maxSaid-1:maxSaid-1], '…')
	}
	return clean(author.DisplayName()), string(line)
}

// html is a block as part of a mail.
func (b Blocks) html(locale string) string {
	out := []byte(`<ul style="padding:0;list-style:none">`)
	for _, n := range b.News {
		name, text := n.said(locale)
		out = append(appendHTML(append(out, `<li style="margin:0 0 1em"><strong>`...), name), "</strong><br>"...)
		out = append(appendHTML(out, text), `<br><a style="color:#0b57d0" href="`...)
		out = append(appendHTML(out, n.URL), `">`+readOn[locale]+"</a></li>"...)
	}
	return string(append(out, "</ul>"...))
}

// text is a block in a plain mail, without a line end.
func (b Blocks) text(locale string) string {
	var lines []string
	for _, n := range b.News {
		name, text := n.said(locale)
		lines = append(lines, "- "+name, "  "+text, "  "+n.URL)
	}
	return strings.Join(lines, "\n")
}

// refuseCrowded finds a block that does not stand alone: a list can be no part of a sentence, a link or another list.
func (e *expansion) refuseCrowded(document ast.Node) (at int, crowded fieldID, found bool) {
	for f := range blockNames {
		token := []byte(e.marker.token(f))
		alone := 0
		for n := document.FirstChild(); n != nil; n = n.NextSibling() {
			words, ok := n.FirstChild().(*ast.Text)
			if n.Kind() == ast.KindParagraph && ok && n.ChildCount() == 1 && bytes.Equal(words.Segment.Value(e.markdown), token) {
				alone++
			}
		}
		if bytes.Count(e.markdown, token) > alone {
			return bytes.Index(e.markdown, token), f, true
		}
	}
	return 0, 0, false
}

// free takes blocks out of the paragraphs in which they stand, and empty ones out of the text.
func (b Blocks) free(m marker, html, text string) (freeHTML, freeText string) {
	for f := range blockNames {
		token := m.token(f)
		html = strings.ReplaceAll(html, "<p>"+token+"</p>", token)
		if b.empty(f) {
			html = strings.NewReplacer(token+"\n", "", token, "").Replace(html)
			text = strings.NewReplacer(token+"\n\n", "", token+"\n", "").Replace(text)
		}
	}
	return html, text
}

// fill puts blocks where their markers were split off. What members wrote is a literal from then on, and no marker in it means anything.
func (b Blocks) fill(segments []segment, locale string, html bool) []segment {
	for i, s := range segments {
		if s.escape == literalSegment || !s.field.isBlock() {
			continue
		}
		segments[i] = segment{literal: b.text(locale)}
		if html {
			segments[i] = segment{literal: b.html(locale)}
		}
	}
	return segments
}
