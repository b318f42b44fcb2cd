// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"errors"
	"net/url"
	"regexp"
	"sort"
	"strings"
	"unicode"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// Post is a rendered text as every channel gets it.
type Post struct {
	Title string // one line
	Text  string // plain text with "\n" line ends, without the footer of a mail
	// Link leads to the whole text in the portal; empty when there is none. A text that is cut needs one.
	Link string
	// LinkLabel are the words for the link, such as "Read it in the portal", in the language of the text.
	LinkLabel string
}

// Ellipsis stands at the end of a text that was cut.
const Ellipsis = "…"

// Bounds of a post's parts, in bytes. Title and link are sent whole or not at all.
const (
	maxTitle = 2000
	maxLink  = 2000
	maxLabel = 200
)

// ErrNoRoom says that not even title and link fit into the channel's limit.
var ErrNoRoom = errors.New("the title and the link alone are larger than the channel takes")

// ErrPost says that a post is not one that can be sent. It does not quote it.
var ErrPost = errors.New("the post cannot be sent")

// Check refuses a post that no channel can send: without a title, or with parts out of bounds.
func (p Post) Check() error {
	link, err := url.Parse(p.Link)
	switch {
	case strings.TrimSpace(p.Title) == "" || strings.ContainsFunc(p.Title, unicode.IsControl):
		return errors.Join(ErrPost, errors.New("the title must be one line of text"))
	case len(p.Title) > maxTitle || len(p.Link) > maxLink || len(p.LinkLabel) > maxLabel:
		return errors.Join(ErrPost, errors.New("the title or the link is too long"))
	case p.Link != "" && (err != nil || link.Scheme != "https" && link.Scheme != "http" || link.Host == "" || strings.ContainsAny(p.Link, " <>|\"")):
		return errors.Join(ErrPost, errors.New("the link must be a web address"))
	case strings.ContainsFunc(p.LinkLabel, unicode.IsControl):
		return errors.Join(ErrPost, errors.New("the words for the link must be one line of text"))
	}
	return nil
}

// Label is the words for the link, or the link itself.
func (p Post) Label() string {
	if p.LinkLabel == "" {
		return p.Link
	}
	return p.LinkLabel
}

// CleanText is the text as UTF-8 without control characters but line ends, and without empty lines around it.
func (p Post) CleanText() string {
	text := strings.ReplaceAll(strings.ToValidUTF8(p.Text, "\uFFFD"), "\r\n", "\n")
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsControl(r) && r != '\n':
			return -1
		}
		return r
	}, text)
	return strings.Trim(text, "\n")
}

// Cut shortens a text as little as possible until fits agrees, and tells whether it had to. It cuts between
// graphemes, so that no letter loses its accent and no emoji a part, never inside a web address, and never leaves
// white space at the end; fits is asked for texts without the ellipsis. It says false to ok when not even the empty
// text fits. What fits a text should fit every beginning of it.
func Cut(text string, fits func(string) bool) (short string, cut, ok bool) {
	if fits(text) {
		return text, false, true
	}
	if !fits("") {
		return "", true, false
	}
	ends := []int{0}
	for g := graphemes.FromString(text); g.Next(); {
		ends = append(ends, g.End())
	}
	first := sort.Search(len(ends), func(i int) bool { return !fits(text[:ends[i]]) })
	for i := min(first, len(ends)-1); i > 0; i-- {
		short = tidyEnd(text, ends[i])
		if fits(short) {
			return short, true, true
		}
		// Rare: a form whose size does not grow evenly. The next shorter text is asked for.
	}
	return "", true, true
}

// tidyEnd is the beginning of a text up to an end, without half a web address and without white space at the end.
func tidyEnd(text string, end int) string {
	for _, a := range WebAddresses(text) {
		if a[0] < end && end < a[1] {
			end = a[0]
		}
	}
	return strings.TrimRightFunc(strings.TrimSuffix(text[:end], "<"), unicode.IsSpace)
}

var webAddress = regexp.MustCompile(`https?://[!-;=?-~]+`) // printable ASCII but < and >

// WebAddresses finds the web addresses in a text: begin and end of each, without the punctuation of the sentence.
func WebAddresses(text string) [][2]int {
	var found [][2]int
	for _, at := range webAddress.FindAllStringIndex(text, -1) {
		address := strings.TrimRight(text[at[0]:at[1]], ".,;:!?'\"")
		if strings.HasSuffix(address, ")") && !strings.Contains(address, "(") {
			address = strings.TrimSuffix(address, ")")
		}
		found = append(found, [2]int{at[0], at[0] + len(address)})
	}
	return found
}
