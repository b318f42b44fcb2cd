// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/net/html"

	"github.com/alumni-operator/alumni-operator/internal/content"
)

func TestAMessageStandsInsideAPage(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"what it may say stays":             {`<p>A &amp; <strong>B</strong><br>C</p><ol start="3"><li>D</li></ol>`, `<p>A &amp; <strong>B</strong><br>C</p><ol start="3"><li>D</li></ol>`},
		"headings are one level lower":      {`<h1>A</h1><h2>B</h2><h6>C</h6>`, `<h2>A</h2><h3>B</h3><h6>C</h6>`},
		"links do not tell where they were": {`<p><a href="https://a.example/?b=1&amp;c=2">A</a></p>`, `<p><a href="https://a.example/?b=1&amp;c=2" rel="noreferrer">A</a></p>`},
		"an image is what it says":          {`<p><img src="https://a.example/x.png" alt="The &lt;new&gt; hall"></p>`, `<p>The &lt;new&gt; hall</p>`},
		"an image without words is nothing": {`<p>A<img src="https://a.example/x.png"></p>`, `<p>A</p>`},
		"styles and handlers are taken out": {`<p style="color:red" onclick="x()">A</p><script>x()</script><style>p{}</style>`, `<p>A</p>`},
		"scripts behind links":              {`<p><a href="javascript:alert(1)">A</a></p>`, `<p>A</p>`},
		"forms and frames":                  {`<form action="/me/leave/confirm"><input name="understood"><button>A</button></form><iframe src="https://a.example"></iframe>`, `A`},
	} {
		t.Run(name, func(t *testing.T) { NewWithT(t).Expect(content.Page(c.body)).To(Equal(c.want)) })
	}
}

// FuzzPage looks at what is left of any HTML as a browser does.
func FuzzPage(f *testing.F) {
	for _, seed := range []string{`<h1>A</h1>`, `<img src=x onerror=alert(1)>`, `<a href="&#106;avascript:x">`, `<svg><script>x</script></svg>`, `<p><h1`, `<!-- --><plaintext>`} {
		f.Add(seed)
	}
	allowed := "p br hr h2 h3 h4 h5 h6 strong em del ul ol li blockquote code pre table thead tbody tr th td a html head body "
	f.Fuzz(func(t *testing.T, body string) {
		page := content.Page(body)
		root, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			if n.Type == html.ElementNode && !strings.Contains(allowed, n.Data+" ") {
				t.Errorf("%q lets %s through", body, n.Data)
			}
			for _, a := range n.Attr {
				if !strings.Contains("href title rel start align ", a.Key+" ") || a.Key == "href" && strings.HasPrefix(strings.ToLower(a.Val), "javascript") {
					t.Errorf("%q lets %s through", body, a.Key)
				}
			}
		}
	})
}
