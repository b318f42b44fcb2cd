// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

func TestCodesAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]string{
		"ABCD-2345": "ABCD2345", "abcd2345": "ABCD2345", " ab cd\n23　45 ": "ABCD2345", "ＡＢＣＤ－２３４５": "ABCD2345", "ａｂｃｄー２３４５": "ABCD2345",
		"ABCD–2345": "ABCD2345", "ABCD−2345": "ABCD2345",
		"": "", "ABCD-234": "", "ABCD-23456": "", "ABCD-2340": "", "IBCD-2345": "", "Hello!!!": "", "こんにちは皆さん": "", "\x00ABCD2345": "", "ABCD\xff2345": "",
		strings.Repeat(" ", 200) + "ABCD2345": "",
	} {
		got, ok := community.ParseLINECode(text)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q is read as %q, %t", text, got, ok)
		}
	}
}

func TestWhatIsReadAsACodeIsOne(t *testing.T) {
	g := NewWithT(t)
	g.Expect(community.LINECodeAlphabet).To(HaveLen(32), "so that every letter is as likely as any other")
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		code, ok := community.ParseLINECode(text)
		if ok && (utf8.RuneCountInString(code) != community.LINECodeLength || strings.Trim(code, community.LINECodeAlphabet) != "") {
			t.Fatalf("%q is read as %q", text, code)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.StringOfN(rapid.RuneFrom([]rune(community.LINECodeAlphabet)), community.LINECodeLength, community.LINECodeLength, -1).Draw(t, "code")
		wide := strings.Map(func(r rune) rune { return r + 0xFEE0 }, strings.ToLower(code))
		if got, ok := community.ParseLINECode(wide[:12] + "　‐ " + wide[12:]); !ok || got != code {
			t.Fatalf("%q is read as %q", code, got)
		}
	})
}
