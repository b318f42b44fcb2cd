// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/egress"
)

// MaxText bounds the text of a post, in characters as Slack counts them, escapes included: what Slack recommends. It
// cuts texts by itself only beyond ten times as much.
const MaxText = 4000

// Options are what a Client needs.
type Options struct {
	// URL is the incoming webhook: https://hooks.slack.com/services/… or one of a program that speaks the same.
	URL channel.Secret
	// Now is the clock; nil means the system's.
	Now func() time.Time
}

// Client posts to one webhook. It is safe for concurrent use.
type Client struct {
	http *egress.Client
	url  channel.Secret
	now  func() time.Time
}

// New makes a client of a webhook. It sends nothing.
func New(client *egress.Client, o Options) (*Client, error) {
	if err := client.CheckURL(o.URL.Reveal()); err != nil {
		return nil, fmt.Errorf("read the URL of the Slack webhook: %w", err)
	}
	c := &Client{http: client, url: o.URL, now: o.Now}
	if c.now == nil {
		c.now = time.Now
	}
	return c, nil
}

// payload is a message of an incoming webhook.
type payload struct {
	Text        string `json:"text"`
	Mrkdwn      bool   `json:"mrkdwn"`
	UnfurlLinks bool   `json:"unfurl_links"`
	UnfurlMedia bool   `json:"unfurl_media"`
}

// Build writes a post as the body of a request: the title in bold, the text, and the link. The error is channel.ErrPost
// or channel.ErrNoRoom.
func Build(p channel.Post) ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	whole := p.CleanText()
	short, cut, ok := channel.Cut(whole, func(s string) bool { return len([]rune(compose(p, s, s != whole))) <= MaxText })
	if !ok {
		return nil, channel.ErrNoRoom
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // Slack's own escapes are enough
	if err := e.Encode(payload{Text: compose(p, short, cut), Mrkdwn: true}); err != nil {
		return nil, fmt.Errorf("write the post: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// escape is what Slack wants escaped, and nothing else. Without < there is neither a link nor a mention.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func compose(p channel.Post, text string, cut bool) string {
	parts := []string{bold(p.Title)}
	if text = escape.Replace(text); cut {
		text += channel.Ellipsis
	}
	if text != "" {
		parts = append(parts, text)
	}
	if p.Link != "" {
		parts = append(parts, "<"+escape.Replace(p.Link)+"|"+escape.Replace(strings.ReplaceAll(p.Label(), "|", "¦"))+">")
	}
	return strings.Join(parts, "\n\n")
}

// bold is a title in bold; one that holds the mark itself is left plain.
func bold(title string) string {
	if strings.ContainsAny(title, "*`") {
		return escape.Replace(title)
	}
	return "*" + escape.Replace(strings.TrimSpace(title)) + "*"
}

// Post sends a post once.
func (c *Client) Post(ctx context.Context, p channel.Post) channel.Outcome {
	body, err := Build(p)
	if err != nil {
		return channel.NotBuilt(err)
	}
	answer, err := c.http.Do(ctx, egress.Request{Method: http.MethodPost, URL: c.url.Reveal(), Body: body,
		Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}})
	if err != nil {
		return channel.NoReply(err)
	}
	return read(answer, c.now())
}

// gone are the texts with which Slack says that a webhook will never work again, whatever the status.
var gone = []string{"no_service", "no_active_hooks", "no_team", "channel_not_found", "channel_is_archived", "team_disabled"}

// read turns an answer into what became of the post. Slack explains its refusals by one word in the body.
func read(a *egress.Answer, now time.Time) channel.Outcome {
	o := channel.Reply(a, now)
	o.ProviderID = channel.ProviderID(a.Header.Get("X-Slack-Unique-Id"))
	word := strings.TrimSpace(string(a.Body))
	switch {
	case o.Kind != channel.Permanent:
	case word == "msg_too_long":
		o.Reason = channel.TooLarge
	default:
		for _, dead := range gone {
			if word == dead {
				o.Reason = channel.DestinationGone
			}
		}
	}
	return o
}
