// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"bytes"
	"strings"
	"time"

	"github.com/yuin/goldmark/ast"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// How much blocks tell at most.
const (
	// MaxNews is the number of posts in .Blocks.News.
	MaxNews = 5
	// MaxEvents is the number of meetings in .Blocks.Events.
	MaxEvents = 5
)

// maxSaid is how much of what a member wrote stands in a block, in characters.
const maxSaid = 120

// Blocks are lists that stand in a text by themselves, the same for every reader of a language. They are written into a text when it is
// compiled, and cost a mail nothing. The zero value: they are empty, and nothing stands in their place.
type Blocks struct {
	News   []News  // for .Blocks.News
	Events []Event // for .Blocks.Events
}

// News is the beginning of what a member told the others.
type News struct {
	FamilyName, GivenName string
	Text                  string // of which the beginning is shown
	URL                   string // of the whole
}

// Event is a meeting to come.
type Event struct {
	Title, Place string    // the place may be empty
	StartsAt     time.Time // in the zone in which it is told
	URL          string    // of its page
}

// blockNames are the fields that stand for a list, with the module of the portal that the list is of.
var blockNames = map[fieldID]string{blocksNews: settings.ModuleFeed, blocksEvents: settings.ModuleEvents}

// isBlock tells the fields that stand for a list.
func (f fieldID) isBlock() bool { return blockNames[f] != "" }

// leads are the words of the link to an entry's page, in each language.
var leads = map[fieldID]map[string]string{
	blocksNews:   {"ja": "続きを読む", "en": "Read on"},
	blocksEvents: {"ja": "詳しく見る・参加する", "en": "See more and register"},
}

// starts are the forms of a moment in each language.
var starts = map[string]string{"ja": "2006年1月2日 15:04", "en": "2 January 2006, 15:04"}

// SampleBlocks are invented, for those who look a text over.
func SampleBlocks(network settings.Network, locale string) Blocks {
	post, event := network.PublicURL+"/feed/sample", network.PublicURL+"/events/sample"
	at := time.Date(2027, 4, 23, 19, 0, 0, 0, time.UTC)
	if locale == "ja" {
		return Blocks{News: []News{
			{"星野", "花子", "京都で小さな発酵の研究所を始めました。見学も歓迎です。", post},
			{"青木", "健", "甘酒の作り方をご存じの方はいらっしゃいますか。子どもの学校で話すことになりました。", post},
		}, Events: []Event{{"春の同窓会", "京都市中京区 星野亭", at, event}, {"発酵を学ぶ会(オンライン)", "", at.AddDate(0, 0, 14), event}}}
	}
	return Blocks{News: []News{
		{"Meyer", "Alex", "I have opened a small fermentation lab in Kyoto. Visitors are welcome.", post},
		{"Ng", "Bo", "Does anybody know how to make amazake? I am to talk about it at my children's school.", post},
	}, Events: []Event{{"Spring reunion", "Hoshino-tei, Kyoto", at, event}, {"An evening about fermentation, online", "", at.AddDate(0, 0, 14), event}}}
}

// values says of which blocks there is something, for conditions.
func (b Blocks) values(v *values) {
	for f := range blockNames {
		if !b.empty(f) {
			v.text[f] = fieldNames[f]
		}
	}
}

// empty tells whether nothing stands in the place of a block.
func (b Blocks) empty(f fieldID) bool {
	return f == blocksNews && len(b.News) == 0 || f == blocksEvents && len(b.Events) == 0
}

// entry is one of a block in a language, each part fit for one line.
type entry struct{ head, text, url string }

// entries are a block's in a language.
func (b Blocks) entries(f fieldID, locale string) []entry {
	var all []entry
	if f == blocksNews {
		for _, n := range b.News {
			author := Member{FamilyName: n.FamilyName, GivenName: n.GivenName, Locale: locale}
			all = append(all, entry{clean(author.DisplayName()), short(n.Text), n.URL})
		}
		return all
	}
	for _, e := range b.Events {
		text := e.StartsAt.Format(starts[locale])
		if place := short(e.Place); place != "" {
			text += " · " + place
		}
		all = append(all, entry{short(e.Title), text, e.URL})
	}
	return all
}

// short is the beginning of what somebody wrote, on one line.
func short(words string) string {
	line := []rune(clean(words))
	if len(line) > maxSaid {
		line = append(line[:maxSaid-1:maxSaid-1], '…')
	}
	return string(line)
}

// html is a block as part of a mail.
func (b Blocks) html(f fieldID, locale string) string {
	out := []byte(`<ul style="padding:0;list-style:none">`)
	for _, e := range b.entries(f, locale) {
		out = append(appendHTML(append(out, `<li style="margin:0 0 1em"><strong>`...), e.head), "</strong><br>"...)
		out = append(appendHTML(out, e.text), `<br><a style="color:#0b57d0" href="`...)
		out = append(appendHTML(out, e.url), `">`+leads[f][locale]+"</a></li>"...)
	}
	return string(append(out, "</ul>"...))
}

// text is a block in a plain mail, without a line end.
func (b Blocks) text(f fieldID, locale string) string {
	var lines []string
	for _, e := range b.entries(f, locale) {
		lines = append(lines, "- "+e.head, "  "+e.text, "  "+e.url)
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
		segments[i] = segment{literal: b.text(s.field, locale)}
		if html {
			segments[i] = segment{literal: b.html(s.field, locale)}
		}
	}
	return segments
}
