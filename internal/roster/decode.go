// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/unicode/norm"
)

// The encodings of roster files, in the words of the AlumniNetwork API.
const (
	EncodingUTF8     = "UTF-8"
	EncodingShiftJIS = "Shift_JIS"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// decoder turns cells into text.
type decoder struct {
	shiftJIS *encoding.Decoder // nil: UTF-8
	scratch  []byte
}

func newDecoder(encodingName string) (*decoder, error) {
	switch encodingName {
	case EncodingUTF8, "":
		return &decoder{}, nil
	case EncodingShiftJIS:
		return &decoder{shiftJIS: japanese.ShiftJIS.NewDecoder(), scratch: make([]byte, 3*MaxRecord)}, nil
	}
	return nil, finally(WrongEncoding, "", "the encoding is %s or %s", EncodingUTF8, EncodingShiftJIS)
}

// text decodes one cell. It says false for bytes that are no text. U+FFFD is no text either: it is what an
// earlier conversion left of a character that it lost.
func (d *decoder) text(cell []byte) (string, bool) {
	if isASCII(cell) {
		return string(cell), true
	}
	if d.shiftJIS == nil {
		return string(cell), utf8.Valid(cell) && !bytes.ContainsRune(cell, utf8.RuneError)
	}
	d.shiftJIS.Reset()
	n, _, err := d.shiftJIS.Transform(d.scratch, cell, true)
	if err != nil || bytes.ContainsRune(d.scratch[:n], utf8.RuneError) {
		return "", false
	}
	return string(d.scratch[:n]), true
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// evidence counts rows that speak for another encoding than the declared one.
type evidence struct {
	rows    int64 // rows with a byte that is not ASCII
	against int64 // of these, rows that are text in the other encoding only
}

// weigh looks at one whole record.
func (e *evidence) weigh(d *decoder, record []byte) {
	if isASCII(record) {
		return
	}
	e.rows++
	if d.shiftJIS != nil {
		if looksUTF8(record) {
			e.against++
		}
		return
	}
	if !utf8.Valid(record) && looksShiftJIS(record) {
		e.against++
	}
}

// convicts tells that the file as a whole is in the other encoding: most of its telling rows, and not just a
// damaged one or two among many.
func (e *evidence) convicts(allRows int64) bool {
	return e.against*2 > e.rows && (e.against > 2 || e.against == allRows)
}

// looksUTF8 wants valid UTF-8 with a character of three bytes, such as kana and kanji have. Shift_JIS text is
// valid UTF-8 by accident only in a few short half-width words, none of which has one.
func looksUTF8(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, c := range b {
		if c >= 0xE0 {
			return true
		}
	}
	return false
}

// looksShiftJIS wants valid Shift_JIS with a character of two bytes.
func looksShiftJIS(b []byte) bool {
	wide := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c < utf8.RuneSelf, 0xA1 <= c && c <= 0xDF:
		case i+1 < len(b) && c != 0x80 && c != 0xA0 && c < 0xFD && 0x40 <= b[i+1] && b[i+1] != 0x7F && b[i+1] < 0xFD:
			wide = true
			i++
		default:
			return false
		}
	}
	return wide
}

// guess names the encoding of a first line that the declared one cannot read.
func guess(line []byte) string {
	switch {
	case bytes.HasPrefix(line, []byte("\xff\xfe")), bytes.HasPrefix(line, []byte("\xfe\xff")), bytes.IndexByte(line, 0) >= 0:
		return "UTF-16"
	case utf8.Valid(line):
		return EncodingUTF8
	case looksShiftJIS(line):
		return EncodingShiftJIS
	}
	return "Unknown"
}

// wrongEncoding says what is declared and what the file looks like.
func wrongEncoding(declared, looksLike string) *Failure {
	if declared == "" {
		declared = EncodingUTF8
	}
	hint := "save the file as " + declared
	if looksLike == EncodingUTF8 || looksLike == EncodingShiftJIS {
		hint = "set spec.roster.encoding to " + looksLike + ", or save the file as " + declared
	}
	return finally(WrongEncoding, looksLike, "the file is not %s (it looks like %s): %s", declared, looksLike, hint)
}

// tidy makes one line of text: composed characters (NFC), no space around it, line breaks and tabs inside as a
// single space, invisible marks gone. It says false when another control or formatting character is left.
func tidy(s string) (string, bool) {
	if s = norm.NFC.String(s); isPlain(s) {
		return strings.TrimSpace(s), true
	}
	s = strings.Map(func(r rune) rune {
		switch r {
		case '\t', '\n', '\r', '\u0085', '\u2028', '\u2029':
			return ' '
		case '\u00ad', '\u200b', '\ufeff':
			return -1
		}
		return r
	}, s)
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' {
			return "", false
		}
	}
	return strings.Join(strings.Fields(s), " "), true
}

// isPlain tells that a string holds nothing that tidy would have to look at closely.
func isPlain(s string) bool {
	for _, r := range s {
		if r < ' ' || 0x7F <= r && r < 0xA1 || r == '\u00ad' || r >= 0x2000 && !isCommonWide(r) {
			return false
		}
	}
	return true
}

// isCommonWide covers kana, kanji and full-width forms.
func isCommonWide(r rune) bool {
	return 0x3000 <= r && r < 0xA000 || 0xAC00 <= r && r < 0xD7A4 || 0xFF01 <= r && r < 0xFFEF
}
