// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

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

	"golang.org/x/text/encoding/htmlindex"
)

// maxParts bounds the parts of a message that are looked at, nested ones included.
const maxParts = 50

// words decodes headers such as =?UTF-8?B?…?=.
var words = mime.WordDecoder{CharsetReader: func(charset string, input io.Reader) (io.Reader, error) {
	e, err := htmlindex.Get(charset)
	if err != nil {
		return nil, err
	}
	return e.NewDecoder().Reader(input), nil
}}

// head is what is needed of a message at once.
type head struct{ subject, messageID string }

func readHead(source []byte) head {
	m, err := netmail.ReadMessage(bytes.NewReader(source))
	if err != nil {
		return head{}
	}
	return head{subject: decodeHeader(m.Header.Get("Subject")), messageID: strings.TrimSpace(m.Header.Get("Message-Id"))}
}

func decodeHeader(value string) string {
	decoded, err := words.DecodeHeader(value)
	if err != nil {
		return value
	}
	return decoded
}

// content is a message ready to be shown.
type content struct {
	Headers map[string][]string
	Names   []string // of the headers, as they came
	Text    string
	HTML    string
	parts   int
}

// readContent takes a message apart. What cannot be read is left out.
func readContent(source []byte) content {
	c := content{Headers: map[string][]string{}}
	m, err := netmail.ReadMessage(bytes.NewReader(source))
	if err != nil {
		c.Text = string(source)
		return c
	}
	for _, line := range bytes.Split(source, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			break
		}
		if name, _, found := bytes.Cut(line, []byte(":")); found && line[0] != ' ' && line[0] != '\t' {
			key := textproto.CanonicalMIMEHeaderKey(string(name))
			if _, seen := c.Headers[key]; !seen {
				c.Names = append(c.Names, key)
				c.Headers[key] = nil
			}
		}
	}
	for key := range c.Headers {
		for _, value := range m.Header[key] {
			c.Headers[key] = append(c.Headers[key], decodeHeader(value))
		}
	}
	c.read(textproto.MIMEHeader(m.Header), m.Body)
	return c
}

// read takes one part: the first text and the first HTML count.
func (c *content) read(header textproto.MIMEHeader, body io.Reader) {
	if c.parts == maxParts {
		return
	}
	c.parts++
	mediaType, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		mediaType = "text/plain"
	}
	if strings.HasPrefix(mediaType, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if err != nil {
				return
			}
			c.read(part.Header, part)
		}
	}
	if strings.HasPrefix(header.Get("Content-Disposition"), "attachment") {
		return
	}
	switch mediaType {
	case "text/plain":
		if c.Text == "" {
			c.Text = decodeBody(header, params["charset"], body)
		}
	case "text/html":
		if c.HTML == "" {
			c.HTML = decodeBody(header, params["charset"], body)
		}
	}
}

func decodeBody(header textproto.MIMEHeader, charset string, body io.Reader) string {
	switch strings.ToLower(strings.TrimSpace(header.Get("Content-Transfer-Encoding"))) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	if e, err := htmlindex.Get(charset); err == nil {
		body = e.NewDecoder().Reader(body)
	}
	decoded, err := io.ReadAll(body)
	if err != nil && len(decoded) == 0 {
		return ""
	}
	return strings.ReplaceAll(string(decoded), "\r\n", "\n")
}
