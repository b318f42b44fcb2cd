// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package teams_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/channel/teams"
	"github.com/alumni-operator/alumni-operator/internal/egress"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/channeltest"
)

var post = channel.Post{
	Title: "秋のお知らせ", Text: "A first line\nwith https://a.example/x, and *stars*.\n\nA second paragraph.",
	Link: "https://alumni.example/news?a=1&b=2", LinkLabel: "ポータルで読む",
}

func newClient(t *testing.T, p *channeltest.Provider) *teams.Client {
	t.Helper()
	c, err := teams.New(channeltest.Client(), teams.Options{
		URL: channel.NewSecret(p.URL + "/" + canary.WebhookPath + "?sig=" + canary.Token), Hosts: []string{strings.TrimPrefix(p.URL, "http://")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAPostIsAnAdaptiveCard(t *testing.T) {
	g := NewWithT(t)
	p := channeltest.New(t, channeltest.Answer{Status: 202, Header: map[string]string{"x-ms-workflow-run-id": "08584-CU12"}})

	o := newClient(t, p).Post(t.Context(), post)

	g.Expect(o).To(Equal(channel.Outcome{Code: 202, ProviderID: "08584-CU12"}))
	r := p.Requests()[0]
	g.Expect(r.Method + " " + r.Path).To(Equal("POST /" + canary.WebhookPath + "?sig=" + canary.Token))
	g.Expect(string(r.Body)).To(MatchJSON(`{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","contentUrl":null,"content":{
		"$schema":"http://adaptivecards.io/schemas/adaptive-card.json","type":"AdaptiveCard","version":"1.5","fallbackText":"秋のお知らせ","msteams":{"width":"Full"},
		"body":[
			{"type":"RichTextBlock","inlines":[{"type":"TextRun","text":"秋のお知らせ","size":"Large","weight":"Bolder"}]},
			{"type":"RichTextBlock","spacing":"Medium","inlines":[{"type":"TextRun","text":"A first line"}]},
			{"type":"RichTextBlock","spacing":"None","inlines":[{"type":"TextRun","text":"with "},
				{"type":"TextRun","text":"https://a.example/x","selectAction":{"type":"Action.OpenUrl","url":"https://a.example/x"}},
				{"type":"TextRun","text":", and *stars*."}]},
			{"type":"RichTextBlock","spacing":"Medium","inlines":[{"type":"TextRun","text":"A second paragraph."}]}],
		"actions":[{"type":"Action.OpenUrl","title":"ポータルで読む","url":"https://alumni.example/news?a=1&b=2"}]}}]}`))
}

func TestALongPostIsCutAndKeepsItsLink(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := post
		p.Text = strings.Repeat(rapid.StringN(1, 60, -1).Draw(r, "text")+"\"\\ https://a.example/x\n", rapid.IntRange(1, 400).Draw(r, "times"))
		body, err := teams.Build(p)
		if err != nil || len(body) > teams.MaxBody || !json.Valid(body) || !strings.Contains(string(body), `"url":"https://alumni.example/news?a=1&b=2"`) {
			r.Fatalf("%d bytes, %v", len(body), err)
		}
	})
	g := NewWithT(t)
	p := post
	p.Text = strings.Repeat("長い文章です。", 4000)
	body, err := teams.Build(p)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(body)).To(And(BeNumerically("<=", teams.MaxBody), BeNumerically(">", teams.MaxBody-4)), "as much as fits")
	g.Expect(string(body)).To(ContainSubstring("…"))
	p.Text = strings.Repeat("a\n", 1000)
	body, err = teams.Build(p)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(strings.Count(string(body), "RichTextBlock")).To(BeNumerically("<=", 201))
}

func TestOnlyURLsOfWorkflowsAreTaken(t *testing.T) {
	const secret = "?api-version=1&sig=" + canary.Token
	for url, want := range map[string]error{
		"https://default0a1b.09.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/1/triggers/manual/paths/invoke" + secret: nil,
		"https://prod-23.westeurope.logic.azure.com:443/workflows/1/triggers/manual/paths/invoke" + secret:                                                nil,
		"https://PROD-1.japaneast.LOGIC.azure.com/workflows/1" + secret:                                                                                   nil,
		"https://prod-1.usgovtexas.logic.azure.us/workflows/1" + secret:                                                                                   nil,
		"https://hoshino.webhook.office.com/webhookb2/" + canary.Token:                                                                                    teams.ErrRetired,
		"https://outlook.office.com/webhook/" + canary.Token:                                                                                              teams.ErrRetired,
		"http://hoshino.webhook.office.com/webhookb2/" + canary.Token:                                                                                     teams.ErrRetired,
		"https://hooks.slack.com/" + canary.WebhookPath:                                                                                                   teams.ErrNotWorkflows,
		"https://logic.azure.com.evil.example/" + secret:                                                                                                  teams.ErrNotWorkflows,
		"https://evillogic.azure.com/" + secret:                                                                                                           teams.ErrNotWorkflows,
		"https://prod-1.japaneast.logic.azure.com/workflows/1?api-version=1":                                                                              teams.ErrUnsigned,
	} {
		t.Run(url[:30], func(t *testing.T) {
			g := NewWithT(t)
			c, err := teams.New(egress.New(egress.Options{}), teams.Options{URL: channel.NewSecret(url)})
			if want == nil {
				g.Expect(err).NotTo(HaveOccurred())
				canary.Scan(t, "a printed client", fmt.Sprintf("%v %+v %#v", c, c, *c))
				return
			}
			g.Expect(err).To(MatchError(want))
			canary.Scan(t, "the error", err)
		})
	}
	for _, url := range []string{"", "::", "http://prod-1.japaneast.logic.azure.com/x" + secret} {
		_, err := teams.New(egress.New(egress.Options{}), teams.Options{URL: channel.NewSecret(url)})
		var invalid *egress.Error
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring("Teams workflow")))
		NewWithT(t).Expect(err).To(BeAssignableToTypeOf(fmt.Errorf("%w", invalid)))
		canary.Scan(t, "the error", err)
	}
}

