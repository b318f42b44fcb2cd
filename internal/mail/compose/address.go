// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compose

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// ErrAddress is the answer to everything that is no plain mail address. It does not repeat the address.
var ErrAddress = errors.New("not a mail address")

// Address is a mail address in the form in which it goes to a server.
type Address struct {
	// Mailbox is local@domain, with the domain in ASCII (IDNA).
	Mailbox string
	// UTF8 says that the local part is not ASCII, so that the server must offer SMTPUTF8 (RFC 6531).
	UTF8 bool
}

// Domain is the part behind the last "@".
func (a Address) Domain() string { return a.Mailbox[strings.LastIndexByte(a.Mailbox, '@')+1:] }

// ParseAddress reads one address: a dot-string, "@" and a domain. Quoted local parts, comments, address literals,
// control characters and spaces are refused: nobody's mailbox needs them, and they are how commands are smuggled.
func ParseAddress(s string) (Address, error) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || len(s) > 254 || at > 64 || !utf8.ValidString(s) {
		return Address{}, ErrAddress
	}
	local, domain := s[:at], s[at+1:]
	if !dotString(local) {
		return Address{}, ErrAddress
	}
	plain := isASCII(domain)
	if !plain {
		var err error
		if domain, err = idna.Lookup.ToASCII(domain); err != nil {
			return Address{}, ErrAddress
		}
	}
	if !hostName(domain) {
		return Address{}, ErrAddress
	}
	if plain {
		return Address{Mailbox: s, UTF8: !isASCII(local)}, nil
	}
	return Address{Mailbox: local + "@" + domain, UTF8: !isASCII(local)}, nil
}

// dotString is RFC 5321's Dot-string, with the letters of RFC 6531.
func dotString(s string) bool {
	dot := true // as if one came before: an atom must follow
	for _, r := range s {
		switch {
		case r == '.':
			if dot {
				return false
			}
			dot = true
			continue
		case r >= utf8.RuneSelf:
			if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) {
				return false
			}
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		case strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r):
		default:
			return false
		}
		dot = false
	}
	return !dot
}

// hostName is a sequence of labels of letters, digits and hyphens.
func hostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := 0; i < len(label); i++ {
			c := label[i]
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}
