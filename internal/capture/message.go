// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"time"
)

// maxParts bounds the parts of a message that are looked at, nested ones included.
const maxParts = 20

// Message is a captured mail as its reader sees it. What a message does not have, or what cannot be read, is empty.
type Message struct {
	From, To, Subject string
	Date              time.Time
	Text              string // "\n" line ends
	HTML              string
	parts             int
}

// Read takes a message apart. Our own messages are in UTF-8; of each kind the first part counts.
func Read(source []byte) Message {
	var m Message
	read, err := netmail.ReadMessage(bytes.NewReader(source))
	if err != nil {
		return m
	}
	m.From, m.To, m.Subject = decoded(read.Header, "From"), decoded(read.Header, "To"), decoded(read.Header, "Subject")
	if date, err := read.Header.Date(); err == nil {
		m.Date = date
	}
	m.take(textproto.MIMEHeader(read.Header), read.Body)
	return m
}

func decoded(header netmail.Header, name string) string {
	value := header.Get(name)
	text, err := new(mime.WordDecoder).DecodeHeader(value)
	if err != nil {
		return value
	}
	return text
}

// take reads one part, and the parts of a part.
func (m *Message) take(header textproto.MIMEHeader, body io.Reader) {
	if m.parts == maxParts {
		return
	}
	m.parts++
	kind, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	switch {
	case err != nil:
		return
	case strings.HasPrefix(kind, "multipart/"):
		for parts := multipart.NewReader(body, parameters["boundary"]); m.parts < maxParts; {
			part, err := parts.NextRawPart()
			if err != nil {
				return
			}
			m.take(part.Header, part)
		}
	case kind == "text/plain" && m.Text == "":
		m.Text = text(header, body)
	case kind == "text/html" && m.HTML == "":
		m.HTML = text(header, body)
	}
}

func text(header textproto.MIMEHeader, body io.Reader) string {
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	content, err := io.ReadAll(body)
	if err != nil && len(content) == 0 {
		return ""
	}
	return strings.ReplaceAll(strings.ToValidUTF8(string(content), "\uFFFD"), "\r\n", "\n")
}
