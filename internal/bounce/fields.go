// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bounce

import (
	"bytes"
	"strings"
)

// Bounds of what is kept of header fields.
const (
	maxFields = 500
	maxValue  = 4 << 10
)

// field is one header field, its name in lower case and its value unfolded.
type field struct{ name, value string }

// fields are those of a header, or of one group of a report.
type fields []field

// get is the first value of a name.
func (f fields) get(name string) string {
	for _, x := range f {
		if x.name == name {
			return x.value
		}
	}
	return ""
}

// readFields reads fields up to an empty line or the end, and returns what follows. Lines that are no field are passed
// over: they are common in what mail servers of all ages send.
func readFields(text []byte) (f fields, rest []byte) {
	var value []byte
	var name string
	keep := func() {
		if name != "" {
			f = append(f, field{name, strings.TrimSpace(string(value))})
		}
		name, value = "", value[:0]
	}
	for len(text) > 0 {
		var line []byte
		line, text = cutLine(text)
		switch {
		case len(bytes.TrimRight(line, " \t")) == 0:
			keep()
			return f, text
		case line[0] == ' ' || line[0] == '\t':
			value = appendBounded(append(value, ' '), bytes.TrimLeft(line, " \t"))
		default:
			before, after, found := bytes.Cut(line, []byte(":"))
			keep()
			if before = bytes.TrimRight(before, " \t"); found && isName(before) && len(f) < maxFields {
				name = strings.ToLower(string(before))
				value = appendBounded(value, after)
			}
		}
	}
	keep()
	return f, nil
}

// appendBounded keeps values short, so that a folded line without end costs nothing.
func appendBounded(value, more []byte) []byte {
	if room := maxValue - len(value); len(more) > room {
		more = more[:max(room, 0)]
	}
	return append(value, more...)
}

// isName tells whether a text can be the name of a field.
func isName(b []byte) bool {
	if len(b) == 0 || len(b) > 76 {
		return false
	}
	for _, c := range b {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// cutLine splits off the first line, without its end.
func cutLine(text []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(text, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// groups reads groups of fields that empty lines part.
func groups(text []byte, most int) []fields {
	var all []fields
	for len(text) > 0 && len(all) < most {
		var f fields
		if f, text = readFields(text); len(f) > 0 {
			all = append(all, f)
		}
	}
	return all
}
