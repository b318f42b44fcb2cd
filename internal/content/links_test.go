// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/survey"
)

// leading is a Tracking whose addresses can be read.
func leading() Tracking {
	return Tracking{Opens: true, Link: func(number int, target string) (before, after string, ok bool) {
		return fmt.Sprintf("https://p.example/c/N%d", number), "?to=" + url.QueryEscape(target), strings.HasPrefix(target, "https://")
	}}
}

func renderTracked(t *testing.T, body string, m Member, l Links) *Mail {
	t.Helper()
	asks := campaign("Newsletter", lang("en", "s", body))
	asks.Survey = &survey.Definition{}
	c, err := CompileTracked(englishNetwork, asks, leading(), Blocks{})
	if err != nil {
		t.Fatal(err)
	}
	mail, err := c.Render(&m, l)
	if err != nil {
		t.Fatal(err)
	}
	return mail
}

var hrefs = regexp.MustCompile(`href="([^"]*)"`)

func TestLinksOfABodyLeadByWayOfThePortal(t *testing.T) {
	const body = `[shop](https://shop.example/a?b=1&c=2 "Title") and <https://bare.example/x>, https://found.example/y
too, [again](https://shop.example/a?b=1&c=2), [**ours**]({{ .Links.Portal }}/events), {{ .Links.Portal }}

[plain](http://plain.example), [mail](mailto:a@b.example), [mine](https://shop.example/?who={{ .Member.GivenName }}),
[answer]({{ .Links.Survey }}), [stop]({{ .Links.Unsubscribe }})`
	unsubscribe := "https://portal.example/u/TOKEN"
	mail := renderTracked(t, body, alex, Links{Unsubscribe: unsubscribe, Survey: "https://portal.example/s/TOKEN", Reader: "/READER", Image: "https://p.example/o/READER"})
	g := NewWithT(t)
	at := func(number int, target string) string {
		return fmt.Sprintf("https://p.example/c/N%d/READER?to=%s", number, url.QueryEscape(target))
	}
	own := englishNetwork.PublicURL
	shop, bare, found, events := at(1, "https://shop.example/a?b=1&c=2"), at(2, "https://bare.example/x"), at(3, "https://found.example/y"), at(4, own+"/events")
	var got []string
	for _, m := range hrefs.FindAllStringSubmatch(string(mail.HTML), -1) {
		got = append(got, m[1])
	}
	g.Expect(got).To(Equal([]string{shop, bare, found, shop, events, at(5, own), "http://plain.example", "mailto:a@b.example",
		"https://shop.example/?who=Alex", "https://portal.example/s/TOKEN", unsubscribe, unsubscribe, own}))
	g.Expect(string(mail.HTML)).To(ContainSubstring(">https://bare.example/x</a>"), "a reader sees where a bare address leads")
	g.Expect(string(mail.HTML)).To(ContainSubstring(`<img src="https://p.example/o/READER" width="1" height="1" alt=""></div></body>`))

	text := string(mail.Text)
	for _, want := range []string{"shop <" + shop + ">", "and " + bare + ", " + found, "again <" + shop + ">", "ours <" + events + ">",
		"plain <http://plain.example>", "mine <https://shop.example/?who=Alex>", "stop <" + unsubscribe + ">", "Unsubscribe:\n" + unsubscribe, ":\n" + own + "\n"} {
		g.Expect(text).To(ContainSubstring(want))
	}
}

func TestAMailToNobodyInParticularTellsNothingOfItsReader(t *testing.T) {
	g := NewWithT(t)
	mail := renderTracked(t, "[a](https://a.example)", alex, Links{Unsubscribe: "https://p.example/u/X"})
	g.Expect(string(mail.HTML)).To(And(ContainSubstring(`href="https://p.example/c/N1?to=https%3A%2F%2Fa.example"`), Not(ContainSubstring("<img"))))
	other := renderTracked(t, "[a](https://a.example)", hanako, Links{Unsubscribe: "https://p.example/u/X"})
	g.Expect(other.HTML).To(Equal(mail.HTML), "the mails of two members are the same")
}

func TestALinkHasOneNumberWhateverConditionsSay(t *testing.T) {
	const body = "{{ if .Member.Region }}[a](https://a.example){{ else }}[b](https://b.example){{ end }} [c](https://c.example)"
	for region, want := range map[string]string{"Tokyo": "N1 N3", "": "N2 N3"} {
		mail := renderTracked(t, body, Member{GivenName: "Kim", Region: region, Locale: "en"}, Links{})
		var got []string
		for _, m := range regexp.MustCompile(`/c/(N\d+)`).FindAllStringSubmatch(string(mail.HTML), -1) {
			got = append(got, m[1])
		}
		NewWithT(t).Expect(strings.Join(got, " ")).To(Equal(want), region)
	}
}

func TestTrackingChangesNothingButLinks(t *testing.T) {
	g := NewWithT(t)
	body := fixture(t, "newsletter.en.md")
	plain, err := Compile(englishNetwork, campaign("Newsletter", lang("en", "s", body)))
	g.Expect(err).NotTo(HaveOccurred())
	before, err := plain.Render(&alex, links)
	g.Expect(err).NotTo(HaveOccurred())
	mail := renderTracked(t, body, alex, links)
	back := regexp.MustCompile(`https://p\.example/c/N\d+\?to=([A-Za-z0-9%._-]+)`)
	undo := func(part []byte) string {
		return back.ReplaceAllStringFunc(string(part), func(s string) string {
			target, _ := url.QueryUnescape(back.FindStringSubmatch(s)[1])
			return target
		})
	}
	g.Expect(back.Find(mail.HTML)).NotTo(BeEmpty())
	g.Expect(strings.ReplaceAll(undo(mail.HTML), "&amp;", "&")).To(Equal(strings.ReplaceAll(string(before.HTML), "&amp;", "&")))
	g.Expect(undo(mail.Text)).To(Equal(string(before.Text)))
}
