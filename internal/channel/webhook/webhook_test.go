// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/channel/webhook"
	"github.com/alumni-operator/alumni-operator/internal/egress"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/channeltest"
)

var (
	now  = time.Date(2026, time.November, 21, 9, 0, 5, 0, time.UTC)
	post = channel.Post{Title: "Autumn news", Text: "The <new> hall is open.\n", Link: "https://alumni.example/news?a=1&b=2", LinkLabel: "Read it"}
	run  = webhook.Run{
		Network: webhook.Network{Namespace: "hr", Name: "alumni"}, Campaign: webhook.Campaign{Name: "news", Type: "Newsletter"}, Name: "news-1795251600",
		Scheduled: time.Date(2026, time.November, 21, 18, 0, 0, 999, time.FixedZone("JST", 9*3600)), Locale: "en",
		Key: channel.Send{Network: "n", Run: "news-1795251600", Step: 1}.DestinationKey("intranet"),
	}
)

func keys(t *testing.T, lines ...string) []channel.Secret {
	t.Helper()
	k, err := webhook.ParseKeys(strings.Join(lines, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newClient(t *testing.T, p *channeltest.Provider, now func() time.Time) *webhook.Client {
	t.Helper()
	c, err := webhook.New(channeltest.Client(), webhook.Options{URL: channel.NewSecret(p.URL + "/" + canary.WebhookPath), Keys: keys(t, canary.Token, canary.Password+"-new"), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnEventIsSignedAndTheSameAtEveryTry(t *testing.T) {
	g := NewWithT(t)
	p := channeltest.New(t, channeltest.Answer{Status: 204})
	at := now
	c := newClient(t, p, func() time.Time { return at })

	g.Expect(c.Post(t.Context(), run, post)).To(Equal(channel.Outcome{Code: 204}))
	at = now.Add(time.Hour)
	g.Expect(c.Post(t.Context(), run, post).Kind).To(Equal(channel.Accepted))

	r := p.Requests()
	g.Expect(string(r[0].Body)).To(MatchJSON(`{"specVersion":"1","id":"` + run.Key.String() + `","type":"campaign.published","time":"2026-11-21T09:00:00Z",
		"network":{"namespace":"hr","name":"alumni"},"campaign":{"name":"news","type":"Newsletter"},"run":"news-1795251600","locale":"en",
		"title":"Autumn news","text":"The <new> hall is open.","truncated":false,"link":"https://alumni.example/news?a=1&b=2"}`))
	g.Expect(r[1].Body).To(Equal(r[0].Body))
	for i, made := range []time.Time{now, at} {
		g.Expect(r[i].Header.Get("Webhook-Id")).To(Equal(run.Key.String()))
		g.Expect(r[i].Header.Get("Idempotency-Key")).To(Equal(run.Key.String()))
		g.Expect(r[i].Header.Get("Webhook-Timestamp")).To(Equal(strconv.FormatInt(made.Unix(), 10)))
		g.Expect(webhook.Verify(r[i].Header, r[i].Body, keys(t, canary.Token), made)).To(Succeed(), "with the old key")
		g.Expect(webhook.Verify(r[i].Header, r[i].Body, keys(t, canary.Password+"-new"), made)).To(Succeed(), "with the new key")
	}
	g.Expect(r[1].Header.Get("Webhook-Signature")).NotTo(Equal(r[0].Header.Get("Webhook-Signature")), "each try is of its time")
}

func TestOnlyWhatWasSignedIsVerified(t *testing.T) {
	body := []byte(`{"id":"x"}`)
	const key = "a-key-that-is-long-enough-1"
	sign := func(h http.Header, key string, at time.Time) {
		h.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
		h.Set("Webhook-Signature", webhook.Sign([]channel.Secret{channel.NewSecret(key)}, at.Unix(), body))
	}
	for name, c := range map[string]struct {
		change func(h http.Header)
		body   string
		want   error
	}{
		"as it was":                     {func(http.Header) {}, "", nil},
		"among signatures of others":    {func(h http.Header) { h.Set("Webhook-Signature", "v1,abc, sha256=00,"+h.Get("Webhook-Signature")) }, "", nil},
		"another body":                  {func(http.Header) {}, `{"id":"y"}`, webhook.ErrSignature},
		"another key":                   {func(h http.Header) { sign(h, "another-key-of-good-length", now) }, "", webhook.ErrSignature},
		"no signature":                  {func(h http.Header) { h.Del("Webhook-Signature") }, "", webhook.ErrSignature},
		"half a signature":              {func(h http.Header) { h.Set("Webhook-Signature", h.Get("Webhook-Signature")[:40]) }, "", webhook.ErrSignature},
		"another time":                  {func(h http.Header) { h.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix()+1, 10)) }, "", webhook.ErrSignature},
		"no time":                       {func(h http.Header) { h.Del("Webhook-Timestamp") }, "", webhook.ErrTimestamp},
		"a time that is none":           {func(h http.Header) { h.Set("Webhook-Timestamp", "now") }, "", webhook.ErrTimestamp},
		"a copy of an hour ago":         {func(h http.Header) { sign(h, key, now.Add(-time.Hour)) }, "", webhook.ErrTimestamp},
		"a request of the future":       {func(h http.Header) { sign(h, key, now.Add(time.Hour)) }, "", webhook.ErrTimestamp},
		"clocks that differ by minutes": {func(h http.Header) { sign(h, key, now.Add(-4*time.Minute)) }, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			sign(h, key, now)
			c.change(h)
			got := body
			if c.body != "" {
				got = []byte(c.body)
			}
			err := webhook.Verify(h, got, keys(t, key), now)
			if c.want == nil {
				NewWithT(t).Expect(err).NotTo(HaveOccurred())
				return
			}
			NewWithT(t).Expect(err).To(MatchError(c.want))
		})
	}
}

func TestKeysAreLinesOfASecret(t *testing.T) {
	g := NewWithT(t)
	g.Expect(keys(t, " first-key-of-good-length-1 ", "", "second-key-of-good-length\r", "")).To(HaveLen(2))
	for name, c := range map[string]struct{ content, want string }{
		"nothing":   {"\n \n", "no signing key"},
		"too short": {"first-key-of-good-length-1\n" + canary.Password[:10], "signing key 2 of the webhook has fewer than 24"},
		"too many":  {strings.Repeat(canary.Token+"\n", 5), "more than 4"},
	} {
		_, err := webhook.ParseKeys(c.content)
		g.Expect(err).To(MatchError(ContainSubstring(c.want)), name)
		canary.Scan(t, "the error", err)
	}
}

func TestAnswersOfReceivers(t *testing.T) {
	later := map[string]string{"Retry-After": "120"}
	for name, c := range map[string]struct {
		answer channeltest.Answer
		want   channel.Outcome
	}{
		"taken":                      {channeltest.Answer{Status: 202, Body: canary.Token}, channel.Outcome{Code: 202}},
		"a receiver that is no more": {channeltest.Answer{Status: 410}, channel.Outcome{Kind: channel.Permanent, Reason: channel.DestinationGone, Code: 410}},
		"no such route":              {channeltest.Answer{Status: 404}, channel.Outcome{Kind: channel.Permanent, Reason: channel.Refused, Code: 404}},
		"a signature it doubts":      {channeltest.Answer{Status: 401}, channel.Outcome{Kind: channel.Permanent, Reason: channel.Credentials, Code: 401}},
		"a document it cannot read":  {channeltest.Answer{Status: 422, Body: canary.Token}, channel.Outcome{Kind: channel.Permanent, Reason: channel.Refused, Code: 422}},
		"too large":                  {channeltest.Answer{Status: 413}, channel.Outcome{Kind: channel.Permanent, Reason: channel.TooLarge, Code: 413}},
		"too fast":                   {channeltest.Answer{Status: 429, Header: later}, channel.Outcome{Kind: channel.Temporary, Reason: channel.RateLimited, Code: 429, RetryAfter: 2 * time.Minute}},
		"busy":                       {channeltest.Answer{Status: 503, Header: later}, channel.Outcome{Kind: channel.Temporary, Reason: channel.Overloaded, Code: 503, RetryAfter: 2 * time.Minute}},
		"an error of its own":        {channeltest.Answer{Status: 500}, channel.Outcome{Kind: channel.Temporary, Reason: channel.Overloaded, Code: 500}},
		"a gateway that lost it":     {channeltest.Answer{Status: 504}, channel.Outcome{Kind: channel.Unknown, Reason: channel.ServerError, Code: 504}},
		"a redirect":                 {channeltest.Answer{Status: 308, Header: map[string]string{"Location": "http://127.0.0.1/"}}, channel.Outcome{Kind: channel.Permanent, Reason: channel.Redirected, Code: 308}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			p := channeltest.New(t, c.answer)
			o := newClient(t, p, nil).Post(t.Context(), run, post)
			g.Expect(o).To(Equal(c.want))
			g.Expect(p.Requests()).To(HaveLen(1))
			canary.Scan(t, "the failure", fmt.Sprintf("%+v %v", o, o.Failure()))
		})
	}
}

func TestALostAnswerIsUnknownAndNotSafe(t *testing.T) {
	g := NewWithT(t)
	p := channeltest.New(t, channeltest.Answer{Cut: true})
	o := newClient(t, p, nil).Post(t.Context(), run, post)
	g.Expect(o.Kind).To(Equal(channel.Unknown))
	g.Expect(o.Safe).To(BeFalse())
	g.Expect(p.Requests()).To(HaveLen(1), "an Idempotency-Key does not make the client send again by itself")
	canary.Scan(t, "the failure", o.Failure())
}

func TestALongTextIsCutAndSaysSo(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := post
		p.Text = strings.Repeat(rapid.StringN(1, 60, -1).Draw(r, "text")+"\"", rapid.IntRange(1, 8000).Draw(r, "times"))
		body, err := webhook.Build(run, p)
		var e webhook.Event
		if err != nil || len(body) > webhook.MaxBody || json.Unmarshal(body, &e) != nil || e.Truncated != (e.Text != p.CleanText()) || e.Link != p.Link {
			r.Fatalf("%d bytes, %v", len(body), err)
		}
	})
}

