// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package line_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/channel/line"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

const (
	someUser      = "U0123456789abcdef0123456789abcdef"
	channelSecret = "0123456789abcdef0123456789abcdef"
)

// textEvent is one as the reference of the Messaging API shows it.
const textEvent = `{"replyToken":"r","type":"message","mode":"active","timestamp":1795251605123,"source":{"type":"user","userId":"` + someUser + `"},
	"webhookEventId":"01","deliveryContext":{"isRedelivery":true},"message":{"id":"1","type":"text","quoteToken":"q","text":"Hello"}}`

func TestOnlyWhatLINESignedIsGenuine(t *testing.T) {
	// By openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef -binary | base64
	const body, signature = `{"destination":"U","events":[]}`, "/1ojC/MP998Ib5+PCS0lfpEt9x9aMWXxQtz8eaqvr9c="
	for name, c := range map[string]struct {
		secret, body, signature string
		want                    bool
	}{
		"as LINE signs":          {channelSecret, body, signature, true},
		"another body":           {channelSecret, body + " ", signature, false},
		"another secret":         {strings.Repeat("0", 32), body, signature, false},
		"no signature":           {channelSecret, body, "", false},
		"half a signature":       {channelSecret, body, signature[:20], false},
		"no base64":              {channelSecret, body, "%%%", false},
		"an account with no key": {"", body, signature, false},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(line.Genuine(channel.NewSecret(c.secret), []byte(c.body), c.signature)).To(Equal(c.want))
		})
	}
}

func TestEventsOfSingleUsersAreReadAndOthersPassedOver(t *testing.T) {
	at := time.UnixMilli(1795251605123)
	with := func(old, by string) string { return strings.ReplaceAll(textEvent, old, by) }
	for name, c := range map[string]struct {
		event string
		want  []line.Event
	}{
		"a text":                  {textEvent, []line.Event{{Kind: line.EventMessage, User: someUser, Text: "Hello", At: at}}},
		"a sticker":               {with(`"type":"text"`, `"type":"sticker"`), nil},
		"in a group":              {with(`"type":"user"`, `"type":"group","groupId":"C1"`), nil},
		"of somebody unnamed":     {with(someUser, ""), nil},
		"of a name that is none":  {with(someUser, someUser+"0"), nil},
		"before there was time":   {with("1795251605123", "-1"), nil},
		"a follow":                {with(`"type":"message"`, `"type":"follow"`), []line.Event{{Kind: line.EventFollow, User: someUser, Text: "Hello", At: at}}},
		"an unfollow":             {with(`"type":"message"`, `"type":"unfollow"`), []line.Event{{Kind: line.EventUnfollow, User: someUser, Text: "Hello", At: at}}},
		"of a kind that is to be": {with(`"type":"message"`, `"type":"memberJoined"`), nil},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			got, err := line.ParseEvents([]byte(`{"destination":"U","events":[` + c.event + `]}`))
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(got).To(Equal(c.want))
		})
	}
	g := NewWithT(t)
	g.Expect(line.ParseEvents([]byte(`{"events":[]}`))).To(BeEmpty(), "LINE's console tries the address so")
	for _, garbage := range []string{"", "x", `{"events":{}}`, `{"events":[{"timestamp":1e99}]}`, `[1]`} {
		_, err := line.ParseEvents([]byte(garbage))
		g.Expect(err).To(MatchError(line.ErrEvents), garbage)
	}
}

func TestTheChannelSecretIsReadFromItsFolder(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	_, err := line.ReadChannelSecret(dir)
	g.Expect(err).To(MatchError(os.ErrNotExist))
	file := filepath.Join(dir, settings.LINESecretFile)
	g.Expect(os.WriteFile(file, []byte("not-a-secret-value"), 0o600)).To(Succeed())
	_, err = line.ReadChannelSecret(dir)
	g.Expect(err).To(MatchError(And(ContainSubstring("channelSecret must be"), Not(ContainSubstring("not-a-secret-value")))))
	g.Expect(os.WriteFile(file, []byte(channelSecret+"\n"), 0o600)).To(Succeed())
	secret, err := line.ReadChannelSecret(dir)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(secret.Reveal()).To(Equal(channelSecret))
}

// FuzzParseEvents reads anything: what comes out is always of a single user, by a name that can be LINE's.
func FuzzParseEvents(f *testing.F) {
	f.Add([]byte(`{"destination":"U","events":[` + textEvent + `]}`))
	f.Add([]byte(`{"events":[{"type":"follow","source":null}]}`))
	f.Add([]byte(`{"events":[{"type":"message","timestamp":9223372036854775807,"source":{"type":"user","userId":"` + someUser + `"},"message":{"type":"text"}}]}`))
	f.Add([]byte(`{"events":null}`))
	name := regexp.MustCompile(`^U[0-9a-f]{32}$`)
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := line.ParseEvents(body)
		if err != nil && (err.Error() != line.ErrEvents.Error() || events != nil) { // it quotes nothing
			t.Errorf("%v with %d events", err, len(events))
		}
		for _, e := range events {
			if !name.MatchString(e.User) || e.At.Before(time.UnixMilli(0)) || e.Kind != line.EventMessage && e.Kind != line.EventFollow && e.Kind != line.EventUnfollow {
				t.Errorf("%+v", e)
			}
		}
	})
}
