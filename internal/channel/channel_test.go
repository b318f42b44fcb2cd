// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package channel_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/egress"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
)

var now = time.Date(2026, time.November, 21, 9, 0, 0, 0, time.UTC)

func TestStatusesMeanWhatHTTPSays(t *testing.T) {
	for status, want := range map[int]channel.Outcome{
		200: {Kind: channel.Accepted}, 202: {Kind: channel.Accepted}, 204: {Kind: channel.Accepted},
		301: {Kind: channel.Permanent, Reason: channel.Redirected}, 307: {Kind: channel.Permanent, Reason: channel.Redirected},
		400: {Kind: channel.Permanent, Reason: channel.Refused}, 405: {Kind: channel.Permanent, Reason: channel.Refused},
		401: {Kind: channel.Permanent, Reason: channel.Credentials}, 403: {Kind: channel.Permanent, Reason: channel.Credentials},
		404: {Kind: channel.Permanent, Reason: channel.DestinationGone}, 410: {Kind: channel.Permanent, Reason: channel.DestinationGone},
		413: {Kind: channel.Permanent, Reason: channel.TooLarge},
		408: {Kind: channel.Temporary, Reason: channel.Overloaded, RetryAfter: 7 * time.Second},
		425: {Kind: channel.Temporary, Reason: channel.Overloaded, RetryAfter: 7 * time.Second},
		429: {Kind: channel.Temporary, Reason: channel.RateLimited, RetryAfter: 7 * time.Second},
		503: {Kind: channel.Temporary, Reason: channel.Overloaded, RetryAfter: 7 * time.Second},
		500: {Kind: channel.Unknown, Reason: channel.ServerError}, 502: {Kind: channel.Unknown, Reason: channel.ServerError},
		504: {Kind: channel.Unknown, Reason: channel.ServerError}, 599: {Kind: channel.Unknown, Reason: channel.ServerError},
		101: {Kind: channel.Unknown, Reason: channel.ServerError},
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			want.Code = status
			got := channel.Reply(&egress.Answer{Status: status, Header: http.Header{"Retry-After": {"7"}}}, now)
			NewWithT(t).Expect(got).To(Equal(want))
		})
	}
}

func TestRetryAfterIsSecondsOrATimeAndBounded(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 0, "1": time.Second, " 30 ": 30 * time.Second, "0": 0, "-5": 0, "1.5": 0, "soon": 0,
		"Sat, 21 Nov 2026 09:01:00 GMT": time.Minute, "Sat, 21 Nov 2026 08:00:00 GMT": 0,
		"99999999": 72 * time.Hour, "99999999999999999999": 0, "Sat, 21 Nov 2099 09:00:00 GMT": 72 * time.Hour,
	} {
		NewWithT(t).Expect(channel.RetryAfter(http.Header{"Retry-After": {value}}, now)).To(Equal(want), value)
	}
}

func TestARequestWithoutAnswerIsUnknownOnlyIfItMayHaveArrived(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		kind   channel.Kind
		reason channel.Reason
	}{
		"cut after it was sent":   {&egress.Error{Reason: egress.BrokenOff, Sent: true}, channel.Unknown, channel.NoAnswer},
		"late after it was sent":  {&egress.Error{Reason: egress.TimedOut, Sent: true}, channel.Unknown, channel.NoAnswer},
		"no connection":           {&egress.Error{Reason: egress.Unreachable}, channel.Trouble, channel.Unreachable},
		"no connection in time":   {&egress.Error{Reason: egress.TimedOut}, channel.Trouble, channel.Unreachable},
		"an address of inside":    {&egress.Error{Reason: egress.AddressRefused}, channel.Permanent, channel.AddressRefused},
		"no URL":                  {&egress.Error{Reason: egress.InvalidURL}, channel.Permanent, channel.InvalidURL},
		"something nobody thinks": {errors.New(canary.Token), channel.Unknown, channel.NoAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			o := channel.NoReply(c.err)
			g.Expect(o.Kind).To(Equal(c.kind))
			g.Expect(o.Reason).To(Equal(c.reason))
			g.Expect(o.Safe).To(BeFalse())
			g.Expect(o.Failure()).To(MatchError(ContainSubstring("%s: %s", c.kind, c.reason)))
			canary.Scan(t, "the failure", o.Failure())
		})
	}
	NewWithT(t).Expect(channel.Outcome{}.Failure()).To(Succeed())
}

func TestKeysAreTheSameForTheSameAndDifferForAnythingElse(t *testing.T) {
	g := NewWithT(t)
	member := uuid.MustParse("01900000-0000-7000-8000-000000000001")
	send := channel.Send{Network: "n", Run: "news-1", Step: 1}

	g.Expect(send.MemberKey(member)).To(Equal(uuid.MustParse("46fd8527-7879-5760-9c54-f4473db9bce2")), "keys are for ever: they outlive a release")

	seen := map[uuid.UUID]string{}
	for name, key := range map[string]uuid.UUID{
		"member":              send.MemberKey(member),
		"another member":      send.MemberKey(uuid.MustParse("01900000-0000-7000-8000-000000000002")),
		"chunk 0":             send.ChunkKey(0),
		"chunk 1":             send.ChunkKey(1),
		"destination":         send.DestinationKey("general"),
		"another destination": send.DestinationKey("random"),
		"another network":     channel.Send{Network: "m", Run: "news-1", Step: 1}.MemberKey(member),
		"another run":         channel.Send{Network: "n", Run: "news-2", Step: 1}.MemberKey(member),
		"another step":        channel.Send{Network: "n", Run: "news-1", Step: 2}.MemberKey(member),
		"parts spelt alike":   channel.Send{Network: "nn", Run: "ews-1", Step: 1}.MemberKey(member),
	} {
		g.Expect(key.Version()).To(BeEquivalentTo(5))
		g.Expect(seen).NotTo(HaveKey(key), name)
		seen[key] = name
	}
}

