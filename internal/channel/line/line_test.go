// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package line_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/channel/line"
	"github.com/alumni-operator/alumni-operator/internal/egress"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/channeltest"
)

var (
	now  = time.Date(2026, time.November, 21, 9, 0, 0, 0, time.UTC)
	key  = uuid.MustParse("6f0c5c1e-7a0b-5d7e-9a53-2b1f8c4de902")
	user = "U" + strings.Repeat("0a", 16)
)

// monthly is how LINE words the end of the month's messages.
const monthly = `{"message":"You have reached your monthly limit."}`

func newClient(t *testing.T, p *channeltest.Provider) *line.Client {
	t.Helper()
	c, err := line.New(channeltest.Client(), line.Options{Token: channel.NewSecret(canary.Token), BaseURL: p.URL + "/", Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAPushSaysWhatLINEWantsToKnow(t *testing.T) {
	g := NewWithT(t)
	p := channeltest.New(t, channeltest.Answer{Status: 200, Header: map[string]string{"X-Line-Request-Id": "rq-1"}, Body: `{"sentMessages":[]}`})

	o := newClient(t, p).Push(t.Context(), user, "こんにちは", line.Try{Key: key})

	g.Expect(o).To(Equal(channel.Outcome{Code: 200, ProviderID: "rq-1"}))
	r := p.Requests()[0]
	g.Expect(r.Method + " " + r.Path).To(Equal("POST /v2/bot/message/push"))
	g.Expect(r.Header.Get("Authorization")).To(Equal("Bearer " + canary.Token))
	g.Expect(r.Header.Get("X-Line-Retry-Key")).To(Equal(key.String()), "on the first try")
	g.Expect(string(r.Body)).To(MatchJSON(`{"to":"` + user + `","messages":[{"type":"text","text":"こんにちは"}]}`))
}

func TestAnswersOfLINE(t *testing.T) {
	for name, c := range map[string]struct {
		answer channeltest.Answer
		want   channel.Outcome
	}{
		"taken at an earlier try": {
			channeltest.Answer{Status: 409, Header: map[string]string{"X-Line-Request-Id": "rq-2", "X-Line-Accepted-Request-Id": "rq-1"}, Body: `{"message":"The retry key is already accepted"}`},
			channel.Outcome{Code: 409, ProviderID: "rq-1"},
		},
		"a limit of requests": {
			channeltest.Answer{Status: 429, Body: `{"message":"The API rate limit has been exceeded. Try again later."}`},
			channel.Outcome{Kind: channel.Temporary, Reason: channel.RateLimited, Code: 429},
		},
		"the month's limit":          {channeltest.Answer{Status: 429, Body: monthly}, channel.Outcome{Kind: channel.OverQuota, Reason: channel.MonthlyQuota, Code: 429}},
		"the limit of extra ones":    {channeltest.Answer{Status: 429, Body: `{"message":"You have exceeded the target limit for additional messages."}`}, channel.Outcome{Kind: channel.OverQuota, Reason: channel.MonthlyQuota, Code: 429}},
		"a limit in unknown words":   {channeltest.Answer{Status: 429, Body: `{"message":"no"}`}, channel.Outcome{Kind: channel.Temporary, Reason: channel.RateLimited, Code: 429}},
		"a limit without words":      {channeltest.Answer{Status: 429, Body: `<html>`}, channel.Outcome{Kind: channel.Temporary, Reason: channel.RateLimited, Code: 429}},
		"no such user":               {channeltest.Answer{Status: 400, Body: `{"message":"The property, 'to', in the request body is invalid (line: -, column: -)"}`}, channel.Outcome{Kind: channel.Permanent, Reason: channel.InvalidRecipient, Code: 400}},
		"no such user, in details":   {channeltest.Answer{Status: 400, Body: `{"message":"The request body has 1 error(s)","details":[{"message":"invalid","property":"to[3]"}]}`}, channel.Outcome{Kind: channel.Permanent, Reason: channel.InvalidRecipient, Code: 400}},
		"not a friend":               {channeltest.Answer{Status: 400, Body: `{"message":"Failed to send messages"}`}, channel.Outcome{Kind: channel.Permanent, Reason: channel.InvalidRecipient, Code: 400}},
		"a text it does not take":    {channeltest.Answer{Status: 400, Body: `{"message":"The request body has 1 error(s)","details":[{"message":"May not be empty","property":"messages[0].text"}]}`}, channel.Outcome{Kind: channel.Permanent, Reason: channel.Refused, Code: 400}},
		"a token that is over":       {channeltest.Answer{Status: 401, Body: `{"message":"Authentication failed due to the following reason: ` + canary.Token + `"}`}, channel.Outcome{Kind: channel.Trouble, Reason: channel.Credentials, Code: 401}},
		"an account without rights":  {channeltest.Answer{Status: 403}, channel.Outcome{Kind: channel.Trouble, Reason: channel.Credentials, Code: 403}},
		"too large":                  {channeltest.Answer{Status: 413}, channel.Outcome{Kind: channel.Permanent, Reason: channel.TooLarge, Code: 413}},
		"no such endpoint":           {channeltest.Answer{Status: 404}, channel.Outcome{Kind: channel.Permanent, Reason: channel.Refused, Code: 404}},
		"an error of LINE":           {channeltest.Answer{Status: 500}, channel.Outcome{Kind: channel.Unknown, Reason: channel.ServerError, Code: 500, Safe: true}},
		"a gateway without patience": {channeltest.Answer{Status: 504}, channel.Outcome{Kind: channel.Unknown, Reason: channel.ServerError, Code: 504, Safe: true}},
		"maintenance":                {channeltest.Answer{Status: 503}, channel.Outcome{Kind: channel.Unknown, Reason: channel.Overloaded, Code: 503, Safe: true}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			p := channeltest.New(t, c.answer)
			client := newClient(t, p)
			for _, o := range []channel.Outcome{
				client.Push(t.Context(), user, canary.NameJa, line.Try{Key: key}),
				client.Multicast(t.Context(), []string{user}, canary.NameJa, line.Try{Key: key}),
			} {
				g.Expect(o).To(Equal(c.want))
				canary.Scan(t, "the outcome", fmt.Sprintf("%+v %v", o, o.Failure()))
			}
		})
	}
}

func TestATryInDoubtIsSafeWhileTheKeyIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		since time.Time
		kind  channel.Kind
		want  channel.Reason
		safe  bool
		sent  int
	}{
		"the first try":          {time.Time{}, channel.Unknown, channel.NoAnswer, true, 1},
		"an hour later":          {now.Add(-time.Hour), channel.Unknown, channel.NoAnswer, true, 1},
		"almost a day later":     {now.Add(-line.KeyLife + 11*time.Minute), channel.Unknown, channel.NoAnswer, true, 1},
		"too close to the end":   {now.Add(-line.KeyLife + 9*time.Minute), channel.Unknown, channel.KeyExpired, false, 0},
		"two days later":         {now.Add(-2 * line.KeyLife), channel.Unknown, channel.KeyExpired, false, 0},
		"a clock that went back": {now.Add(time.Minute), channel.Unknown, channel.NoAnswer, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			p := channeltest.New(t, channeltest.Answer{Cut: true})
			o := newClient(t, p).Push(t.Context(), user, "hello", line.Try{Key: key, DoubtSince: c.since})
			g.Expect(o.Kind).To(Equal(c.kind))
			g.Expect(o.Reason).To(Equal(c.want))
			g.Expect(o.Safe).To(Equal(c.safe))
			g.Expect(p.Requests()).To(HaveLen(c.sent))
		})
	}
}

