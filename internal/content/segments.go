// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"net/url"
	"strings"

	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
)

// segment is literal output, or a field with the way its value is escaped.
type segment struct {
	literal string
	field   fieldID
	escape  escaping
}

type escaping uint8

const (
	literalSegment escaping = iota
	escapeNothing           // plain text
	escapeHTML              // text of an element, or an attribute
	escapeQuery             // part of an address inside an attribute
)

// split cuts finished output at the markers. In HTML it looks where each marker stands.
func (m marker) split(s string, html bool) []segment {
	var out []segment
	for {
		at := strings.Index(s, m.prefix)
		if at < 0 {
			return append(out, segment{literal: s})
		}
		end := at + len(m.prefix) + 2 + len(markerSuffix)
		f := fieldID(s[at+len(m.prefix)]-'a')*26 + fieldID(s[at+len(m.prefix)+1]-'a')
		if f.isURL() {
			at, end = at-len(urlBefore), end+len(urlAfter)
		}
		seg := segment{field: f, escape: escapeNothing}
		switch {
		case html:
			seg.escape = escapingAt(s[:at], f)
		case !f.isURL() && insideAddress(s[:at]):
			seg.escape = escapeQuery
		}
		out = append(out, segment{literal: s[:at]}, seg)
		s = s[end:]
	}
}

// escapingAt finds out what the end of sanitised HTML is inside of.
func escapingAt(before string, f fieldID) escaping {
	tag := strings.LastIndexByte(before, '<')
	if tag <= strings.LastIndexByte(before, '>') || f.isURL() {
		return escapeHTML
	}
	attribute := strings.LastIndex(before[tag:], `="`)
	if attribute >= 0 && strings.HasSuffix(before[:tag+attribute], " href") {
		return escapeQuery
	}
	return escapeHTML
}

// insideAddress tells plain text whose last word is the beginning of a link.
func insideAddress(before string) bool {
	word := before[strings.LastIndexAny(before, " \n<")+1:]
	return strings.Contains(word, "://")
}

// fill appends the output of segments for one mail.
func fill(dst []byte, segments []segment, v *values) []byte {
	for i := range segments {
		s := &segments[i]
		switch s.escape {
		case literalSegment:
			dst = append(dst, s.literal...)
		case escapeNothing:
			dst = append(dst, v.text[s.field]...)
		case escapeHTML:
			dst = appendHTML(dst, v.text[s.field])
		case escapeQuery:
			dst = append(dst, strings.ReplaceAll(url.QueryEscape(v.text[s.field]), "+", "%20")...)
		}
	}
	return dst
}

// encodeAhead makes segments whose literals are quoted-printable already; fillQuoted encodes the values.
func encodeAhead(segments []segment) []segment {
	out := make([]segment, len(segments))
	for i, s := range segments {
		out[i] = s
		out[i].literal = string(compose.AppendQuotedPiece(nil, []byte(s.literal)))
	}
	return out
}

// fillQuoted appends the output of segments of encodeAhead for one mail. Scratch is for its own use.
func fillQuoted(dst, scratch []byte, segments []segment, v *values) (out, scratchOut []byte) {
	for i := range segments {
		if segments[i].escape == literalSegment {
			dst = append(dst, segments[i].literal...)
			continue
		}
		scratch = fill(scratch[:0], segments[i:i+1], v)
		dst = compose.AppendQuotedPiece(dst, scratch)
	}
	return dst, scratch
}

func appendHTML(dst []byte, s string) []byte {
	last := 0
	for i := 0; i < len(s); i++ {
		var entity string
		switch s[i] {
		case '&':
			entity = "&amp;"
		case '<':
			entity = "&lt;"
		case '>':
			entity = "&gt;"
		case '"':
			entity = "&#34;"
		case '\'':
			entity = "&#39;"
		default:
			continue
		}
		dst = append(append(dst, s[last:i]...), entity...)
		last = i + 1
	}
	return append(dst, s[last:]...)
}
