// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// maxAddress is the longest mail address that SMTP carries (RFC 5321, 4.5.3.1.3).
const maxAddress = 254

// NormaliseAddress brings a typed mail address to the form that the store keeps: wide characters of a Japanese
// keyboard made narrow, space around it gone, domain in lower case. It answers with CodeInvalid for what cannot
// be an address; it does not tell whether the address exists or is known.
func NormaliseAddress(typed string) (string, error) {
	invalid := Invalid("Address", "error.address")
	if !utf8.ValidString(typed) || len(typed) > 4*maxAddress {
		return "", invalid
	}
	address := strings.TrimSpace(width.Fold.String(typed))
	local, domain, found := cutLast(address, "@")
	if !found || local == "" || len(local) > 64 || len(address) > maxAddress || !strings.Contains(domain, ".") {
		return "", invalid
	}
	if strings.ContainsFunc(address, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) ||
		strings.ContainsAny(address, `<>,;:"\()[]`) || strings.Contains(local, "@") {
		return "", invalid
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 {
			return "", invalid
		}
	}
	return local + "@" + strings.ToLower(domain), nil
}

func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}
