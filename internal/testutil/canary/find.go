// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"os"
	"strconv"
	"strings"
	"unicode/utf16"

	"sigs.k8s.io/yaml"
)

// Finding is one planted value in an output, told without the value.
type Finding struct {
	// Kind is what was found, such as "e-mail address".
	Kind string
	// Form is how it was written: "plain", "base64", "percent", …
	Form string
	// Line is where it begins, counted from 1.
	Line int
}

// String tells the finding in words, for example "line 3: e-mail address (plain)".
func (f Finding) String() string {
	return fmt.Sprintf("line %d: %s (%s)", f.Line, f.Kind, f.Form)
}

// encoding is one way in which an output may spell a value.
type encoding struct {
	name   string
	encode func(string) []string
}

var encodings = []encoding{
	{"plain", func(v string) []string { return []string{v} }},
	{"JSON", func(v string) []string { return []string{asciiEscapes(v)} }},
	{"quoted", func(v string) []string { return []string{inner(strconv.QuoteToASCII(v))} }},
	{"percent", func(v string) []string { return []string{url.QueryEscape(v), url.PathEscape(v)} }},
	{"HTML", func(v string) []string { return []string{html.EscapeString(v)} }},
	{"hex", func(v string) []string { return []string{hex.EncodeToString([]byte(v))} }},
	{"base64", base64Forms},
}

// Find lists each planted value that text holds, in plain form and in the forms
// in which logs, URLs and manifests write it, without regard to case. Each kind
// is told once per line.
func Find(text string) []Finding {
	folded := strings.ToLower(text)
	var found []Finding
	seen := map[string]bool{}
	for _, p := range person {
		for _, e := range encodings {
			for _, form := range e.encode(p.value) {
				for _, line := range linesWith(folded, strings.ToLower(form)) {
					// Two forms that are spelt alike are one finding.
					key := fmt.Sprint(p.kind, line)
					if !seen[key] {
						seen[key] = true
						found = append(found, Finding{Kind: p.kind, Form: e.name, Line: line})
					}
				}
			}
		}
	}
	return found
}

// linesWith returns the numbers of the lines in which part begins.
func linesWith(text, part string) []int {
	var lines []int
	for offset, line := 0, 1; ; {
		i := strings.Index(text[offset:], part)
		if i < 0 {
			return lines
		}
		line += strings.Count(text[offset:offset+i], "\n")
		lines = append(lines, line)
		// The part itself may hold line breaks: count them on the way on.
		line += strings.Count(part, "\n")
		offset += i + len(part)
	}
}

// base64Forms are the three spellings that a value has inside a longer encoded
// text, by its offset modulo three, without the characters that its neighbours
// decide.
func base64Forms(value string) []string {
	forms := make([]string, 0, 6)
	for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for offset := range 3 {
			encoded := alphabet.EncodeToString([]byte(strings.Repeat("\x00", offset) + value))
			first := (offset*8 + 5) / 6
			last := (offset + len(value)) * 8 / 6
			forms = append(forms, encoded[first:last])
		}
	}
	return forms
}

// asciiEscapes writes a value as JSON encoders do that escape everything
// beyond ASCII.
func asciiEscapes(value string) string {
	var b strings.Builder
	for _, r := range value {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

func inner(quoted string) string { return quoted[1 : len(quoted)-1] }

// render turns what a test wants scanned into text: strings, bytes and errors
// as they are, everything else as YAML, which also shows Secret data in base64.
func render(output any) (string, error) {
	switch v := output.(type) {
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	case json.RawMessage:
		return string(v), nil
	case error:
		return v.Error(), nil
	case fileName:
		content, err := os.ReadFile(string(v))
		return string(content), err
	}
	content, err := yaml.Marshal(output)
	return string(content), err
}