func TestWhatLINEWouldRefuseIsNotSent(t *testing.T) {
	p := channeltest.New(t, channeltest.Answer{Status: 200})
	c := newClient(t, p)
	good := line.Try{Key: key}
	crowd := make([]string, 501)
	for i := range crowd {
		crowd[i] = user
	}
	for name, o := range map[string]channel.Outcome{
		"InvalidRecipient: a push to a group":          c.Push(t.Context(), "C"+user[1:], "x", good),
		"InvalidRecipient: a push to nobody":           c.Push(t.Context(), "", "x", good),
		"InvalidRecipient: a multicast with an e-mail": c.Multicast(t.Context(), []string{user, canary.Email}, "x", good),
		"Refused: a multicast to nobody":               c.Multicast(t.Context(), nil, "x", good),
		"Refused: a multicast to 501":                  c.Multicast(t.Context(), crowd, "x", good),
		"Refused: no key":                              c.Push(t.Context(), user, "x", line.Try{}),
		"TooLarge: a text of 5,001 characters":         c.Push(t.Context(), user, strings.Repeat("あ", 5001), good),
		"TooLarge: 2,501 emoji":                        c.Push(t.Context(), user, strings.Repeat("🎉", 2501), good),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			reason, _, _ := strings.Cut(name, ":")
			g.Expect(o.Kind).To(Equal(channel.Permanent))
			g.Expect(string(o.Reason)).To(Equal(reason))
			canary.Scan(t, "the failure", o.Failure())
		})
	}
	NewWithT(t).Expect(p.Requests()).To(BeEmpty())
}

