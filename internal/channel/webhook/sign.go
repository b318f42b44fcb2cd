// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/channel"
)

// The headers of a request.
const (
	HeaderID        = "Webhook-Id"        // the event's id, the same at every try
	HeaderTimestamp = "Webhook-Timestamp" // when this try was made, in seconds since 1970
	HeaderSignature = "Webhook-Signature" // "sha256=HEX", several with ", " between them
	HeaderKey       = "Idempotency-Key"   // the event's id again
)

// Tolerance is how far the clocks of sender and receiver may be apart, and how long a copied request is of use.
const Tolerance = 5 * time.Minute

// The bounds of signing keys.
const (
	MinKey  = 24 // characters
	MaxKeys = 4
)

const signaturePrefix = "sha256="

// The errors of Verify.
var (
	ErrTimestamp = errors.New("the timestamp is missing or not of these minutes")
	ErrSignature = errors.New("no signature fits")
)

// ParseKeys reads the Secret's signing keys: one on each line, at least MinKey characters long. Every request is signed
// with all of them, so a new one may be added, given to the receiver, and the old one taken away.
func ParseKeys(content string) ([]channel.Secret, error) {
	var keys []channel.Secret
	for line := range strings.Lines(content) {
		key := strings.TrimSpace(line)
		switch {
		case key == "":
			continue
		case len(key) < MinKey:
			return nil, fmt.Errorf("signing key %d of the webhook has fewer than %d characters", len(keys)+1, MinKey)
		}
		keys = append(keys, channel.NewSecret(key))
	}
	switch {
	case len(keys) == 0:
		return nil, errors.New("the webhook has no signing key")
	case len(keys) > MaxKeys:
		return nil, fmt.Errorf("the webhook has more than %d signing keys", MaxKeys)
	}
	return keys, nil
}

// Sign is the value of HeaderSignature: one signature for each key.
func Sign(keys []channel.Secret, timestamp int64, body []byte) string {
	signatures := make([]string, 0, len(keys))
	for _, key := range keys {
		signatures = append(signatures, signaturePrefix+hex.EncodeToString(tag(key.Reveal(), strconv.FormatInt(timestamp, 10), body)))
	}
	return strings.Join(signatures, ", ")
}

func tag(key, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

// Verify is what a receiver does: it is nil for a request that was signed with one of the keys and made within Tolerance
// of now. docs/channels.md has the same for receivers who cannot import it.
func Verify(h http.Header, body []byte, keys []channel.Secret, now time.Time) error {
	timestamp := h.Get(HeaderTimestamp)
	made, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || now.Sub(time.Unix(made, 0)).Abs() > Tolerance {
		return ErrTimestamp
	}
	for part := range strings.SplitSeq(h.Get(HeaderSignature), ",") {
		given, isHex := strings.CutPrefix(strings.TrimSpace(part), signaturePrefix)
		signature, err := hex.DecodeString(given)
		if !isHex || err != nil {
			continue
		}
		for _, key := range keys {
			if hmac.Equal(signature, tag(key.Reveal(), timestamp, body)) {
				return nil
			}
		}
	}
	return ErrSignature
}
