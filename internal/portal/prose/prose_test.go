// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package prose_test

import (
	"net/url"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/portal/prose"
)

func TestTextBecomesParagraphsLinesAndLinks(t *testing.T) {
	link := func(address string) string {
		return `<a href="` + address + `" rel="nofollow ugc noopener">` + address + `</a>`
	}
	for name, c := range map[string]struct{ text, want string }{
		"nothing":                      {" \n ", ""},
		"lines and paragraphs":         {"a\r\nb\n\n\n\nc", "<p>a<br>b</p><p>c</p>"},
		"markup":                       {`<script>alert("x")</script> & <b>`, "<p>&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt; &amp; &lt;b&gt;</p>"},
		"a link":                       {"see https://x.example/a?b=1&c=2.", "<p>see " + strings.ReplaceAll(link("https://x.example/a?b=1&c=2"), "&", "&amp;") + ".</p>"},
		"a link in brackets":           {"(https://x.example/a_(b))", "<p>(" + link("https://x.example/a_(b)") + ")</p>"},
		"a link in Japanese":           {"詳細はhttps://x.example/をご覧ください", "<p>詳細は" + link("https://x.example/") + "をご覧ください</p>"},
		"two links":                    {"https://a.example https://b.example", "<p>" + link("https://a.example") + " " + link("https://b.example") + "</p>"},
		"an unsafe address":            {"javascript:alert(1) http://x.example data:text/html,x", "<p>javascript:alert(1) http://x.example data:text/html,x</p>"},
		"a name before the host":       {"https://bank.example@evil.example/", "<p>https://bank.example@evil.example/</p>"},
		"no host":                      {"https:// https://. https://?x", "<p>https:// https://. https://?x</p>"},
		"a quote that ends nothing":    {`https://x.example/"onclick="x`, "<p>" + link("https://x.example/") + `&#34;onclick=&#34;x</p>`},
		"text that turns":              {"a\u202eb\u2066c\u200fd https://x.example/\u202egnp.exe", "<p>abcd " + link("https://x.example/gnp.exe") + "</p>"},
		"letters that look like ASCII": {"https://еxample.example/", "<p>https://еxample.example/</p>"},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(string(prose.HTML(c.text))).To(Equal(c.want))
		})
	}
}

// Whatever somebody writes, a page holds of it paragraphs, line ends and links that lead where they say, and it reads as it was written.
func TestNothingOfATextActs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOf(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"https://", "javascript:", "x.example", "@", "<a href='", "\">", "&lt;", "\u202e", "\u2067",
			"<script>", "\n\n", "\n", "//", "\\", "%00", "[", "]", "(", ")", ":443", "/", "?", "#", "https://[::1]/", "\x00", "\xff"}))).Draw(t, "pieces")
		text := strings.Join(pieces, "")
		out := string(prose.HTML(text))
		root, err := html.Parse(strings.NewReader("<body><main>" + out + "</main></body>"))
		if err != nil {
			t.Fatal(err)
		}
		var words strings.Builder
		for n := range root.Descendants() {
			if n.Type == html.TextNode {
				words.WriteString(n.Data)
			}
			if n.Type != html.ElementNode {
				continue
			}
			switch n.Data {
			case "html", "head", "body", "main", "p", "br":
				if len(n.Attr) > 0 {
					t.Fatalf("an attribute on %s: %v", n.Data, n.Attr)
				}
			case "a":
				checkLink(t, n)
			default:
				t.Fatalf("the element %s", n.Data)
			}
		}
		if strings.ContainsAny(out, "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") {
			t.Fatal("a character that turns the text is left")
		}
		want := strings.ReplaceAll(community.CleanText(text), "\n", "")
		if strings.ContainsAny(text, "\x00\r") || strings.ToValidUTF8(text, "") != text {
			return // no text that the domain takes; HTML has no such characters
		}
		if words.String() != want {
			t.Fatalf("it reads %q, and was written %q", words.String(), want)
		}
	})
}

func checkLink(t *rapid.T, n *html.Node) {
	if len(n.Attr) != 2 || n.Attr[1].Key != "rel" || n.Attr[1].Val != "nofollow ugc noopener" {
		t.Fatalf("a link with %v", n.Attr)
	}
	to := n.Attr[0].Val
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || n.FirstChild.Data != to || n.FirstChild.NextSibling != nil {
		t.Fatalf("a link to %q that says %q", to, n.FirstChild.Data)
	}
}
