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

func TestTextIsCleanedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("a あ\n\r\t\u2028\u202e\u2066\u200f　é"))).Draw(t, "text")
		once := community.CleanText(text)
		if twice := community.CleanText(once); twice != once {
			t.Fatalf("%q becomes %q and then %q", text, once, twice)
		}
		if strings.ContainsAny(once, "\r\u2028\u202e\u2066\u200f") || strings.Contains(once, "\n\n\n") || strings.Contains(once, " \n") {
			t.Fatalf("%q is not clean", once)
		}
	})
}

func TestTheBeginningOfATextIsOneLineOfSoManyCharacters(t *testing.T) {
	g := NewWithT(t)
	for text, want := range map[string]string{
		"":              "",
		"short":         "short",
		"ten chars!":    "ten chars!",
		"more than ten": "more than…",
		"one\n\ntwo":    "one two",
		"長い文章はここで切れます。":               "長い文章はここで切…",
		"123456e\u0301e\u0301e\u0301": "123456e\u0301…",
	} {
		g.Expect(community.Beginning(text, 10)).To(Equal(want), text)
		g.Expect(utf8.RuneCountInString(community.Beginning(text, 10))).To(BeNumerically("<=", 10))
	}
}
