// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package prose

import (
	"html/template"
	"net/url"
	"regexp"
	"strings"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// address finds what may be an address in a text. It is plain ASCII, so that letters that look alike lead nowhere, and Japanese words
// may follow without a space.
var address = regexp.MustCompile(`https://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+`)

// trailing are the marks that end a sentence rather than an address.
const trailing = `.,:;!?'*`

// HTML is a text of a member as part of a page: an empty line begins a paragraph, and addresses with https are links by which search
// engines go to nobody.
func HTML(text string) template.HTML {
	var out strings.Builder
	for paragraph := range strings.SplitSeq(community.CleanText(text), "\n\n") {
		if paragraph == "" {
			continue
		}
		out.WriteString("<p>")
		for i, line := range strings.Split(paragraph, "\n") {
			if i > 0 {
				out.WriteString("<br>")
			}
			writeLine(&out, line)
		}
		out.WriteString("</p>")
	}
	return template.HTML(out.String()) //nolint:gosec // all of the text is escaped
}

// writeLine escapes a line, and links its addresses.
func writeLine(out *strings.Builder, line string) {
	at := 0
	for _, found := range address.FindAllStringIndex(line, -1) {
		link := trim(line[found[0]:found[1]])
		if !leads(link) {
			continue
		}
		out.WriteString(template.HTMLEscapeString(line[at:found[0]]))
		escaped := template.HTMLEscapeString(link)
		out.WriteString(`<a href="` + escaped + `" rel="nofollow ugc noopener">` + escaped + `</a>`)
		at = found[0] + len(link)
	}
	out.WriteString(template.HTMLEscapeString(line[at:]))
}

// trim takes off what belongs to the sentence: marks at its end, and a bracket that was opened before the address.
func trim(link string) string {
	for {
		short := strings.TrimRight(link, trailing)
		if strings.HasSuffix(short, ")") && strings.Count(short, ")") > strings.Count(short, "(") {
			short = short[:len(short)-1]
		}
		if short == link {
			return link
		}
		link = short
	}
}

// leads tells whether an address leads where it says: it has a host, and no name before it that looks like one.
func leads(link string) bool {
	u, err := url.Parse(link)
	return err == nil && u.Scheme == "https" && strings.Trim(u.Hostname(), ".") != "" && u.User == nil && !strings.Contains(u.Host, "@")
}
