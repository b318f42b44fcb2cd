// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package line

import (
	"strings"
	"unicode/utf16"

	"github.com/alumni-operator/alumni-operator/internal/channel"
)

// Units is the length of a text as LINE counts it: in UTF-16 code units, so that most emoji count twice or more.
func Units(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// Text writes a post as one text message: title, text, and the link to the portal, which is never cut. The error is
// channel.ErrPost or channel.ErrNoRoom.
func Text(p channel.Post) (string, error) {
	if err := p.Check(); err != nil {
		return "", err
	}
	whole := p.CleanText()
	short, cut, ok := channel.Cut(whole, func(s string) bool { return Units(compose(p, s, s != whole)) <= MaxText })
	if !ok {
		return "", channel.ErrNoRoom
	}
	return compose(p, short, cut), nil
}

func compose(p channel.Post, text string, cut bool) string {
	if cut {
		text += channel.Ellipsis
	}
	parts := []string{p.Title}
	if text != "" {
		parts = append(parts, text)
	}
	switch {
	case p.Link == "":
	case p.LinkLabel == "":
		parts = append(parts, p.Link)
	default:
		parts = append(parts, p.LinkLabel+"\n"+p.Link)
	}
	return strings.Join(parts, "\n\n")
}
