// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"errors"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/survey"
)

func TestBadTextsAreRefusedWithTheirPlace(t *testing.T) {
	for name, c := range map[string]struct {
		subject, body string
		want          []string
	}{
		"an unknown field":                 {"Hi", "a\nb\n{{ .Member.Salary }}", []string{"en body, line 3: unknown field .Member.Salary", ".Member.GivenName"}},
		"a survey that there is not":       {"Hi", "a\n[b]({{ .Links.Survey }})", []string{"en body, line 2: field .Links.Survey leads to the campaign's survey, and it has none"}},
		"an unknown field in the subject":  {"{{ .Member.Email }}", "x", []string{"en subject, line 1: unknown field .Member.Email"}},
		"a method":                         {"Hi", "{{ .Member.DisplayName.Foo }}", []string{"unknown field .Member.DisplayName.Foo"}},
		"an unknown field in a condition":  {"Hi", "{{ if .Member.Rating }}x{{ end }}", []string{"unknown field .Member.Rating"}},
		"an unknown field in a dead end":   {"Hi", "{{ if and true (eq .Member.Post \"a\") }}{{ else }}\n{{ .X }}{{ end }}", []string{"line 2: unknown field .X"}},
		"a loop of a thousand million":     {"Hi", "{{ range 1000000000 }}x{{ end }}", []string{"line 1: range is not allowed"}},
		"printf":                           {"Hi", "{{ printf \"%0999999999d\" 1 }}", []string{"function printf is not allowed"}},
		"call":                             {"Hi", "{{ call .Member.GivenName }}", []string{"function call is not allowed"}},
		"html":                             {"Hi", "{{ html .Member.GivenName }}", []string{"function html is not allowed"}},
		"len in a condition":               {"Hi", "{{ if len .Member.GivenName }}{{ end }}", []string{"function len is not allowed"}},
		"an environment variable":          {"Hi", "{{ env \"HOME\" }}", []string{"function env is not allowed"}},
		"a name look-up":                   {"Hi", "{{ getHostByName \"x.example\" }}", []string{"function getHostByName is not allowed"}},
		"a pipe":                           {"Hi", "{{ .Member.GivenName | print }}", []string{"pipes are not allowed"}},
		"a pipe in a condition":            {"Hi", "{{ if .Member.GivenName | not }}{{ end }}", []string{"pipes are not allowed"}},
		"a variable":                       {"Hi", "{{ $x := .Member.GivenName }}", []string{"variables are not allowed"}},
		"a template of one's own":          {"Hi", "{{ define \"x\" }}{{ template \"x\" }}{{ end }}", []string{"templates of your own are not allowed"}},
		"a block":                          {"Hi", "{{ block \"x\" . }}y{{ end }}", []string{"templates of your own are not allowed"}},
		"the bare dot":                     {"Hi", "{{ . }}", []string{"only inside with"}},
		"a field inside with":              {"Hi", "{{ with .Member.Post }}{{ .Member.Region }}{{ end }}", []string{"write $.Member.Region"}},
		"an end that is missing":           {"Hi", "a\n{{ if .Member.Post }}", []string{"en body, line 2", "unexpected EOF"}},
		"a brace that is open":             {"Hi", "{{ .Member.Post", []string{"en body, line 1", "unclosed action"}},
		"text compared with a number":      {"Hi", "{{ if eq .Member.Post 3 }}{{ end }}", []string{"eq compares text with text"}},
		"a fraction":                       {"Hi", "{{ if eq .Member.YearsSinceDeparture 1.5 }}{{ end }}", []string{"1.5 is not a whole number"}},
		"too many conditions":              {"Hi", strings.Repeat("{{if .Member.Post}}a{{end}}", 65), []string{"more than 64 conditions"}},
		"conditions that lie too deep":     {"Hi", strings.Repeat("{{if .Member.Post}}", 30) + strings.Repeat("{{end}}", 30), []string{"nested deeper"}},
		"parentheses that lie too deep":    {"Hi", "{{if " + strings.Repeat("(not ", 30) + "true" + strings.Repeat(")", 30) + "}}{{end}}", []string{"nested deeper"}},
		"a newline in the subject":         {"Hi\nBcc: all@x.example", "x", []string{"en subject: it is a single line"}},
		"a separator in the subject":       {"Hi\u2028there", "x", []string{"en subject: it is a single line"}},
		"a newline from a constant":        {"Hi {{ \"\\r\\nBcc: a@b.example\" }}", "x", []string{"control characters are not allowed"}},
		"an empty subject":                 {" ", "x", []string{"en subject: it is empty"}},
		"a long subject":                   {strings.Repeat("あ", 301), "x", []string{"more than 300 characters"}},
		"a control character":              {"Hi", "a\nb\x07", []string{"line 2: control characters"}},
		"invalid UTF-8":                    {"Hi", "a\xff", []string{"not valid UTF-8"}},
		"a long body":                      {"Hi", strings.Repeat("x", maxSource+1), []string{"more than 65536 bytes"}},
		"a script":                         {"Hi", "Hello\n\n<script>alert(1)</script>", []string{"line 3: HTML is not allowed"}},
		"HTML inside a line":               {"Hi", "Hello\nthere <b>you</b>", []string{"line 2: HTML is not allowed"}},
		"HTML in a branch":                 {"Hi", "{{ if .Member.Post }}a{{ else }}\n\n<i>b</i>{{ end }}", []string{"line 3: HTML is not allowed"}},
		"a script link":                    {"Hi", "a\n\n[x](javascript:alert(1))", []string{"line 3: the address of a link begins with https://"}},
		"a link without a server":          {"Hi", "[x](/profile)", []string{"the address of a link begins with https://"}},
		"a link to a file":                 {"Hi", "[x](file:///etc/passwd)", []string{"the address of a link begins with https://"}},
		"a server named by a member":       {"Hi", "[x](https://{{ .Member.Post }}.example/)", []string{"a field cannot choose the server"}},
		"a server joined from two fields":  {"Hi", "[x](https://{{ .Member.Post }}{{ .Member.Region }})", []string{"a field cannot choose the server"}},
		"a user name in a link":            {"Hi", "[x](https://{{ .Member.Post }}@evil.example/)", []string{"no user name"}},
		"a link that is a member's fact":   {"Hi", "[x]({{ .Member.Post }})", []string{"the address of a link begins with https://"}},
		"lists that lie too deep":          {"Hi", strings.Repeat("- ", 60) + "x", []string{"blocks lie deeper"}},
		"a field that eats the server":     {"Hi", "[x]({{ .Links.Portal }}.evil.example)", []string{"a field cannot choose the server"}},
		"too many marks":                   {"Hi", strings.Repeat("*a_", 3000), []string{"more than 4000 brackets and marks"}},
		"an image that tells who looks":    {"Hi", "![x](https://img.example/{{ .Member.Post }}.png)", []string{"image", "would tell who opened"}},
		"an image without encryption":      {"Hi", "![x](http://img.example/a.png)", []string{"the address of an image begins with https://"}},
		"quotations that lie too deep":     {"Hi", strings.Repeat("> ", 60) + "x", []string{"more than 40 of > in one line"}},
		"both subject and body being bad":  {"{{ .A }}", "{{ .B }}", []string{"en subject, line 1: unknown field .A", "en body, line 1: unknown field .B"}},
		"a Markdown link reference script": {"Hi", "[x]\n\n[x]: javascript:alert(1)", []string{"the address of a link begins with"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := Compile(network, campaign("Newsletter", lang("en", c.subject, c.body)))
			g.Expect(err).To(HaveOccurred())
			for _, w := range c.want {
				g.Expect(err.Error()).To(ContainSubstring(w))
			}
			var typed *Error
			g.Expect(errors.As(err, &typed)).To(BeTrue())
		})
	}
}