func TestASecretIsNeverPrinted(t *testing.T) {
	type holder struct {
		inner struct{ secret channel.Secret }
		Open  channel.Secret
	}
	h := holder{Open: channel.NewSecret(canary.Token + "\r\n")}
	h.inner.secret = channel.NewSecret(canary.Token)
	canary.Scan(t, "what is printed", fmt.Sprintf("%v %+v %#v %s %q", h, h, h, h.Open, h.Open))
	NewWithT(t).Expect(h.Open.Reveal()).To(Equal(canary.Token))
	NewWithT(t).Expect(channel.Secret{}.Reveal()).To(BeEmpty())
}

func TestIdsOfProvidersLookLikeIds(t *testing.T) {
	g := NewWithT(t)
	g.Expect(channel.ProviderID("08585-aB_c.d:e")).To(Equal("08585-aB_c.d:e"))
	for _, odd := range []string{"a b", "a\n", "<script>", "日本", strings.Repeat("a", 101)} {
		g.Expect(channel.ProviderID(odd)).To(BeEmpty())
	}
}

func TestPostsThatCannotBeSent(t *testing.T) {
	good := channel.Post{Title: "News", Text: "Hello", Link: "https://alumni.example/news?a=b&c=d", LinkLabel: "Read it"}
	NewWithT(t).Expect(good.Check()).To(Succeed())
	for name, change := range map[string]func(p *channel.Post){
		"no title":            func(p *channel.Post) { p.Title = " " },
		"two lines of title":  func(p *channel.Post) { p.Title = "a\nb" },
		"a title without end": func(p *channel.Post) { p.Title = strings.Repeat("a", 3000) },
		"a link to a script":  func(p *channel.Post) { p.Link = "javascript:alert(1)" },
		"a link without host": func(p *channel.Post) { p.Link = "https:///news" },
		"a link with a pipe":  func(p *channel.Post) { p.Link = "https://alumni.example/|x" },
		"two lines of label":  func(p *channel.Post) { p.LinkLabel = "a\nb" },
	} {
		t.Run(name, func(t *testing.T) {
			p := good
			change(&p)
			NewWithT(t).Expect(p.Check()).To(MatchError(channel.ErrPost))
		})
	}
}

func TestTextIsCleanedOfControlCharacters(t *testing.T) {
	p := channel.Post{Text: "\n\na\tb\x00\x1b[31mc\r\nd\xff\n"}
	NewWithT(t).Expect(p.CleanText()).To(Equal("a b[31mc\nd\uFFFD"))
}

// atMost fits so many bytes.
func atMost(n int) func(string) bool { return func(s string) bool { return len(s) <= n } }

func TestACutKeepsGraphemesAndWebAddressesWhole(t *testing.T) {
	family := "👨‍👩‍👧‍👦" // one grapheme of 25 bytes
	for name, c := range map[string]struct {
		text string
		most int
		want string
	}{
		"all of it":                      {"hello", 5, "hello"},
		"a letter less":                  {"hello", 4, "hell"},
		"white space at the end":         {"hello world", 6, "hello"},
		"an accent stays with its e":     {"cafe\u0301s", 5, "caf"},
		"a family stays together":        {"a" + family + "b", 20, "a"},
		"a family that fits":             {"a" + family + "b", 26, "a" + family},
		"half a flag":                    {"a🇯🇵🇩🇪", 13, "a🇯🇵"},
		"Japanese with a voiced mark":    {"か\u3099き", 5, ""},
		"a web address goes as a whole":  {"see https://a.example/news now", 20, "see"},
		"one in angle brackets":          {"the news <https://a.example/news> now", 20, "the news"},
		"one that just fits":             {"see https://a.example/news now", 26, "see https://a.example/news"},
		"one inside Japanese":            {"詳細はhttps://a.example/newsから", 20, "詳細は"},
		"Japanese behind a web address":  {"https://a.example/newsを見る", 25, "https://a.example/newsを"},
		"nothing but half a web address": {"https://a.example/news", 10, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			got, cut, ok := channel.Cut(c.text, atMost(c.most))
			g.Expect(ok).To(BeTrue())
			g.Expect(got).To(Equal(c.want))
			g.Expect(cut).To(Equal(got != c.text))
		})
	}
	_, _, ok := channel.Cut("hello", func(string) bool { return false })
	NewWithT(t).Expect(ok).To(BeFalse())
}

func TestACutIsABeginningThatFits(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.String().Draw(r, "text")
		most := rapid.IntRange(0, 200).Draw(r, "most")
		got, cut, ok := channel.Cut(text, atMost(most))
		if !ok || len(got) > most || !strings.HasPrefix(text, got) || cut != (len(text) > most) {
			r.Fatalf("%q at %d gave %q", text, most, got)
		}
	})
}

func TestWebAddressesEndWhereTheSentenceGoesOn(t *testing.T) {
	text := "a https://a.example/x, (http://b.example/y) <https://c.example> https://d.example/(z)。"
	var got []string
	for _, at := range channel.WebAddresses(text) {
		got = append(got, text[at[0]:at[1]])
	}
	NewWithT(t).Expect(got).To(Equal([]string{"https://a.example/x", "http://b.example/y", "https://c.example", "https://d.example/(z)"}))
}
