// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"html"
	"strings"

	nethtml "golang.org/x/net/html"
)

// headings are one level lower in a page: its own title is the first.
var headings = map[string]string{"h1": "h2", "h2": "h3", "h3": "h4", "h4": "h5", "h5": "h6", "h6": "h6"}

// Page makes of the HTML of a message what can stand inside a page of the portal. It is sanitised again, wherever it comes from. Its
// headings are one level lower, its links do not tell where they were followed, and in the place of an image stands what it says of
// itself: a page loads nothing from other servers, which would learn who reads when.
func Page(body string) string {
	tokens := nethtml.NewTokenizer(strings.NewReader(sanitizer().Sanitize(body)))
	var out strings.Builder
	for tokens.Next() != nethtml.ErrorToken {
		t := tokens.Token()
		if lower := headings[t.Data]; lower != "" {
			t.Data = lower
		}
		switch {
		case t.Data == "img":
			out.WriteString(html.EscapeString(attribute(t, "alt")))
			continue
		case t.Data == "a" && t.Type == nethtml.StartTagToken:
			t.Attr = append(t.Attr, nethtml.Attribute{Key: "rel", Val: "noreferrer"})
		}
		out.WriteString(t.String())
	}
	return out.String()
}

func attribute(t nethtml.Token, key string) string {
	for _, a := range t.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
