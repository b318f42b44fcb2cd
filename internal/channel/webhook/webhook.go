// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/egress"
)

// TypePublished is the type of the event that a campaign run was published.
const TypePublished = "campaign.published"

// SpecVersion is the version of the document. Receivers must ignore fields that they do not know; the version changes
// when one that they may know changes its meaning.
const SpecVersion = "1"

// MaxBody bounds a request, in bytes.
const MaxBody = 256 << 10

// Event is the document that a receiver gets. It holds no data of any person.
type Event struct {
	SpecVersion string    `json:"specVersion"`
	ID          uuid.UUID `json:"id"`
	Type        string    `json:"type"`
	Time        time.Time `json:"time"` // when the run was scheduled, so that every try is the same
	Network     Network   `json:"network"`
	Campaign    Campaign  `json:"campaign"`
	Run         string    `json:"run"`
	Locale      string    `json:"locale"`
	Title       string    `json:"title"`
	Text        string    `json:"text"`
	Truncated   bool      `json:"truncated"` // the text was cut to MaxBody
	Link        string    `json:"link"`
}

// Network names the network in its cluster.
type Network struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Campaign names the campaign.
type Campaign struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Run is what an event says beside the post.
type Run struct {
	Network   Network
	Campaign  Campaign
	Name      string
	Scheduled time.Time
	Locale    string
	// Key is Send.DestinationKey: the same at every try.
	Key uuid.UUID
}

// Build writes an event as the body of a request. The error is channel.ErrPost or channel.ErrNoRoom.
func Build(r Run, p channel.Post) ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if r.Key == uuid.Nil {
		return nil, errors.New("the event has no key")
	}
	whole := p.CleanText()
	short, cut, ok := channel.Cut(whole, func(s string) bool {
		body, err := write(r, p, s, s != whole)
		return err == nil && len(body) <= MaxBody
	})
	if !ok {
		return nil, channel.ErrNoRoom
	}
	return write(r, p, short, cut)
}

func write(r Run, p channel.Post, text string, cut bool) ([]byte, error) {
	if cut {
		text += channel.Ellipsis
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(Event{
		SpecVersion: SpecVersion, ID: r.Key, Type: TypePublished, Time: r.Scheduled.UTC().Truncate(time.Second), Network: r.Network,
		Campaign: r.Campaign, Run: r.Name, Locale: r.Locale, Title: p.Title, Text: text, Truncated: cut, Link: p.Link,
	}); err != nil {
		return nil, fmt.Errorf("write the event: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// Options are what a Client needs.
type Options struct {
	URL channel.Secret
	// Keys sign every request; see ParseKeys.
	Keys []channel.Secret
	// Now is the clock; nil means the system's.
	Now func() time.Time
}

// Client posts to one server. It is safe for concurrent use.
type Client struct {
	http *egress.Client
	url  channel.Secret
	keys []channel.Secret
	now  func() time.Time
}

// New makes a client of a receiver. It sends nothing.
func New(client *egress.Client, o Options) (*Client, error) {
	if err := client.CheckURL(o.URL.Reveal()); err != nil {
		return nil, fmt.Errorf("read the URL of the webhook: %w", err)
	}
	if len(o.Keys) == 0 {
		return nil, errors.New("the webhook has no signing key")
	}
	c := &Client{http: client, url: o.URL, keys: o.Keys, now: o.Now}
	if c.now == nil {
		c.now = time.Now
	}
	return c, nil
}

// Post sends an event once.
func (c *Client) Post(ctx context.Context, r Run, p channel.Post) channel.Outcome {
	body, err := Build(r, p)
	if err != nil {
		return channel.NotBuilt(err)
	}
	timestamp := c.now().Unix()
	answer, err := c.http.Do(ctx, egress.Request{Method: http.MethodPost, URL: c.url.Reveal(), Body: body, Header: http.Header{
		"Content-Type":  {"application/json; charset=utf-8"},
		HeaderID:        {r.Key.String()},
		HeaderKey:       {r.Key.String()},
		HeaderTimestamp: {strconv.FormatInt(timestamp, 10)},
		HeaderSignature: {Sign(c.keys, timestamp, body)},
	}})
	if err != nil {
		return channel.NoReply(err)
	}
	return read(answer, c.now())
}

// read turns an answer into what became of the event. Only 410 ends a receiver: 404 may be a slip of its routes. A
// receiver that answers 500 says that it failed and did not take the event; who says it from in between (502, 504)
// cannot know.
func read(a *egress.Answer, now time.Time) channel.Outcome {
	o := channel.Reply(a, now)
	switch {
	case a.Status == http.StatusNotFound:
		o.Reason = channel.Refused
	case a.Status == http.StatusBadGateway, a.Status == http.StatusGatewayTimeout:
	case a.Status >= 500:
		o.Kind, o.Reason, o.RetryAfter = channel.Temporary, channel.Overloaded, channel.RetryAfter(a.Header, now)
	}
	return o
}
