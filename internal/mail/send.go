// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
)

// Message is a single mail with a text part and, if it is not empty, an HTML part.
type Message struct {
	FromName    string
	FromAddress string
	To          string
	Subject     string
	Locale      string // Content-Language; may be empty
	Text        string // "\n" line ends
	HTML        string
	Calendar    []byte // a calendar file (RFC 5545) for the end of a mail with an HTML part; may be nil
	MessageID   string // without angle brackets; empty: a random one
	Date        time.Time
	Headers     [][2]string // more headers, ASCII, each on one line
	Member      [16]byte    // whom it is for; only a Recorder asks
}

const (
	singleBoundary = "=_alumni_single"
	mixedBoundary  = "=_alumni_mixed"
)

// Send delivers one message over a connection of its own, or into the capture. Its error is a *Failure for everything that the mail
// server decided, and wraps compose.ErrAddress for an address that cannot be one.
func Send(ctx context.Context, c Config, m Message) error {
	from, err := compose.ParseAddress(m.FromAddress)
	if err != nil {
		return fmt.Errorf("read the sender's address: %w", err)
	}
	to, err := compose.ParseAddress(m.To)
	if err != nil {
		return fmt.Errorf("read the recipient's address: %w", err)
	}
	body, err := c.Sign(m.build(from, to))
	if err != nil {
		return err
	}
	letter := &Letter{From: from, To: to, Body: body, Member: m.Member}
	if c.Captures() {
		return failureOf(c.record(ctx, letter))
	}
	s, err := connect(ctx, c)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, s.cut)
	defer stop()
	o, ready := s.begin(letter)
	if ready {
		o, _, _ = s.finish(letter, nil)
	}
	if !s.closed {
		s.quit()
	}
	if !ready {
		return &Failure{o}
	}
	return failureOf(o)
}

// failureOf is nil for a message that was accepted.
func failureOf(o Outcome) error {
	if o.Kind == Accepted {
		return nil
	}
	return &Failure{o}
}

// build writes the whole message.
func (m Message) build(from, to compose.Address) []byte {
	if m.MessageID == "" {
		m.MessageID = rand.Text() + "@" + from.Domain()
	}
	if m.Date.IsZero() {
		m.Date = time.Now()
	}
	b := compose.AppendMailbox(nil, "From", m.FromName, from.Mailbox)
	b = compose.AppendTo(b, "To", to.Mailbox)
	b = compose.AppendText(b, "Subject", m.Subject)
	b = compose.AppendDate(b, m.Date)
	b = compose.AppendHeader(b, "Message-ID", "<"+m.MessageID+">")
	if m.Locale != "" {
		b = compose.AppendHeader(b, "Content-Language", m.Locale)
	}
	for _, h := range m.Headers {
		b = compose.AppendHeader(b, h[0], h[1])
	}
	b = append(b, "MIME-Version: 1.0\r\n"...)
	if m.HTML == "" {
		return appendPart(b, "plain", m.Text)
	}
	if m.Calendar != nil {
		b = append(b, "Content-Type: multipart/mixed; boundary=\""+mixedBoundary+"\"\r\n\r\n--"+mixedBoundary+"\r\n"...)
	}
	b = append(b, "Content-Type: multipart/alternative; boundary=\""+singleBoundary+"\"\r\n\r\n"...)
	for _, part := range [][2]string{{"plain", m.Text}, {"html", m.HTML}} {
		b = append(b, "--"+singleBoundary+"\r\n"...)
		b = append(appendPart(b, part[0], part[1]), "\r\n"...)
	}
	b = append(b, "--"+singleBoundary+"--\r\n"...)
	if m.Calendar == nil {
		return b
	}
	b = append(b, "\r\n--"+mixedBoundary+"\r\nContent-Type: text/calendar; charset=utf-8; method=PUBLISH; name=\"event.ics\"\r\n"+
		"Content-Disposition: attachment; filename=\"event.ics\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"...)
	return append(compose.AppendBase64(b, m.Calendar), "\r\n--"+mixedBoundary+"--\r\n"...)
}

func appendPart(b []byte, subtype, text string) []byte {
	b = append(b, "Content-Type: text/"+subtype+"; charset=utf-8\r\nContent-Transfer-Encoding: "...)
	if compose.MostlyASCII(text) {
		return compose.AppendQuotedPrintable(append(b, "quoted-printable\r\n\r\n"...), []byte(text))
	}
	return compose.AppendBase64(append(b, "base64\r\n\r\n"...), []byte(text))
}
