// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package line

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"regexp"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/channel"
)

const (
	// SignatureHeader holds the signature of a request with events.
	SignatureHeader = "X-Line-Signature"
	// MaxEvents is the size of a request with events that is read, in bytes.
	MaxEvents = 1 << 20
)

// Event is something that a user did with the account.
type Event struct {
	Kind EventKind
	User string    // LINE's name of the user for this provider
	Text string    // of a message
	At   time.Time // by LINE's clock
}

// EventKind is what a user did.
type EventKind string

// The kinds of events that are of use here.
const (
	EventMessage  EventKind = "message"  // a text was sent
	EventFollow   EventKind = "follow"   // the account was added or taken up again
	EventUnfollow EventKind = "unfollow" // the account was blocked
)

// ErrEvents says that a body holds no events. It quotes nothing of it.
var ErrEvents = errors.New("the body is not what LINE sends")

// userID is what LINE calls a user; groups and rooms are named otherwise.
var userID = regexp.MustCompile(`^U[0-9a-f]{32}$`)

// Genuine tells whether LINE signed a body: it is the HMAC-SHA256 of the bytes as they came, with the account's channel secret.
func Genuine(secret channel.Secret, body []byte, signature string) bool {
	given, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || secret.Reveal() == "" {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write(body)
	return hmac.Equal(given, mac.Sum(nil))
}

// ParseEvents reads the events of single users that are of use here, in their order, and passes over all others: those of groups, stickers
// and images, and what LINE will think of later. The same event can come twice, and late.
func ParseEvents(body []byte) ([]Event, error) {
	var request struct {
		Events []struct {
			Type      EventKind `json:"type"`
			Timestamp int64     `json:"timestamp"`
			Source    struct {
				Type   string `json:"type"`
				UserID string `json:"userId"`
			} `json:"source"`
			Message struct {
				Type string `json:"type"`
				Text string `json:"text"`
			} `json:"message"`
		} `json:"events"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, ErrEvents
	}
	var events []Event
	for _, e := range request.Events {
		wanted := e.Type == EventFollow || e.Type == EventUnfollow || e.Type == EventMessage && e.Message.Type == "text"
		if !wanted || e.Source.Type != "user" || !userID.MatchString(e.Source.UserID) || e.Timestamp < 0 {
			continue
		}
		events = append(events, Event{Kind: e.Type, User: e.Source.UserID, Text: e.Message.Text, At: time.UnixMilli(e.Timestamp)})
	}
	return events, nil
}
