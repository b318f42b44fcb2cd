// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tracking

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"
)

const portal = "https://alumni.hoshino.example"

func signer(t interface{ Fatal(...any) }, key byte) *Signer {
	s, err := NewSigner(bytes.Repeat([]byte{key}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pieces takes an address apart as the portal does.
func pieces(t interface{ Fatal(...any) }, address string) (token, target string) {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, ClickPath), u.Query().Get(TargetParameter)
}

func TestALinkComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, s := NewWithT(t), signer(t, 1)
		l := Link{Run: rapid.Int64().Draw(t, "run"), Number: rapid.IntRange(1, MaxNumber).Draw(t, "number"),
			Variant: rapid.SampledFrom([]string{"", "a", "d"}).Draw(t, "variant"),
			Target:  "https://x.example/" + url.PathEscape(rapid.StringN(0, 40, -1).Draw(t, "path")) + "?q=" + url.QueryEscape(rapid.StringN(0, 40, -1).Draw(t, "query")) + "#f"}
		before, after, ok := s.Link(portal, l)
		g.Expect(ok).To(BeTrue())
		token, target := pieces(t, before+after)
		g.Expect(s.ParseLink(token, target)).To(Equal(l))
		again, _, _ := s.Link(portal, l)
		g.Expect(again).To(Equal(before))
	})
}

func TestAReaderComesBackAndShowsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, s := NewWithT(t), signer(t, 1)
		r := Reader{Member: uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "member")), Run: rapid.Int64().Draw(t, "run")}
		token := s.Reader(r)
		g.Expect(s.ParseReader(token)).To(Equal(r))
		_, err := signer(t, 2).ParseReader(token)
		g.Expect(err).To(MatchError(ErrInvalid))
	})
}

func TestNothingThatWasChangedIsFollowed(t *testing.T) {
	g, s := NewWithT(t), signer(t, 1)
	before, after, _ := s.Link(portal, Link{Run: 7, Number: 3, Variant: "b", Target: "https://shop.example/a?b=c"})
	token, target := pieces(t, before+after)
	for i := range token {
		forged := []byte(token)
		if forged[i]++; !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", rune(forged[i])) {
			forged[i] = 'A'
		}
		_, err := s.ParseLink(string(forged), target)
		g.Expect(err).To(MatchError(ErrInvalid), "letter %d", i)
	}
	for _, other := range []string{"https://evil.example", target + "d", "", strings.ToUpper(target)} {
		_, err := s.ParseLink(token, other)
		g.Expect(err).To(MatchError(ErrInvalid), other)
	}
	for _, other := range []string{"", "A", token + "A", s.Reader(Reader{Run: 7})} {
		_, err := s.ParseLink(other, target)
		g.Expect(err).To(MatchError(ErrInvalid), other)
		if len(other) < 50 {
			_, err = s.ParseReader(other)
			g.Expect(err).To(MatchError(ErrInvalid), other)
		}
	}
	_, err := signer(t, 2).ParseLink(token, target)
	g.Expect(err).To(MatchError(ErrInvalid), "the key of another network")
}

func TestOnlyHTTPSIsLedTo(t *testing.T) {
	g, s := NewWithT(t), signer(t, 1)
	for _, target := range []string{"http://x.example", "javascript:alert(1)", "//x.example", "mailto:a@x.example", "https://", "https://a@x.example", "https://x.example/" + strings.Repeat("a", MaxTarget)} {
		_, _, ok := s.Link(portal, Link{Run: 1, Number: 1, Target: target})
		g.Expect(ok).To(BeFalse(), target)
	}
}

func TestMachinesAreToldFromPeople(t *testing.T) {
	const browser = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
	for name, c := range map[string]struct {
		method         string
		header         []string
		machine, image bool
	}{
		"a browser":                     {http.MethodGet, []string{"User-Agent", browser, "Accept-Language", "ja", "Sec-Fetch-Mode", "navigate"}, false, false},
		"an older browser":              {http.MethodGet, []string{"User-Agent", browser, "Accept-Language", "ja"}, false, false},
		"a HEAD":                        {http.MethodHead, []string{"User-Agent", browser, "Accept-Language", "ja"}, true, true},
		"a page fetched in advance":     {http.MethodGet, []string{"User-Agent", browser, "Accept-Language", "ja", "Sec-Purpose", "prefetch;prerender"}, true, true},
		"an older way to say that":      {http.MethodGet, []string{"User-Agent", browser, "Accept-Language", "ja", "X-Moz", "prefetch"}, true, true},
		"a script in a page":            {http.MethodGet, []string{"User-Agent", browser, "Accept-Language", "ja", "Sec-Fetch-Mode", "no-cors"}, true, false},
		"a program without a name":      {http.MethodGet, []string{"User-Agent", "", "Accept-Language", "ja"}, true, true},
		"a scanner that says so":        {http.MethodGet, []string{"User-Agent", "Mozilla/5.0 (compatible; BarracudaSentinel)", "Accept-Language", "en"}, true, true},
		"one that speaks no language":   {http.MethodGet, []string{"User-Agent", browser}, true, false},
		"the image proxy of a provider": {http.MethodGet, []string{"User-Agent", "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"}, true, false},
		"a library":                     {http.MethodGet, []string{"User-Agent", "python-requests/2.32", "Accept-Language", "en"}, true, true},
	} {
		r := httptest.NewRequest(c.method, "/c/x", nil)
		for i := 0; i < len(c.header); i += 2 {
			r.Header.Set(c.header[i], c.header[i+1])
		}
		g := NewWithT(t)
		g.Expect(IsMachine(r)).To(Equal(c.machine), name)
		g.Expect(IsMachineImage(r)).To(Equal(c.image), name)
	}
}
