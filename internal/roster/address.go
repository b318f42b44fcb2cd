// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import "strings"

// The limits of RFC 5321.
const (
	maxLocalPart = 64
	maxDomain    = 253
	maxLabel     = 63
)

// normaliseAddress puts the domain into lower case and refuses what no mail server would take unquoted: the
// dot-atom form of RFC 5322 in ASCII is all that HR systems need. It says false for anything else.
func normaliseAddress(s string) (string, bool) {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || len(s) > maxAddress {
		return "", false
	}
	local, domain := s[:at], strings.ToLower(s[at+1:])
	if len(local) > maxLocalPart || len(domain) > maxDomain || !strings.Contains(domain, ".") {
		return "", false
	}
	for _, atom := range strings.Split(local, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !isAtomText(r) }) {
			return "", false
		}
	}
	for _, label := range strings.Split(domain, ".") {
		if !isLabel(label) {
			return "", false
		}
	}
	return local + "@" + domain, true
}

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

func isAtomText(r rune) bool {
	return isAlphanumeric(r) || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
}

func isLabel(s string) bool {
	if s == "" || len(s) > maxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r != '-' && !isAlphanumeric(r) })
}
