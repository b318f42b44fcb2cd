// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/channel/line"
	"github.com/alumni-operator/alumni-operator/internal/channel/slack"
	"github.com/alumni-operator/alumni-operator/internal/channel/teams"
	"github.com/alumni-operator/alumni-operator/internal/channel/webhook"
	"github.com/alumni-operator/alumni-operator/internal/testutil/channeltest"
)

// step is what is sent in these tests; each message is of another run.
func step(message int) channel.Send {
	return channel.Send{Network: "network", Run: fmt.Sprintf("news-%d", message), Step: 1}
}

// sender sends a message by its number. The same number is the same message, with the same key.
type sender func(ctx context.Context, message int, p channel.Post) channel.Outcome

// adapter is a channel in the suite.
type adapter struct {
	// open makes a sender to the fakes at a base URL.
	open func(t *testing.T, base string) sender
	// most is how many bytes of one request the channel may use.
	most int64
	// people is how many recipients get one message.
	people int64
	// limits tells that the fake limits it, and waits that the provider says how long.
	limits, waits bool
	// safe tells that a lost answer may be asked for again, and idempotent that the fake then counts once.
	safe, idempotent bool
	// gone is the reason when nothing is at the URL.
	gone channel.Reason
}

var adapters = map[string]adapter{
	"LINE push": {
		open: openPush, most: line.MaxBody, people: 1, limits: true, safe: true, idempotent: true, gone: channel.Refused,
	},
	"LINE multicast": {
		open: openMulticast, most: line.MaxBody, people: line.MaxRecipients, limits: true, safe: true, idempotent: true, gone: channel.Refused,
	},
	"Slack": {
		open: openSlack, most: 64 << 10, people: 1, limits: true, waits: true, gone: channel.DestinationGone,
	},
	"Teams": {
		open: openTeams, most: teams.MaxBody, people: 1, limits: true, waits: true, gone: channel.DestinationGone,
	},
	"Webhook": {
		open: openWebhook, most: webhook.MaxBody, people: 1, idempotent: true, gone: channel.Refused,
	},
}

// userID is the LINE id that the sink counts as a number.
func userID(n int) string { return fmt.Sprintf("U%032d", n) }

func newLINE(t *testing.T, base string) *line.Client {
	t.Helper()
	c, err := line.New(channeltest.Client(), line.Options{Token: channel.NewSecret("token"), BaseURL: base})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func openPush(t *testing.T, base string) sender {
	c := newLINE(t, base)
	return func(ctx context.Context, message int, p channel.Post) channel.Outcome {
		text, err := line.Text(p)
		if err != nil {
			return channel.NotBuilt(err)
		}
		return c.Push(ctx, userID(message), text, line.Try{Key: step(message).MemberKey(uuid.Max)})
	}
}

// chunk is a full chunk of recipients.
func chunk(message int) []string {
	ids := make([]string, line.MaxRecipients)
	for i := range ids {
		ids[i] = userID(message*line.MaxRecipients + i)
	}
	return ids
}

func openMulticast(t *testing.T, base string) sender {
	c := newLINE(t, base)
	return func(ctx context.Context, message int, p channel.Post) channel.Outcome {
		text, err := line.Text(p)
		if err != nil {
			return channel.NotBuilt(err)
		}
		return c.Multicast(ctx, chunk(message), text, line.Try{Key: step(message).ChunkKey(0)})
	}
}

func openSlack(t *testing.T, base string) sender {
	c, err := slack.New(channeltest.Client(), slack.Options{URL: channel.NewSecret(base + "/slack/T0/B0")})
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, _ int, p channel.Post) channel.Outcome { return c.Post(ctx, p) }
}

func openTeams(t *testing.T, base string) sender {
	host, _, _ := strings.Cut(strings.TrimPrefix(base, "http://"), "/")
	c, err := teams.New(channeltest.Client(), teams.Options{URL: channel.NewSecret(base + "/teams/flow?sig=s"), Hosts: []string{host}})
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, _ int, p channel.Post) channel.Outcome { return c.Post(ctx, p) }
}

func openWebhook(t *testing.T, base string) sender {
	keys, err := webhook.ParseKeys("a-signing-key-of-good-length")
	if err != nil {
		t.Fatal(err)
	}
	c, err := webhook.New(channeltest.Client(), webhook.Options{URL: channel.NewSecret(base + "/hook/intranet"), Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, message int, p channel.Post) channel.Outcome {
		return c.Post(ctx, webhook.Run{
			Network: webhook.Network{Namespace: "hr", Name: "alumni"}, Campaign: webhook.Campaign{Name: "news", Type: "Newsletter"},
			Name: step(message).Run, Scheduled: time.Unix(1795251600, 0), Locale: "en", Key: step(message).DestinationKey("intranet"),
		}, p)
	}
}
