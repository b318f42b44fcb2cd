// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/channel/webhook"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/channeltest"
)

const key = "canary-signing-key-0123456789"

func TestASecretThatCannotBeUsedIsToldWithoutWhatItHolds(t *testing.T) {
	private, err := ParseAllow("10.1.0.0/16, 192.0.2.7,")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	o := Options{Client: NewClient(private, time.Second)}
	teamsURL := "https://canary.japan.logic.azure.com/workflows/1?sig=canary"
	for name, c := range map[string]struct {
		channel string
		values  map[string][]byte
		want    string
		refused bool
	}{
		"Slack":                        {Slack, map[string][]byte{"url": []byte("https://hooks.slack.com/services/canary\n")}, "", false},
		"Teams":                        {Teams, map[string][]byte{"url": []byte(teamsURL)}, "", false},
		"a webhook":                    {Webhook, map[string][]byte{"url": []byte("https://canary.example/in"), "signingKey": []byte(key)}, "", false},
		"an address that is allowed":   {Webhook, map[string][]byte{"url": []byte("https://10.1.2.3/canary"), "signingKey": []byte(key)}, "", false},
		"no URL":                       {Slack, map[string][]byte{}, `key "url" is missing or empty`, false},
		"no signing key":               {Webhook, map[string][]byte{"url": []byte("https://canary.example/in")}, `key "signingKey" is missing or empty`, false},
		"a short signing key":          {Webhook, map[string][]byte{"url": []byte("https://canary.example/in"), "signingKey": []byte("canary")}, `key "signingKey": signing key 1 of the webhook has fewer than 24 characters`, false},
		"clear text":                   {Slack, map[string][]byte{"url": []byte("http://canary.example/in")}, "must start with https://", true},
		"the cloud's metadata":         {Webhook, map[string][]byte{"url": []byte("https://169.254.169.254/canary"), "signingKey": []byte(key)}, "link-local", true},
		"an address within a network":  {Webhook, map[string][]byte{"url": []byte("https://10.2.0.1/canary"), "signingKey": []byte(key)}, "private and is not allowed", true},
		"a retired connector of Teams": {Teams, map[string][]byte{"url": []byte("https://canary.webhook.office.com/x")}, "which Microsoft has retired", true},
		"a channel that there is not":  {"Fax", map[string][]byte{"url": []byte("https://canary.example/in")}, "unknown channel", false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			d, err := Open(o, c.channel, "news", c.values)
			g.Expect([]string{d.Channel, d.Name}).To(Equal([]string{c.channel, "news"}))
			if c.want == "" {
				g.Expect(err).NotTo(HaveOccurred())
				return
			}
			g.Expect(err).To(MatchError(ContainSubstring(c.want)))
			g.Expect(err.Error()).NotTo(ContainSubstring("canary"))
			g.Expect(IsRefusal(err)).To(Equal(c.refused))
		})
	}
}

func TestAnAllowListIsReadAsAWholeOrNotAtAll(t *testing.T) {
	g := NewWithT(t)
	g.Expect(ParseAllow("")).To(BeEmpty())
	g.Expect(ParseAllow("10.1.2.3/16,fd00::/8")).To(Equal([]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}))
	both, err := ParseAllow("10.1.2.3, fd00::/8")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(FormatAllow(both)).To(Equal("10.1.2.3/32,fd00::/8"))
	_, err = ParseAllow("10.0.0.0/8,intranet")
	g.Expect(err).To(MatchError(ContainSubstring(`"intranet" is neither`)))
}

func TestADestinationThatCannotBeUsedRefusesItsPostAndNoOther(t *testing.T) {
	g := NewWithT(t)
	receiver, root := channeltest.New(t, channeltest.Answer{Status: 204}), t.TempDir()
	mount := func(channel, name, file, content string) {
		dir := settings.DestinationDir(root, channel, name)
		g.Expect(os.MkdirAll(dir, 0o700)).To(Succeed())
		g.Expect(os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600)).To(Succeed())
	}
	mount(Webhook, "good", KeyURL, receiver.URL+"/in\n")
	mount(Webhook, "good", KeySigning, key)
	mount(Slack, "within", KeyURL, "https://10.0.0.1/in")
	mount(Teams, "retired", KeyURL, "https://x.webhook.office.com/x")
	all := Load(Options{Client: channeltest.Client()}, root, []settings.Channel{
		{Type: Webhook, Destination: "good"}, {Type: Slack, Destination: "within"}, {Type: Teams, Destination: "retired"}, {Type: Slack, Destination: "gone"}})
	event := Event{Post: channel.Post{Title: "News", Text: "x"}, Run: webhook.Run{Key: uuid.New(), Scheduled: time.Now()}}
	var reasons []channel.Reason
	for _, d := range all {
		o := d.Post(t.Context(), event)
		g.Expect(o.Kind == channel.Accepted).To(Equal(d.Name == "good"))
		reasons = append(reasons, o.Reason)
	}
	g.Expect(reasons).To(Equal([]channel.Reason{"", channel.AddressRefused, channel.InvalidURL, channel.Credentials}))
	g.Expect(receiver.Requests()).To(HaveLen(1))
}