func TestWhatCannotBeSentIsNotSent(t *testing.T) {
	g := NewWithT(t)
	p := channeltest.New(t, channeltest.Answer{Status: 200})
	c := newClient(t, p, nil)
	nameless := run
	nameless.Key = [16]byte{}
	g.Expect(c.Post(t.Context(), nameless, post).Reason).To(Equal(channel.Refused))
	g.Expect(c.Post(t.Context(), run, channel.Post{}).Reason).To(Equal(channel.Refused))
	g.Expect(p.Requests()).To(BeEmpty())

	for _, url := range []string{"", "http://intranet.example/" + canary.WebhookPath, "https://169.254.169.254/" + canary.WebhookPath} {
		_, err := webhook.New(egress.New(egress.Options{}), webhook.Options{URL: channel.NewSecret(url), Keys: keys(t, canary.Token)})
		g.Expect(err).To(MatchError(ContainSubstring("the URL of the webhook")))
		canary.Scan(t, "the error", err)
	}
	_, err := webhook.New(egress.New(egress.Options{}), webhook.Options{URL: channel.NewSecret("https://intranet.example/")})
	g.Expect(err).To(MatchError(ContainSubstring("no signing key")))
	canary.Scan(t, "a printed client", fmt.Sprintf("%v %+v %#v", c, c, *c))
}