func TestGoodTextsAreTaken(t *testing.T) {
	for name, c := range map[string]struct{ subject, body, want string }{
		"every field":               {"Hi", everyField(), "X O&#39;Neill X Alex X"},
		"eq with several values":    {"Hi", "{{ if eq .Member.Post \"Chef\" \"Engineer\" }}yes{{ end }}", "yes"},
		"ne":                        {"Hi", "{{ if ne .Member.Post \"Chef\" }}yes{{ end }}", "yes"},
		"and, or, not":              {"Hi", "{{ if and (or false .Member.Post) (not .Member.Region) }}yes{{ end }}", "yes"},
		"a number":                  {"Hi", "{{ if eq .Member.YearsSinceDeparture 1 }}yes{{ end }}", "yes"},
		"else if":                   {"Hi", "{{ if .Member.Region }}no{{ else if .Member.Post }}yes{{ end }}", "yes"},
		"with and the dot":          {"Hi", "{{ with .Member.Post }}{{ . }} of {{ $.Member.GivenName }}{{ end }}", "Engineer of Alex"},
		"with else":                 {"Hi", "{{ with .Member.Region }}{{ . }}{{ else }}nowhere{{ end }}", "nowhere"},
		"trimmed space":             {"Hi", "a {{- if true }} b {{- end -}} c", "a b"},
		"a comment":                 {"Hi", "a{{/* note */}}b", "ab"},
		"braces as text":            {"Hi", "{{ \"{{\" }}", "{{"},
		"a portal link":             {"Hi", "[here]({{ .Links.Portal }}/profile)", `href="https://alumni.hoshino-foods.example/profile"`},
		"a bare portal link":        {"Hi", "See {{ .Links.Portal }} now", `<a style="color:#0b57d0" href="https://alumni.hoshino-foods.example">https://alumni.hoshino-foods.example</a> now`},
		"a field in a query":        {"Hi", "[x](https://a.example/?d={{ .Member.Department }}&y=1)", `href="https://a.example/?d=R%26D&amp;y=1"`},
		"a field in a title":        {"Hi", "[x](https://a.example/ \"for {{ .Member.Department }}\")", `title="for R&amp;D"`},
		"bold values":               {"Hi", "**{{ .Member.Department }}**", "<strong>R&amp;D</strong>"},
		"a value in code":           {"Hi", "`{{ .Member.Department }}`", "<code>R&amp;D</code>"},
		"a mail address":            {"Hi", "Write to <a@b.example>", `href="mailto:a@b.example"`},
		"an image":                  {"Hi", "![Logo](https://img.example/a.png)", `src="https://img.example/a.png" alt="Logo"`},
		"a year that is not a list": {"Hi", "{{ .Member.YearsSinceDeparture }}. of May", "<p>1. of May</p>"},
		"a survey":                  {"Hi", "[here]({{ .Links.Survey }})", `href="https://alumni.hoshino-foods.example/s/AbCdEf"`},
		"text like a marker":        {"Hi", "zqkxvaaqz {{ .Member.GivenName }}", "zqkxvaaqz Alex"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			asks := campaign("Survey", lang("en", c.subject, c.body))
			asks.Survey = &survey.Definition{}
			compiled, err := Compile(network, asks)
			g.Expect(err).NotTo(HaveOccurred())
			m, err := compiled.Render(&alex, links)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(m.HTML)).To(ContainSubstring(c.want))
		})
	}
}