func TestTheLargestMulticastFitsIntoARequest(t *testing.T) {
	g := NewWithT(t)
	p := channeltest.New(t, channeltest.Answer{Status: 200})
	crowd := make([]string, line.MaxRecipients)
	for i := range crowd {
		crowd[i] = fmt.Sprintf("U%032x", i)
	}
	g.Expect(newClient(t, p).Multicast(t.Context(), crowd, strings.Repeat("\u2028", line.MaxText), line.Try{Key: key}).Kind).To(Equal(channel.Accepted))
	g.Expect(len(p.Requests()[0].Body)).To(BeNumerically("<", line.MaxBody))
}

func TestAClientWantsATokenAndAnAddressOfOutside(t *testing.T) {
	g := NewWithT(t)
	for _, token := range []string{"", "two words", "tok\nX: y", "日本"} {
		_, err := line.New(channeltest.Client(), line.Options{Token: channel.NewSecret(token)})
		g.Expect(err).To(MatchError(ContainSubstring("channel access token")))
	}
	_, err := line.New(egress.New(egress.Options{}), line.Options{Token: channel.NewSecret(canary.Token), BaseURL: "https://10.0.0.1"})
	g.Expect(err).To(MatchError(ContainSubstring("private")))
	c, err := line.New(egress.New(egress.Options{}), line.Options{Token: channel.NewSecret(canary.Token)})
	g.Expect(err).NotTo(HaveOccurred(), "LINE itself")
	canary.Scan(t, "a printed client", fmt.Sprintf("%v %+v %#v", c, c, *c))
}

func TestValidationSendsNoKeyAndNoRecipient(t *testing.T) {
	g := NewWithT(t)
	p := channeltest.New(t, channeltest.Answer{Status: 200, Body: "{}"}, channeltest.Answer{Status: 400, Body: `{"message":"The request body has 1 error(s)"}`}, channeltest.Answer{Cut: true})
	c := newClient(t, p)
	g.Expect(c.Validate(t.Context(), line.EndpointMulticast, "hello").Kind).To(Equal(channel.Accepted))
	g.Expect(c.Validate(t.Context(), line.EndpointPush, "hello").Reason).To(Equal(channel.Refused))
	g.Expect(c.Validate(t.Context(), line.EndpointPush, "hello").Safe).To(BeTrue())
	r := p.Requests()
	g.Expect(r[0].Path).To(Equal("/v2/bot/message/validate/multicast"))
	g.Expect(r[1].Path).To(Equal("/v2/bot/message/validate/push"))
	g.Expect(r[0].Header).NotTo(HaveKey("X-Line-Retry-Key"))
	g.Expect(string(r[0].Body)).To(MatchJSON(`{"messages":[{"type":"text","text":"hello"}]}`))
}

func TestTheQuotaIsRead(t *testing.T) {
	ok := func(body string) channeltest.Answer { return channeltest.Answer{Status: 200, Body: body} }
	for name, c := range map[string]struct {
		answers []channeltest.Answer
		want    line.Quota
		reason  channel.Reason
	}{
		"a plan with a limit":    {[]channeltest.Answer{ok(`{"type":"limited","value":5000}`), ok(`{"totalUsage":4200}`)}, line.Quota{Limited: true, Limit: 5000, Used: 4200}, ""},
		"a plan without a limit": {[]channeltest.Answer{ok(`{"type":"none"}`), ok(`{"totalUsage":7}`)}, line.Quota{Used: 7}, ""},
		"no token any more":      {[]channeltest.Answer{{Status: 401}}, line.Quota{}, channel.Credentials},
		"too many questions":     {[]channeltest.Answer{{Status: 429}}, line.Quota{}, channel.RateLimited},
		"an error of LINE":       {[]channeltest.Answer{ok(`{"type":"none"}`), {Status: 500}}, line.Quota{}, channel.ServerError},
		"a cut connection":       {[]channeltest.Answer{{Cut: true}}, line.Quota{}, channel.NoAnswer},
		"no number":              {[]channeltest.Answer{ok(`{"type":"limited"}`), ok(`{"totalUsage":7}`)}, line.Quota{}, channel.ServerError},
		"no usage":               {[]channeltest.Answer{ok(`{"type":"none"}`), ok(`{}`)}, line.Quota{}, channel.ServerError},
		"no JSON":                {[]channeltest.Answer{ok(`<html>`)}, line.Quota{}, channel.ServerError},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			p := channeltest.New(t, c.answers...)
			q, err := newClient(t, p).ReadQuota(t.Context())
			g.Expect(q).To(Equal(c.want))
			if c.reason == "" {
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(p.Requests()[0].Path + " " + p.Requests()[1].Path).To(Equal("/v2/bot/message/quota /v2/bot/message/quota/consumption"))
				return
			}
			g.Expect(err).To(MatchError(ContainSubstring("%s", c.reason)))
			canary.Scan(t, "the error", err)
		})
	}
}

