// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package line

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/egress"
)

// DefaultBaseURL is LINE.
const DefaultBaseURL = "https://api.line.me"

// The limits of the Messaging API.
const (
	MaxRecipients = 500     // of one Multicast
	MaxText       = 5000    // of one text message, in UTF-16 code units
	MaxBody       = 2 << 20 // of one request, in bytes
	KeyLife       = 24 * time.Hour
)

// keyMargin is the part of KeyLife that is not trusted: clocks differ, and a request takes its time.
const keyMargin = 10 * time.Minute

// Endpoint is a way to send.
type Endpoint string

// The two endpoints that this package sends to.
const (
	EndpointPush      Endpoint = "push"
	EndpointMulticast Endpoint = "multicast"
)

// Options are what a Client needs.
type Options struct {
	// Token is the channel access token.
	Token channel.Secret
	// BaseURL is where the API is; empty means LINE itself.
	BaseURL string
	// Now is the clock; nil means the system's.
	Now func() time.Time
}

// Client speaks for one LINE account. It is safe for concurrent use.
type Client struct {
	http  *egress.Client
	base  string
	token channel.Secret
	now   func() time.Time
}

// Try is what makes a request one that LINE knows again.
type Try struct {
	// Key is Send.MemberKey of a push and Send.ChunkKey of a multicast, the same at every try.
	Key uuid.UUID
	// DoubtSince is when the first try of those began whose outcome is not known; zero when there is none.
	DoubtSince time.Time
}

// New makes a client of a LINE account. It sends nothing.
func New(client *egress.Client, o Options) (*Client, error) {
	c := &Client{http: client, base: strings.TrimRight(o.BaseURL, "/"), token: o.Token, now: o.Now}
	if c.base == "" {
		c.base = DefaultBaseURL
	}
	if c.now == nil {
		c.now = time.Now
	}
	if !isToken(o.Token.Reveal()) {
		return nil, errors.New("the channel access token of LINE must be one word of ASCII characters")
	}
	if err := client.CheckURL(c.base); err != nil {
		return nil, fmt.Errorf("read the address of the LINE API: %w", err)
	}
	return c, nil
}

// ValidID tells whether a string has the form of a LINE user id. Whether the user exists only LINE knows.
func ValidID(id string) bool {
	return len(id) == 33 && id[0] == 'U' && strings.Trim(id[1:], "0123456789abcdef") == ""
}

type message struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// Push sends a text to one user.
func (c *Client) Push(ctx context.Context, to, text string, try Try) channel.Outcome {
	if !ValidID(to) {
		return channel.Refusal(channel.InvalidRecipient, "the recipient is no LINE user id")
	}
	return c.send(ctx, EndpointPush, to, text, try)
}

// Multicast sends one text to a chunk of users, who must be the same at every try. LINE takes all of them or none: when
// the outcome is InvalidRecipient nobody got anything, and each may be tried with Push and a key of their own.
func (c *Client) Multicast(ctx context.Context, to []string, text string, try Try) channel.Outcome {
	if len(to) == 0 || len(to) > MaxRecipients {
		return channel.Refusal(channel.Refused, fmt.Sprintf("a multicast goes to 1 to %d users", MaxRecipients))
	}
	for _, id := range to {
		if !ValidID(id) {
			return channel.Refusal(channel.InvalidRecipient, "one of the recipients is no LINE user id")
		}
	}
	return c.send(ctx, EndpointMulticast, to, text, try)
}

// send makes one request with a key, if the key can still prove anything.
func (c *Client) send(ctx context.Context, endpoint Endpoint, to any, text string, try Try) channel.Outcome {
	if Units(text) > MaxText {
		return channel.Refusal(channel.TooLarge, fmt.Sprintf("the text has more than %d characters", MaxText))
	}
	if try.Key == uuid.Nil {
		return channel.Refusal(channel.Refused, "there is no retry key")
	}
	since := try.DoubtSince
	if since.IsZero() {
		since = c.now()
	} else if !KeyProves(since, c.now()) {
		return channel.Outcome{Kind: channel.Unknown, Reason: channel.KeyExpired}
	}
	body, err := json.Marshal(map[string]any{"to": to, "messages": []message{{"text", text}}})
	if err != nil || len(body) > MaxBody {
		return channel.Refusal(channel.TooLarge, "the request is larger than LINE takes")
	}
	o := c.outcome(c.call(ctx, http.MethodPost, "/v2/bot/message/"+string(endpoint), body, try.Key))
	o.Safe = o.Kind == channel.Unknown && KeyProves(since, c.now())
	return o
}