func TestAnswersOfTeams(t *testing.T) {
	for name, c := range map[string]struct {
		answer channeltest.Answer
		want   channel.Outcome
	}{
		"taken at once":         {channeltest.Answer{Status: 200, Body: "1"}, channel.Outcome{Code: 200}},
		"too fast":              {channeltest.Answer{Status: 429, Header: map[string]string{"Retry-After": "5"}}, channel.Outcome{Kind: channel.Temporary, Reason: channel.RateLimited, Code: 429, RetryAfter: 5 * time.Second}},
		"too fast, no time":     {channeltest.Answer{Status: 429}, channel.Outcome{Kind: channel.Temporary, Reason: channel.RateLimited, Code: 429}},
		"too large":             {channeltest.Answer{Status: 413}, channel.Outcome{Kind: channel.Permanent, Reason: channel.TooLarge, Code: 413}},
		"a flow switched off":   {channeltest.Answer{Status: 400, Body: `{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"…"}}`}, channel.Outcome{Kind: channel.Permanent, Reason: channel.DestinationGone, Code: 400}},
		"a flow deleted":        {channeltest.Answer{Status: 404, Body: `{"error":{"code":"WorkflowNotFound"}}`}, channel.Outcome{Kind: channel.Permanent, Reason: channel.DestinationGone, Code: 404}},
		"a signature renewed":   {channeltest.Answer{Status: 401, Body: `{"error":{"code":"DirectApiAuthorizationRequired"}}`}, channel.Outcome{Kind: channel.Permanent, Reason: channel.Credentials, Code: 401}},
		"a card it cannot use":  {channeltest.Answer{Status: 400, Body: `{"error":{"code":"TriggerInputSchemaMismatch"}}`}, channel.Outcome{Kind: channel.Permanent, Reason: channel.Refused, Code: 400}},
		"a flow that gave up":   {channeltest.Answer{Status: 502, Body: `{"error":{"code":"NoResponse"}}`}, channel.Outcome{Kind: channel.Unknown, Reason: channel.ServerError, Code: 502}},
		"a gateway without end": {channeltest.Answer{Status: 504}, channel.Outcome{Kind: channel.Unknown, Reason: channel.ServerError, Code: 504}},
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
	g.Expect(p.Requests()).To(HaveLen(1))
	canary.Scan(t, "the failure", o.Failure())
}

func TestAPostThatCannotBeWrittenIsNotSent(t *testing.T) {
	g := NewWithT(t)
	p := channeltest.New(t, channeltest.Answer{Status: 202})
	g.Expect(newClient(t, p).Post(t.Context(), channel.Post{}).Reason).To(Equal(channel.Refused))
	g.Expect(p.Requests()).To(BeEmpty())
}
