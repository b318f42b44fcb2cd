// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"bytes"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// news are what two members told, of whom one tries to be more than text.
var news = Blocks{News: []News{
	{FamilyName: "星野", GivenName: "花子", Text: "One.\n\nTwo & " + strings.Repeat("three ", 40), URL: "https://p.example/feed/1"},
	{FamilyName: "<b>zqkxvaaqz", GivenName: "", Text: "[x](https://evil.example) {{ .Links.Portal }} zqkxvaaqz.invalid\u202e <script>", URL: "https://p.example/feed/2"},
}}

const withHeading = "Hello {{ .Member.GivenName }}\n\n{{ if .Blocks.News }}\n## What members tell\n\n{{ .Blocks.News }}\n{{ end }}\n\nBye"

func TestABlockIsWrittenIntoTheText(t *testing.T) {
	g := NewWithT(t)
	c, err := CompileTracked(englishNetwork, campaign("Newsletter", lang("en", "s", withHeading), lang("ja", "s", withHeading)), leading(), news)
	g.Expect(err).NotTo(HaveOccurred())
	mail, err := c.Render(&alex, links)
	g.Expect(err).NotTo(HaveOccurred())
	said := "One. Two &amp; " + strings.Repeat("three ", 18)
	g.Expect(string(mail.HTML)).To(And(
		ContainSubstring(`What members tell</h2>`+"\n"+`<ul style="padding:0;list-style:none"><li style="margin:0 0 1em"><strong>花子 星野</strong><br>`+said[:len(said)-1]),
		ContainSubstring(`…<br><a style="color:#0b57d0" href="https://p.example/feed/1">Read on</a></li>`),
		ContainSubstring(`<strong>&lt;b&gt;zqkxvaaqz</strong><br>[x](https://evil.example) {{ .Links.Portal }} zqkxvaaqz.invalid &lt;script&gt;<br>`),
		ContainSubstring(`</ul>`+"\n"+`<p>Bye</p>`)))
	g.Expect(string(mail.Text)).To(And(ContainSubstring("- 花子 星野\n  One. Two & three"), ContainSubstring("…\n  https://p.example/feed/1\n- <b>zqkxvaaqz\n"),
		ContainSubstring("  https://p.example/feed/2\n\nBye\n")))

	japanese, err := c.Render(&hanako, links)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(japanese.HTML)).To(And(ContainSubstring("<strong>星野 花子</strong>"), ContainSubstring(">続きを読む</a>")))
	encoded, err := c.Append(nil, &alex, links)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(bytes.Contains(encoded, []byte("https://p.example/feed/1"))).To(BeTrue(), "in a mail that is encoded too")
}

func TestNothingStandsWhereABlockIsEmpty(t *testing.T) {
	g := NewWithT(t)
	for body, want := range map[string][2]string{
		withHeading:                               {"<p>Hello Alex</p>\n<p>Bye</p>\n", "Hello Alex\n\nBye\n"},
		"A\n\n{{ .Blocks.News }}\n\nB":            {"<p>A</p>\n<p>B</p>\n", "A\n\nB\n"},
		"{{ .Blocks.News }}":                      {"", ""},
		"{{ with .Blocks.News }}{{ . }}{{ end }}": {"", "\n"},
		"A\n\n{{ .Blocks.News }}":                 {"<p>A</p>\n", "A\n\n"},
	} {
		c, err := CompileBare(englishNetwork, campaign("Newsletter", lang("en", "s", body)), Tracking{}, Blocks{})
		g.Expect(err).NotTo(HaveOccurred(), body)
		mail, err := c.Render(&alex, links)
		g.Expect(err).NotTo(HaveOccurred(), body)
		g.Expect([]string{string(mail.HTML), string(mail.Text)}).To(Equal(want[:]), body)
	}
}

func TestWhoLooksATextOverSeesAnInventedBlock(t *testing.T) {
	g := NewWithT(t)
	c, err := Compile(network, campaign("Newsletter", lang("ja", "s", withHeading), lang("en", "s", withHeading)))
	g.Expect(err).NotTo(HaveOccurred())
	mail, err := c.Render(&hanako, links)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(mail.Text)).To(And(ContainSubstring("- 星野 花子\n  京都で"), ContainSubstring(network.PublicURL+"/feed/sample")))
}

