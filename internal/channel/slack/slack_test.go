// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package slack_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/channel/slack"
	"github.com/alumni-operator/alumni-operator/internal/egress"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/channeltest"
)

var post = channel.Post{Title: "Autumn news", Text: "The new hall is open.", Link: "https://alumni.example/news?a=1&b=2", LinkLabel: "Read it in the portal"}

func newClient(t *testing.T, p *channeltest.Provider) *slack.Client {
	t.Helper()
	c, err := slack.New(channeltest.Client(), slack.Options{URL: channel.NewSecret(p.URL + "/" + canary.WebhookPath)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// text is what Slack would show, before it reads the escapes.
func text(t *testing.T, p channel.Post) string {
	t.Helper()
	body, err := slack.Build(p)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	s, _ := m["text"].(string)
	return s
}

func TestAPostIsOneRequestWithTitleTextAndLink(t *testing.T) {
	g := NewWithT(t)
	p := channeltest.New(t, channeltest.Answer{Status: 200, Body: "ok", Header: map[string]string{"X-Slack-Unique-Id": "Z1-a"}})

	o := newClient(t, p).Post(t.Context(), post)

	g.Expect(o).To(Equal(channel.Outcome{Code: 200, ProviderID: "Z1-a"}))
	r := p.Requests()
	g.Expect(r).To(HaveLen(1))
	g.Expect(r[0].Method + " " + r[0].Path).To(Equal("POST /" + canary.WebhookPath))
	g.Expect(r[0].Header.Get("Content-Type")).To(Equal("application/json; charset=utf-8"))
	g.Expect(string(r[0].Body)).To(MatchJSON(`{"mrkdwn":true,"unfurl_links":false,"unfurl_media":false,
		"text":"*Autumn news*\n\nThe new hall is open.\n\n<https://alumni.example/news?a=1&amp;b=2|Read it in the portal>"}`))
}

func TestNoTextMakesALinkOrAMention(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *channel.Post)
		want   string
	}{
		"everybody":             {func(p *channel.Post) { p.Text = "<!channel> & <@U123> <https://evil.example|alumni.example>" }, "&lt;!channel&gt; &amp; &lt;@U123&gt; &lt;https://evil.example|alumni.example&gt;"},
		"what is escaped twice": {func(p *channel.Post) { p.Text = "&lt;" }, "&amp;lt;"},
		"a title with markup":   {func(p *channel.Post) { p.Title = "<!here> & more" }, "*&lt;!here&gt; &amp; more*"},
		"a title with stars":    {func(p *channel.Post) { p.Title = "5 * 5" }, "5 * 5\n\n"},
		"a label with a pipe":   {func(p *channel.Post) { p.LinkLabel = "a|b>c" }, "|a¦b&gt;c>"},
		"a link alone":          {func(p *channel.Post) { p.LinkLabel = "" }, "<https://alumni.example/news?a=1&amp;b=2|https://alumni.example/news?a=1&amp;b=2>"},
		"no link":               {func(p *channel.Post) { p.Link = "" }, "is open."},
		"no text":               {func(p *channel.Post) { p.Text = "" }, "*Autumn news*\n\n<https"},
	} {
		t.Run(name, func(t *testing.T) {
			p := post
			c.change(&p)
			NewWithT(t).Expect(text(t, p)).To(ContainSubstring(c.want))
		})
	}
}

func TestALongPostIsCutAndKeepsItsLink(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := post
		p.Text = strings.Repeat(rapid.StringN(1, 40, -1).Draw(r, "text")+"&<>", rapid.IntRange(1, 500).Draw(r, "times"))
		got := text(t, p)
		if n := len([]rune(got)); n > slack.MaxText || !strings.HasSuffix(got, "|Read it in the portal>") {
			r.Fatalf("%d characters, ends in %q", n, got[max(0, len(got)-40):])
		}
		if strings.Count(got, "<") != 1 {
			r.Fatalf("the text makes a link")
		}
	})
	p := post
	p.Text = strings.Repeat("long ", 2000)
	NewWithT(t).Expect(text(t, p)).To(ContainSubstring("long…\n\n<https"))
}