func everyField() string {
	var b strings.Builder
	for _, f := range FieldNames() {
		if !strings.HasPrefix(f, "Blocks.") { // which stand alone
			b.WriteString("X {{ ." + f + " }} ")
		}
	}
	return b.String()
}

// TestHostileTextsAreQuick feeds what makes slow Markdown readers hang.
func TestHostileTextsAreQuick(t *testing.T) {
	for name, piece := range map[string]string{
		"brackets": "[", "images": "![", "stars": "*a_", "quotes": ">", "items": "- ", "tildes": "~", "backticks": "`a``b",
		"links": "[a](", "angle": "<", "entities": "&#", "pipes": "|-", "actions": "{{\"a\"}}", "autolinks": "https://a.b ", "conditions": "{{if true}}{{else}}",
		"headings": "# ", "deep links": "[[a]](b)", "nested items": "* * * ", "backslashes": "\\[",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, _ = Compile(network, campaign("Newsletter", lang("en", "Hi", strings.Repeat(piece, (maxSource-10)/len(piece)))))
			if d := time.Since(start); d > time.Second {
				t.Errorf("took %s", d)
			}
		})
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{"{{ .Member.GivenName }}", "{{ if eq .Member.Post \"a\" }}**b**{{ else }}[x]({{ .Links.Portal }}){{ end }}",
		"{{ range 9 }}{{ end }}", "<b>x</b>", "```\n{{ .Member.Post }}\n```", "| a |\n|---|\n| {{ .Member.Region }} |", "{{ with .Member.Post }}{{ . }}{{ end }}"} {
		f.Add(s, s, "value")
	}
	f.Fuzz(func(t *testing.T, subject, body, value string) {
		c, err := Compile(network, campaign("Newsletter", settings.LocalisedContent{Locale: "en", Subject: subject, Body: body}))
		if err != nil {
			return
		}
		m, err := c.Render(&Member{FamilyName: value, GivenName: "<i>" + value, Department: value, Locale: "en"}, links)
		if err != nil {
			return
		}
		if strings.ContainsAny(m.Subject, "\r\n\x00") {
			t.Errorf("the subject has more than one line")
		}
		for _, bad := range []string{"<script", "<i>", "javascript:", "zqkxv"} {
			if strings.Contains(strings.ToLower(string(m.HTML)), bad) && !strings.Contains(body, "zq") && !strings.Contains(strings.ToLower(body+value), "javascript:") {
				t.Errorf("%q came through", bad)
			}
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	c, err := Compile(englishNetwork, campaign("Newsletter", lang("en", "Spring news for {{ .Member.GivenName }}", fixture(b, "newsletter.en.md"))))
	if err != nil {
		b.Fatal(err)
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf, err = c.Append(buf[:0], &alex, links)
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(buf)), "mail-bytes")
}