// KeyProves tells whether a retry key that LINE may have seen at since still keeps a message from being taken twice.
func KeyProves(since, now time.Time) bool { return now.Sub(since) < KeyLife-keyMargin }

func (c *Client) call(ctx context.Context, method, path string, body []byte, key uuid.UUID) (*egress.Answer, error) {
	header := http.Header{"Authorization": {"Bearer " + c.token.Reveal()}}
	if body != nil {
		header.Set("Content-Type", "application/json")
	}
	if key != uuid.Nil {
		header.Set("X-Line-Retry-Key", key.String())
	}
	return c.http.Do(ctx, egress.Request{Method: method, URL: c.base + path, Header: header, Body: body})
}

// outcome is what became of a call to a sending endpoint.
func (c *Client) outcome(a *egress.Answer, err error) channel.Outcome {
	if err != nil {
		return channel.NoReply(err)
	}
	return c.read(a)
}

// read turns an answer of a sending endpoint into what became of the message.
func (c *Client) read(a *egress.Answer) channel.Outcome {
	o := channel.Reply(a, c.now())
	o.ProviderID = channel.ProviderID(a.Header.Get("X-Line-Request-Id"))
	switch a.Status {
	case http.StatusConflict: // an earlier try with the key was taken
		o.Kind, o.Reason = channel.Accepted, ""
		if first := channel.ProviderID(a.Header.Get("X-Line-Accepted-Request-Id")); first != "" {
			o.ProviderID = first
		}
	case http.StatusTooManyRequests:
		if isQuota(a.Body) {
			o.Kind, o.Reason, o.RetryAfter = channel.OverQuota, channel.MonthlyQuota, 0
		}
	case http.StatusBadRequest:
		if isRecipient(a.Body) {
			o.Reason = channel.InvalidRecipient
		}
	case http.StatusUnauthorized, http.StatusForbidden:
		o.Kind = channel.Trouble
	case http.StatusNotFound, http.StatusGone:
		o.Reason = channel.Refused
	case http.StatusServiceUnavailable:
		// LINE does not say that 503 means "not taken". With the key it does not matter.
		o.Kind = channel.Unknown
	}
	return o
}

// problem is the body of LINE's errors.
type problem struct {
	Message string `json:"message"`
	Details []struct {
		Property string `json:"property"`
	} `json:"details"`
}

func readProblem(body []byte) (p problem) {
	if json.Unmarshal(body, &p) != nil {
		return problem{}
	}
	p.Message = strings.ToLower(p.Message)
	return p
}

// isQuota tells the month's limit from the limit of requests, which only the text does. An unknown text is the latter:
// trying later is right in both cases.
func isQuota(body []byte) bool {
	text := readProblem(body).Message
	return strings.Contains(text, "monthly limit") || strings.Contains(text, "additional messages")
}

// isRecipient tells a recipient that LINE does not know, or may not write to, from any other mistake.
func isRecipient(body []byte) bool {
	p := readProblem(body)
	for _, d := range p.Details {
		if d.Property == "to" || strings.HasPrefix(d.Property, "to[") {
			return true
		}
	}
	return p.Message == "to" || strings.Contains(p.Message, "'to'") || strings.Contains(p.Message, "failed to send messages")
}

// Validate asks LINE whether a text is one that it would send, and sends nothing.
func (c *Client) Validate(ctx context.Context, endpoint Endpoint, text string) channel.Outcome {
	body, err := json.Marshal(map[string]any{"messages": []message{{"text", text}}})
	if err != nil {
		return channel.Refusal(channel.Refused, "the text cannot be written as JSON")
	}
	// A retry key on this endpoint is an error.
	o := c.outcome(c.call(ctx, http.MethodPost, "/v2/bot/message/validate/"+string(endpoint), body, uuid.Nil))
	o.Safe = o.Kind == channel.Unknown // nothing is sent, whatever happened
	return o
}