func TestAnswersOfSlack(t *testing.T) {
	for name, c := range map[string]struct {
		answer channeltest.Answer
		want   channel.Outcome
	}{
		"too fast":                {channeltest.Answer{Status: 429, Header: map[string]string{"Retry-After": "30"}}, channel.Outcome{Kind: channel.Temporary, Reason: channel.RateLimited, Code: 429, RetryAfter: 30 * time.Second}},
		"a dead webhook":          {channeltest.Answer{Status: 404, Body: "no_service"}, channel.Outcome{Kind: channel.Permanent, Reason: channel.DestinationGone, Code: 404}},
		"an archived channel":     {channeltest.Answer{Status: 410, Body: "channel_is_archived"}, channel.Outcome{Kind: channel.Permanent, Reason: channel.DestinationGone, Code: 410}},
		"a webhook switched off":  {channeltest.Answer{Status: 403, Body: "no_active_hooks\n"}, channel.Outcome{Kind: channel.Permanent, Reason: channel.DestinationGone, Code: 403}},
		"a restricted channel":    {channeltest.Answer{Status: 403, Body: "action_prohibited"}, channel.Outcome{Kind: channel.Permanent, Reason: channel.Credentials, Code: 403}},
		"a wrong token":           {channeltest.Answer{Status: 403, Body: "invalid_token"}, channel.Outcome{Kind: channel.Permanent, Reason: channel.Credentials, Code: 403}},
		"a payload it cannot use": {channeltest.Answer{Status: 400, Body: "invalid_payload"}, channel.Outcome{Kind: channel.Permanent, Reason: channel.Refused, Code: 400}},
		"too long":                {channeltest.Answer{Status: 400, Body: "msg_too_long"}, channel.Outcome{Kind: channel.Permanent, Reason: channel.TooLarge, Code: 400}},
		"an error of Slack":       {channeltest.Answer{Status: 500, Body: "rollup_error"}, channel.Outcome{Kind: channel.Unknown, Reason: channel.ServerError, Code: 500}},
		"maintenance":             {channeltest.Answer{Status: 503}, channel.Outcome{Kind: channel.Temporary, Reason: channel.Overloaded, Code: 503}},
		"a redirect":              {channeltest.Answer{Status: 302, Header: map[string]string{"Location": "http://127.0.0.1/"}}, channel.Outcome{Kind: channel.Permanent, Reason: channel.Redirected, Code: 302}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			o := newClient(t, channeltest.New(t, c.answer)).Post(t.Context(), post)
			g.Expect(o).To(Equal(c.want))
			canary.Scan(t, "the failure", fmt.Sprintf("%+v %v", o, o.Failure()))
		})
	}
}

func TestALostAnswerIsUnknownAndNotSafe(t *testing.T) {
	g := NewWithT(t)
	p := channeltest.New(t, channeltest.Answer{Cut: true})
	o := newClient(t, p).Post(t.Context(), post)
	g.Expect(o.Kind).To(Equal(channel.Unknown))
	g.Expect(o.Safe).To(BeFalse())
	g.Expect(p.Requests()).To(HaveLen(1), "it is not sent again by itself")
	canary.Scan(t, "the failure", o.Failure())
}

func TestAPostThatCannotBeWrittenIsNotSent(t *testing.T) {
	g := NewWithT(t)
	p := channeltest.New(t, channeltest.Answer{Status: 200})
	c := newClient(t, p)
	g.Expect(c.Post(t.Context(), channel.Post{}).Reason).To(Equal(channel.Refused))
	huge := channel.Post{Title: strings.Repeat("&", 1500)}
	g.Expect(c.Post(t.Context(), huge).Reason).To(Equal(channel.TooLarge))
	g.Expect(p.Requests()).To(BeEmpty())
}

func TestAWebhookThatCannotBeCalledIsToldAtOnce(t *testing.T) {
	for _, url := range []string{"", "http://hooks.slack.com/" + canary.WebhookPath, "https://10.0.0.1/" + canary.WebhookPath, "::" + canary.Token} {
		_, err := slack.New(egress.New(egress.Options{}), slack.Options{URL: channel.NewSecret(url)})
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring("Slack webhook")))
		canary.Scan(t, "the error", err)
	}
	c, err := slack.New(egress.New(egress.Options{}), slack.Options{URL: channel.NewSecret("https://hooks.slack.com/" + canary.WebhookPath)})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	canary.Scan(t, "a printed client", fmt.Sprintf("%v %+v %#v", c, c, *c))
}