func TestAQuotaIsRefusedOrTrimmed(t *testing.T) {
	limited := line.Quota{Limited: true, Limit: 1000, Used: 400}
	for name, c := range map[string]struct {
		quota           line.Quota
		needed, reserve int64
		rule            line.QuotaRule
		want            line.QuotaPlan
	}{
		"enough":                    {limited, 600, 0, line.Refuse, line.QuotaPlan{Send: 600}},
		"one short":                 {limited, 601, 0, line.Refuse, line.QuotaPlan{Short: 1}},
		"one short, trimmed":        {limited, 601, 0, line.Trim, line.QuotaPlan{Send: 600, Short: 1}},
		"a reserve":                 {limited, 600, 100, line.Trim, line.QuotaPlan{Send: 500, Short: 100}},
		"a reserve beyond the rest": {limited, 600, 700, line.Trim, line.QuotaPlan{Short: 600}},
		"nothing left":              {line.Quota{Limited: true, Limit: 10, Used: 12}, 5, 0, line.Trim, line.QuotaPlan{Short: 5}},
		"no limit":                  {line.Quota{Used: 1 << 40}, 600, 0, line.Refuse, line.QuotaPlan{Send: 600}},
		"nobody":                    {line.Quota{Limited: true}, 0, 0, line.Refuse, line.QuotaPlan{}},
		"less than nobody":          {limited, -5, -5, line.Refuse, line.QuotaPlan{}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			got := line.PlanQuota(c.quota, c.needed, c.reserve, c.rule)
			g.Expect(got).To(Equal(c.want))
			g.Expect(got.Refused()).To(Equal(got.Send == 0 && c.needed > 0))
		})
	}
}

func TestATextIsTitleTextAndLink(t *testing.T) {
	g := NewWithT(t)
	p := channel.Post{Title: "秋のお知らせ", Text: "本文です。\n", Link: "https://alumni.example/news", LinkLabel: "ポータルで読む"}
	g.Expect(line.Text(p)).To(Equal("秋のお知らせ\n\n本文です。\n\nポータルで読む\nhttps://alumni.example/news"))
	p.LinkLabel = ""
	g.Expect(line.Text(p)).To(Equal("秋のお知らせ\n\n本文です。\n\nhttps://alumni.example/news"))
	p.Text, p.Link = "", ""
	g.Expect(line.Text(p)).To(Equal("秋のお知らせ"))
	p.Title = ""
	_, err := line.Text(p)
	g.Expect(err).To(MatchError(channel.ErrPost))
}

func TestALongTextKeepsItsLinkAndItsGraphemes(t *testing.T) {
	g := NewWithT(t)
	family := "👨‍👩‍👧‍👦" // 11 code units
	p := channel.Post{Title: "T", Text: strings.Repeat(family, 600), Link: "https://alumni.example/news", LinkLabel: "Read"}
	got, err := line.Text(p)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(line.Units(got)).To(And(BeNumerically("<=", line.MaxText), BeNumerically(">", line.MaxText-12)))
	g.Expect(got).To(HaveSuffix(family + "…\n\nRead\nhttps://alumni.example/news"))

	rapid.Check(t, func(r *rapid.T) {
		p := channel.Post{Title: "T", Text: strings.Repeat(rapid.String().Draw(r, "text"), rapid.IntRange(1, 900).Draw(r, "times")), Link: "https://a.example/"}
		got, err := line.Text(p)
		if err != nil || line.Units(got) > line.MaxText || !strings.HasSuffix(got, p.Link) {
			r.Fatalf("%d units, %v", line.Units(got), err)
		}
		if _, err := json.Marshal(got); err != nil {
			r.Fatal(err)
		}
	})
}

func TestUnitsAreThoseOfUTF16(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "日本": 2, "🎉": 2, "👨‍👩‍👧‍👦": 11, "e\u0301": 2} {
		NewWithT(t).Expect(line.Units(s)).To(Equal(want), s)
	}
}

func TestARunThatIsToldToStopLeavesNothingHalfSaid(t *testing.T) {
	g := NewWithT(t)
	p := channeltest.New(t, channeltest.Answer{Status: 200})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := newClient(t, p).Push(ctx, user, "hello", line.Try{Key: key})
	g.Expect(o.Kind).To(Equal(channel.Trouble), "it did not leave, so it is not in doubt")
	g.Expect(o.Err).To(MatchError(context.Canceled))
}