func TestABlockStandsOnlyWhereItMay(t *testing.T) {
	without := englishNetwork
	without.Modules = []string{}
	for name, c := range map[string]struct {
		network       settings.Network
		kind          string
		subject, body string
		says          string
	}{
		"in a subject":       {englishNetwork, "Newsletter", "{{ .Blocks.News }}", "x", "en subject, line 1: field .Blocks.News is a list, and stands in a body"},
		"in a sentence":      {englishNetwork, "Newsletter", "s", "a\n\nSee {{ .Blocks.News }}", "en body, line 3: field .Blocks.News stands in a paragraph of its own, between empty lines"},
		"in a list":          {englishNetwork, "Newsletter", "s", "- {{ .Blocks.News }}", "in a paragraph of its own"},
		"in a link":          {englishNetwork, "Newsletter", "s", "[x](https://a.example/{{ .Blocks.News }})", "in a paragraph of its own"},
		"in code":            {englishNetwork, "Newsletter", "s", "```\n{{ .Blocks.News }}\n```", "in a paragraph of its own"},
		"without the module": {without, "Newsletter", "s", "{{ .Blocks.News }}", "the network does without the module Feed; add it to programme.modules"},
		"only asked for":     {without, "Newsletter", "s", "{{ if .Blocks.News }}x{{ end }}", "the network does without the module Feed"},
		"in an invitation":   {englishNetwork, "Invitation", "s", "{{ .Blocks.News }}", "an invitation goes to people who do not take part"},
	} {
		_, err := Compile(c.network, campaign(c.kind, lang("en", c.subject, c.body)))
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring(c.says)), name)
	}
	g := NewWithT(t)
	_, err := CompileBroadcast(englishNetwork, campaign("Newsletter", lang("en", "s", "{{ .Blocks.News }}")))
	g.Expect(err).To(MatchError(ContainSubstring("goes to everybody, and what members wrote is for members")))
	_, err = Compile(englishNetwork, campaign("Newsletter", lang("en", "{{ if .Blocks.News }}News{{ else }}Hi{{ end }}", "x")))
	g.Expect(err).NotTo(HaveOccurred(), "a subject may ask whether there is something")
}

func TestMeetingsStandInATextByTheirDay(t *testing.T) {
	g := NewWithT(t)
	at := time.Date(2026, 12, 22, 19, 0, 0, 0, time.FixedZone("JST", 9*3600))
	blocks := Blocks{Events: []Event{{"Reunion <b>", "Kyoto\nHoshino-tei", at, "https://p.example/events/1"}, {"Online", "", at, "https://p.example/events/2"}}}
	body := "A\n\n{{ if .Blocks.News }}News{{ end }}{{ if .Blocks.Events }}\n\n{{ .Blocks.Events }}\n{{ end }}\n\nB"
	c, err := CompileBare(englishNetwork, campaign("Newsletter", lang("en", "s", body), lang("ja", "s", body)), Tracking{}, blocks)
	g.Expect(err).NotTo(HaveOccurred())
	mail, err := c.Render(&alex, links)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(mail.Text)).To(Equal("A\n\n- Reunion <b>\n  22 December 2026, 19:00 · Kyoto Hoshino-tei\n  https://p.example/events/1\n- Online\n  22 December 2026, 19:00\n  https://p.example/events/2\n\nB\n"))
	g.Expect(string(mail.HTML)).To(ContainSubstring(`<strong>Reunion &lt;b&gt;</strong><br>22 December 2026, 19:00 · Kyoto Hoshino-tei<br><a style="color:#0b57d0" href="https://p.example/events/1">See more and register</a>`))
	japanese, err := c.Render(&hanako, links)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(japanese.Text)).To(ContainSubstring("  2026年12月22日 19:00 · Kyoto"))

	without := englishNetwork
	without.Modules = []string{settings.ModuleFeed}
	_, err = Compile(without, campaign("Newsletter", lang("en", "s", body)))
	g.Expect(err).To(MatchError(ContainSubstring("the network does without the module Events")))
}
