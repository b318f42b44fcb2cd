// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portaltest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// lineSecret is the channel secret of the world's LINE account.
const lineSecret = "0123456789abcdef0123456789abcdef"

// WithLINE gives the network a LINE account, before it is served.
func (w *World) WithLINE() {
	w.t.Helper()
	w.Network.LINE = &settings.LINE{AccountID: "@hoshino-foods"}
	w.LINESecret(lineSecret)
}

// LINESecret changes the mounted secret of the account; an empty one takes it away. It returns the one with which LINE signs.
func (w *World) LINESecret(value string) string {
	w.t.Helper()
	file := filepath.Join(w.LINEDir, settings.LINESecretFile)
	if value == "" {
		_ = os.Remove(file)
		return lineSecret
	}
	if err := os.WriteFile(file, []byte(value), 0o600); err != nil {
		w.t.Fatalf("write the secret of LINE: %v", err)
	}
	return lineSecret
}

// LINEEvent is something that a user does in LINE, as LINE tells it. Of kind message it holds a text.
type LINEEvent struct {
	Kind, User, Text string
	At               time.Time
}

// LINEBody is a request of LINE with events.
func LINEBody(events ...LINEEvent) string {
	all := []any{}
	for _, e := range events {
		all = append(all, map[string]any{
			"type": e.Kind, "mode": "active", "timestamp": e.At.UnixMilli(), "source": map[string]string{"type": "user", "userId": e.User},
			"message": map[string]string{"id": "1", "type": "text", "text": e.Text}, "deliveryContext": map[string]bool{"isRedelivery": false},
		})
	}
	body, _ := json.Marshal(map[string]any{"destination": "U0", "events": all}) // strings and numbers always can be
	return string(body)
}

// SignLINE is the signature that LINE gives a body.
func SignLINE(body string) string {
	mac := hmac.New(sha256.New, []byte(lineSecret))
	mac.Write([]byte(body))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// PostLINE sends a body as LINE does, with the signature given.
func (b *Browser) PostLINE(body, signature string) Answer {
	b.t.Helper()
	r := b.request(http.MethodPost, "/line/events", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("X-Line-Signature", signature)
	return b.Do(r)
}

// LINE tells events as LINE does.
func (b *Browser) LINE(events ...LINEEvent) Answer {
	b.t.Helper()
	body := LINEBody(events...)
	return b.PostLINE(body, SignLINE(body))
}