// TestThePageHasTheCodeThatIsTested keeps the example of docs/channels.md the one in receiver_test.go.
func TestThePageHasTheCodeThatIsTested(t *testing.T) {
	g := NewWithT(t)
	page, err := os.ReadFile("../../../docs/channels.md")
	g.Expect(err).NotTo(HaveOccurred())
	source, err := os.ReadFile("receiver_test.go")
	g.Expect(err).NotTo(HaveOccurred())
	_, example, found := strings.Cut(string(source), "// The example begins.\n")
	g.Expect(found).To(BeTrue())
	g.Expect(string(page)).To(ContainSubstring(strings.TrimSpace(example)))
	g.Expect(string(page)).To(And(ContainSubstring(vectorKey), ContainSubstring(vectorBody), ContainSubstring(vectorSignature)))
}

func TestTheReceiverOfThePageAgrees(t *testing.T) {
	g := NewWithT(t)
	p := channeltest.New(t, channeltest.Answer{Status: 200})
	newClient(t, p, nil).Post(t.Context(), run, post)
	r := p.Requests()[0]
	g.Expect(genuine(r.Header, r.Body, canary.Token)).To(BeTrue())
	g.Expect(genuine(r.Header, r.Body, canary.Password+"-new")).To(BeTrue())
	g.Expect(genuine(r.Header, append(r.Body, ' '), canary.Token)).To(BeFalse())
	g.Expect(genuine(r.Header, r.Body, "another")).To(BeFalse())
	r.Header.Set("Webhook-Timestamp", "1")
	g.Expect(genuine(r.Header, r.Body, canary.Token)).To(BeFalse())

	g.Expect(webhook.Sign(keys(t, vectorKey), 1795251605, []byte(vectorBody))).To(Equal(vectorSignature))
}

// The vector of the page.
const (
	vectorKey       = "example-signing-key-0123456789"
	vectorBody      = `{"specVersion":"1","id":"0d9e4f6a-0000-5000-8000-000000000000"}`
	vectorSignature = "sha256=a26c1086772b38629c2c83ad0f9eec35872e72d91940382b5819402c8ccecb4e"
)
