// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compose

import (
	"bytes"
	"encoding/base64"
)

// lineLength is the longest line that the body encoders write.
const lineLength = 76

const hexDigits = "0123456789ABCDEF"

// AppendQuotedPrintable encodes text with "\n" line ends. A dot at the start of a line is encoded too, so that the
// result needs no dot-stuffing.
func AppendQuotedPrintable(dst, text []byte) []byte { return appendQuoted(dst, text, true) }

// appendQuoted encodes text; whole says that its end is the end of a line, and not a place where more follows.
func appendQuoted(dst, text []byte, whole bool) []byte {
	column := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\n':
			dst, column = append(dst, '\r', '\n'), 0
			continue
		case c == '\r' && i+1 < len(text) && text[i+1] == '\n':
			continue
		}
		if literal(c, text, i, column, whole) {
			if column == lineLength-1 && !lineEnds(text, i+1, whole) {
				dst, column = append(dst, '=', '\r', '\n'), 0
				i--
				continue
			}
			dst, column = append(dst, c), column+1
			continue
		}
		if column > lineLength-4 {
			dst, column = append(dst, '=', '\r', '\n'), 0
		}
		dst, column = append(dst, '=', hexDigits[c>>4], hexDigits[c&15]), column+3
	}
	return dst
}

// AppendQuotedPiece encodes a piece of a text such that pieces can follow each other: it begins at the start of an
// encoded line and ends with one, with a soft line break unless the piece ends a line. Pieces can be encoded ahead.
func AppendQuotedPiece(dst, piece []byte) []byte {
	if len(piece) == 0 {
		return dst
	}
	dst = appendQuoted(dst, piece, false)
	if piece[len(piece)-1] != '\n' {
		dst = append(dst, '=', '\r', '\n')
	}
	return dst
}

// literal tells the bytes that stand for themselves where they are.
func literal(c byte, text []byte, i, column int, whole bool) bool {
	switch {
	case c == '=', c > '~':
		return false
	case c == ' ', c == '\t':
		return !lineEnds(text, i+1, whole)
	case c == '.':
		return column > 0
	}
	return c > ' '
}

func lineEnds(text []byte, i int, whole bool) bool {
	if i >= len(text) {
		return whole
	}
	return text[i] == '\n' || text[i] == '\r' && i+1 < len(text) && text[i+1] == '\n'
}

// AppendBase64 encodes text with "\n" line ends, as lines of at most 76 characters.
func AppendBase64(dst, text []byte) []byte {
	var group [lineLength / 4 * 3]byte
	n := 0
	put := func(s []byte) {
		for len(s) > 0 {
			if n == 0 && len(s) >= len(group) { // a whole line at once
				dst = append(appendBase64Raw(dst, s[:len(group)]), '\r', '\n')
				s = s[len(group):]
				continue
			}
			k := copy(group[n:], s)
			n, s = n+k, s[k:]
			if n == len(group) {
				dst = append(appendBase64Raw(dst, group[:]), '\r', '\n')
				n = 0
			}
		}
	}
	for len(text) > 0 {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			put(text)
			break
		}
		put(text[:end])
		if end == 0 || text[end-1] != '\r' {
			put(crlf[:1])
		}
		put(crlf[1:])
		text = text[end+1:]
	}
	if n > 0 {
		dst = append(appendBase64Raw(dst, group[:n]), '\r', '\n')
	}
	return dst
}

var crlf = []byte("\r\n")

func appendBase64Raw(dst, src []byte) []byte { return base64.StdEncoding.AppendEncode(dst, src) }

// MostlyASCII tells texts that quoted-printable makes hardly longer, and leaves readable.
func MostlyASCII(text string) bool {
	high := 0
	for i := 0; i < len(text); i++ {
		if text[i] >= 0x80 {
			high++
		}
	}
	return high*6 <= len(text)
}
