// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

var postingNetwork = settings.Network{DisplayName: "ほしの食品 & friends", DefaultLocale: "ja", PublicURL: "https://alumni.hoshino.example",
	Operator: settings.Operator{Name: "Hoshino Foods"}}

func posting(locales ...settings.LocalisedContent) settings.Campaign {
	return settings.Campaign{Type: "Newsletter", Locales: locales}
}

func TestAPostIsThePlainTextWithoutWhatStandsAroundAMail(t *testing.T) {
	g := NewWithT(t)
	b, err := CompileBroadcast(postingNetwork, posting(settings.LocalisedContent{Locale: "en", Subject: "News of {{ .Network.DisplayName }}",
		Body: "# Hello\n\nThe **new hall** is [open]({{ .Links.Portal }}).\n\n{{ if .Network.MemberLabel }}never{{ else }}- one\n- two{{ end }}"}))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(b).To(Equal(Broadcast{Locale: "en", Title: "News of ほしの食品 & friends",
		Text: "Hello\n========================\n\nThe new hall is open <https://alumni.hoshino.example>.\n\n- one\n- two"}))
}

func TestAPostIsInTheNetworksLanguageOrElseInTheFirst(t *testing.T) {
	g := NewWithT(t)
	en, ja := settings.LocalisedContent{Locale: "en", Subject: "News", Body: "b"}, settings.LocalisedContent{Locale: "ja", Subject: "たより", Body: "b"}
	both, err := CompileBroadcast(postingNetwork, posting(en, ja))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(both.Title).To(Equal("たより"))
	other, err := CompileBroadcast(postingNetwork, posting(en))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(other.Locale).To(Equal("en"))
}

func TestATextOfItsOwnForPostsLeavesTheMailItsFields(t *testing.T) {
	g := NewWithT(t)
	l := settings.LocalisedContent{Locale: "ja", Subject: "たより", Body: "{{ .Member.FamilyName }}さん", Broadcast: &settings.Broadcast{Body: "みなさん"}}
	b, err := CompileBroadcast(postingNetwork, posting(l))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(b).To(Equal(Broadcast{Locale: "ja", Title: "たより", Text: "みなさん"}))
}

func TestWhatIsOfOneMemberIsNotPostedToEverybody(t *testing.T) {
	text := func(subject, body string) settings.LocalisedContent {
		return settings.LocalisedContent{Locale: "ja", Subject: subject, Body: body}
	}
	of := func(l settings.LocalisedContent, own settings.Broadcast) settings.LocalisedContent {
		l.Broadcast = &own
		return l
	}
	english := text("a", "{{ .Member.Post }}")
	english.Locale = "en"
	for name, c := range map[string]struct {
		locales []settings.LocalisedContent
		want    string
	}{
		"a name in the subject":         {[]settings.LocalisedContent{text("{{ .Member.FamilyName }}さん", "b")}, "ja subject, line 1: field .Member.FamilyName is of one member"},
		"a name in the third line":      {[]settings.LocalisedContent{text("a", "x\n\n{{ .Member.GivenName }}")}, "ja body, line 3: field .Member.GivenName is of one member"},
		"a condition on a member":       {[]settings.LocalisedContent{text("a", "{{ if eq .Member.YearsSinceJoining 10 }}x{{ end }}")}, "field .Member.YearsSinceJoining is of one member"},
		"a member's value inside with":  {[]settings.LocalisedContent{text("a", "{{ with .Member.Region }}{{ . }}{{ end }}")}, "field .Member.Region is of one member"},
		"the link of one member":        {[]settings.LocalisedContent{text("a", "[stop]({{ .Links.Unsubscribe }})")}, "field .Links.Unsubscribe is of one member"},
		"the survey of one member":      {[]settings.LocalisedContent{text("a", "[answer]({{ .Links.Survey }})")}, "field .Links.Survey leads to the campaign's survey, and it has none"},
		"a name in its own text":        {[]settings.LocalisedContent{of(text("a", "b"), settings.Broadcast{Body: "x\n{{ .Member.GivenName }}"})}, "ja broadcast.body, line 2: field .Member.GivenName"},
		"a name in its own title":       {[]settings.LocalisedContent{of(text("a", "b"), settings.Broadcast{Subject: "{{ .Member.GivenName }}"})}, "ja broadcast.subject, line 1"},
		"a language that is not posted": {[]settings.LocalisedContent{text("a", "b"), english}, "en body, line 1: field .Member.Post is of one member"},
		"an unknown field":              {[]settings.LocalisedContent{text("a", "{{ .Network.Salary }}")}, "unknown field .Network.Salary"},
		"HTML":                          {[]settings.LocalisedContent{of(text("a", "b"), settings.Broadcast{Body: "<b>x</b>"})}, "ja broadcast.body, line 1"},
		"a title of which nothing is left": {[]settings.LocalisedContent{text("{{ .Network.MemberLabel }}", "b")},
			"ja subject: nothing of it is left for a post"},
		"no text": {nil, "no text"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := CompileBroadcast(postingNetwork, posting(c.locales...))
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring(c.want)))
		})
	}
}
