// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/channel/slack"
	"github.com/alumni-operator/alumni-operator/internal/channel/teams"
	"github.com/alumni-operator/alumni-operator/internal/channel/webhook"
	"github.com/alumni-operator/alumni-operator/internal/egress"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// The channels whose destinations get one post for each run, as the API and the ledger call them.
const (
	Slack   = settings.ChannelSlack
	Teams   = settings.ChannelTeams
	Webhook = settings.ChannelWebhook
)

// The keys of a destination's Secret.
const (
	KeyURL     = "url"
	KeySigning = "signingKey" // of a webhook
)

// Timeout bounds one request in all. A worker that is told to stop lets requests end, so it is well below the time that a pod is
// given to end.
const Timeout = 10 * time.Second

// Event is what is posted. Run is what a webhook tells beside the post; the others have no use for it.
type Event struct {
	Post channel.Post
	Run  webhook.Run
}

// Destination is one place that gets one post.
type Destination struct {
	Channel, Name string
	// Post posts once, and says what became of it.
	Post func(context.Context, Event) channel.Outcome
}

// Options are what clients share.
type Options struct {
	Client *egress.Client
	// TeamsHosts are taken beside Microsoft's; see teams.Options. Only tests set it.
	TeamsHosts []string
}

// NewClient makes the client for all destinations, which reaches the public Internet, and beyond it what is allowed.
func NewClient(allow []netip.Prefix, timeout time.Duration) *egress.Client {
	return egress.New(egress.Options{Policy: egress.Policy{Allow: allow}, TotalTimeout: timeout, ConnectTimeout: timeout, TLSTimeout: timeout, HeaderTimeout: timeout})
}

// ParseAllow reads a list of prefixes and addresses with commas between them; an empty one allows nothing.
func ParseAllow(list string) ([]netip.Prefix, error) {
	words := slices.DeleteFunc(strings.Split(list, ","), func(word string) bool { return strings.TrimSpace(word) == "" })
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	return egress.ParsePrefixes(words)
}

// FormatAllow writes what ParseAllow reads.
func FormatAllow(allow []netip.Prefix) string {
	words := make([]string, len(allow))
	for i, p := range allow {
		words[i] = p.String()
	}
	return strings.Join(words, ",")
}

// Keys are those that the Secret of a destination must hold.
func Keys(channelType string) []string {
	if channelType == Webhook {
		return []string{KeyURL, KeySigning}
	}
	return []string{KeyURL}
}

// errURL marks an error that speaks of the URL.
var errURL = errors.New("the URL cannot be used")

// IsRefusal tells an error of Open that speaks of the URL from one that speaks of a key.
func IsRefusal(err error) bool { return errors.Is(err, errURL) }

// refusal keeps the words of an error and marks it.
type refusal struct{ error }

func (r refusal) Is(target error) bool { return target == errURL }
func (r refusal) Unwrap() error        { return r.error }

// Open makes the client of a destination from what its Secret holds. It sends nothing. Its errors are ready to be shown.
func Open(o Options, channelType, name string, values map[string][]byte) (Destination, error) {
	d := Destination{Channel: channelType, Name: name}
	for _, key := range Keys(channelType) {
		if len(values[key]) == 0 {
			return d, fmt.Errorf("key %q is missing or empty", key)
		}
	}
	url := channel.NewSecret(string(values[KeyURL]))
	switch channelType {
	case Slack:
		c, err := slack.New(o.Client, slack.Options{URL: url})
		if err != nil {
			return d, refusal{err}
		}
		d.Post = func(ctx context.Context, e Event) channel.Outcome { return c.Post(ctx, e.Post) }
	case Teams:
		c, err := teams.New(o.Client, teams.Options{URL: url, Hosts: o.TeamsHosts})
		if err != nil {
			return d, refusal{err}
		}
		d.Post = func(ctx context.Context, e Event) channel.Outcome { return c.Post(ctx, e.Post) }
	case Webhook:
		keys, err := webhook.ParseKeys(string(values[KeySigning]))
		if err != nil {
			return d, fmt.Errorf("key %q: %w", KeySigning, err)
		}
		c, err := webhook.New(o.Client, webhook.Options{URL: url, Keys: keys})
		if err != nil {
			return d, refusal{err}
		}
		d.Post = func(ctx context.Context, e Event) channel.Outcome { return c.Post(ctx, e.Run, e.Post) }
	default:
		return d, fmt.Errorf("unknown channel %q", channelType)
	}
	return d, nil
}

// Load opens the destinations of a run from the folders that are mounted for them. One that cannot be used refuses its post, and
// says why: it must not keep the others, and the mails, from going out.
func Load(o Options, root string, uses []settings.Channel) []Destination {
	var all []Destination
	for _, use := range uses {
		d, err := load(o, root, use)
		if err != nil {
			reason := channel.Credentials
			var e *egress.Error
			switch {
			case errors.As(err, &e) && e.Reason == egress.AddressRefused:
				reason = channel.AddressRefused
			case IsRefusal(err):
				reason = channel.InvalidURL
			}
			outcome := channel.Refusal(reason, err.Error())
			d.Post = func(context.Context, Event) channel.Outcome { return outcome }
		}
		all = append(all, d)
	}
	return all
}

func load(o Options, root string, use settings.Channel) (Destination, error) {
	values := map[string][]byte{}
	for _, key := range Keys(use.Type) {
		value, err := os.ReadFile(filepath.Join(settings.DestinationDir(root, use.Type, use.Destination), key))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return Destination{Channel: use.Type, Name: use.Destination}, fmt.Errorf("key %q cannot be read", key)
		}
		values[key] = value
	}
	return Open(o, use.Type, use.Destination, values)
}
