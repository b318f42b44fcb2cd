// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package journey

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Mailbox reads the demo's mailbox over its JSON pages.
type Mailbox struct {
	// Address is host and port of the mailbox's web page.
	Address string
}

// Counts is what the mailbox has taken.
type Counts struct {
	Messages   int64 `json:"messages"`   // mails, counted for each recipient
	Recipients int64 `json:"recipients"` // different recipients
	Duplicates int64 `json:"duplicates"` // the same Message-ID to the same recipient again
}

// Mail is one mail.
type Mail struct {
	ID       string              `json:"id"`
	To       string              `json:"to"`
	Subject  string              `json:"subject"`
	Received time.Time           `json:"received"`
	Text     string              `json:"text"`
	HTML     string              `json:"html"`
	Headers  map[string][]string `json:"headers"`
}

// Counts reads the totals.
func (m Mailbox) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	return c, m.get(ctx, "/api/counts", nil, &c)
}

// Mails reads the mails to one recipient, newest first; to everybody when to is empty.
func (m Mailbox) Mails(ctx context.Context, to string) ([]Mail, error) {
	var mails []Mail
	return mails, m.get(ctx, "/api/messages", url.Values{"to": {to}}, &mails)
}

func (m Mailbox) get(ctx context.Context, path string, query url.Values, into any) error {
	address := url.URL{Scheme: "http", Host: m.Address, Path: path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("read the mailbox: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("read the mailbox: %s", res.Status)
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 256<<20)).Decode(into); err != nil {
		return fmt.Errorf("read the mailbox: %w", err)
	}
	return nil
}
