// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compose

import (
	"mime"
	"strings"
	"time"
	"unicode/utf8"
)

// softLimit is the length after which an unstructured header is folded (RFC 5322 wants at most 78).
const softLimit = 76

// AppendHeader writes a header whose value is ASCII and stays on one line, however long, as signatures over
// List-Unsubscribe want it. Anything but printable ASCII in it is left out.
func AppendHeader(dst []byte, name, value string) []byte {
	dst = append(append(dst, name...), ": "...)
	dst = appendPrintable(dst, value)
	return append(dst, "\r\n"...)
}

func appendPrintable(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] >= ' ' && s[i] < 0x7f {
			dst = append(dst, s[i])
		}
	}
	return dst
}

// AppendText writes a header of free text, such as Subject: as it is when it is short and ASCII, and as encoded
// words, folded, when it is not.
func AppendText(dst []byte, name, text string) []byte {
	text = oneLine(text)
	dst = append(append(dst, name...), ": "...)
	if isASCII(text) && !strings.Contains(text, "=?") {
		dst = appendFolded(dst, text, len(name)+2)
	} else {
		dst = appendWords(dst, text, len(name)+2)
	}
	return append(dst, "\r\n"...)
}

// appendFolded breaks ASCII text at spaces.
func appendFolded(dst []byte, text string, column int) []byte {
	for i, word := range strings.Split(text, " ") {
		switch {
		case i == 0:
		case column+1+len(word) > softLimit && word != "":
			dst, column = append(dst, "\r\n "...), 1
		default:
			dst, column = append(dst, ' '), column+1
		}
		dst, column = append(dst, word...), column+len(word)
	}
	return dst
}

// appendWords writes encoded words of at most 75 characters, each with whole characters in it.
func appendWords(dst []byte, text string, column int) []byte {
	const most = 45 // bytes: 60 characters of base64
	for first := true; text != "" || first; first = false {
		limit := most
		if first {
			limit = max(12, most-column)
		}
		n := 0
		for n < len(text) {
			_, size := utf8.DecodeRuneInString(text[n:])
			if n+size > limit {
				break
			}
			n += size
		}
		if !first {
			dst = append(dst, "\r\n "...)
		}
		dst = append(dst, encodeWord(text[:n])...)
		text = text[n:]
	}
	return dst
}

// encodeWord makes one encoded word even of text that would not need it.
func encodeWord(s string) string {
	if isASCII(s) {
		return "=?utf-8?b?" + string(appendBase64Raw(nil, []byte(s))) + "?="
	}
	return mime.BEncoding.Encode("utf-8", s)
}

// AppendMailbox writes a header with one address and the name before it.
func AppendMailbox(dst []byte, header, name, address string) []byte {
	name = oneLine(name)
	if name == "" {
		return AppendHeader(dst, header, address)
	}
	dst = append(append(dst, header...), ": "...)
	if isASCII(name) && !strings.Contains(name, "=?") {
		dst = append(dst, '"')
		for i := 0; i < len(name); i++ {
			if name[i] == '"' || name[i] == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, name[i])
		}
		dst = append(dst, '"')
	} else {
		dst = appendWords(dst, name, len(header)+2)
	}
	dst = append(dst, "\r\n <"...)
	dst = appendAddress(dst, address)
	return append(dst, ">\r\n"...)
}

// AppendTo writes a header with one address and no name. Unlike AppendHeader it lets UTF-8 through, for the
// addresses of RFC 6531.
func AppendTo(dst []byte, header, address string) []byte {
	dst = append(append(dst, header...), ": "...)
	dst = appendAddress(dst, address)
	return append(dst, "\r\n"...)
}

func appendAddress(dst []byte, address string) []byte {
	for _, r := range address {
		if r > ' ' && r != 0x7f && r != '<' && r != '>' && r != utf8.RuneError {
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// AppendDate writes the Date header.
func AppendDate(dst []byte, t time.Time) []byte {
	dst = append(dst, "Date: "...)
	dst = t.AppendFormat(dst, "Mon, 02 Jan 2006 15:04:05 -0700")
	return append(dst, "\r\n"...)
}

// oneLine turns everything that is not printable into single spaces.
func oneLine(s string) string {
	clean := true
	for i := 0; i < len(s) && clean; i++ {
		clean = s[i] >= ' ' && s[i] != 0x7f && s[i] < utf8.RuneSelf
	}
	if clean {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
