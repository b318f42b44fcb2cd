// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The example begins.

// genuine tells whether a request comes from the alumni network and was made in the last minutes. body are the bytes
// as they came, not what a JSON library made of them.
func genuine(header http.Header, body []byte, key string) bool {
	timestamp := header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	want := "sha256=" + hex.EncodeToString(mac.Sum(nil))
	for given := range strings.SplitSeq(header.Get("Webhook-Signature"), ", ") {
		if hmac.Equal([]byte(given), []byte(want)) {
			return true
		}
	}
	return false
}
