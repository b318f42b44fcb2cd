// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portaltest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
)

// Mail is one mail as its reader sees it.
type Mail struct {
	Header  mail.Header
	Subject string
	Text    string
	HTML    string
}

// Mails are the mails that an address got so far, in their order.
func (w *World) Mails(to string) []Mail {
	w.t.Helper()
	var all []Mail
	for _, m := range w.SMTP.Messages() {
		if !strings.EqualFold(m.To, to) {
			continue
		}
		read, err := ReadMail(m.Data)
		if err != nil {
			w.t.Fatalf("read a mail: %v", err)
		}
		all = append(all, read)
	}
	return all
}

// AwaitMail waits for the n-th mail to an address, counted from 1.
func (w *World) AwaitMail(to string, n int) Mail {
	w.t.Helper()
	w.Eventually(fmt.Sprintf("mail %d arrives", n), func() bool { return len(w.Mails(to)) >= n })
	return w.Mails(to)[n-1]
}

var linkPattern = regexp.MustCompile(`/sign-in/([A-Za-z0-9_-]{40,})`)

// Token is the token of the sign-in link in a mail.
func (m Mail) Token() string {
	found := linkPattern.FindStringSubmatch(m.Text)
	if found == nil {
		return ""
	}
	return found[1]
}

// ReadMail takes a message apart: header, plain text and HTML.
func ReadMail(data []byte) (Mail, error) {
	message, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return Mail{}, err
	}
	read := Mail{Header: message.Header}
	if read.Subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		return read, err
	}
	mediaType, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		return read, err
	}
	if !strings.HasPrefix(mediaType, "multipart/") {
		read.Text, err = decode(textproto.MIMEHeader(message.Header), message.Body)
		return read, err
	}
	for parts := multipart.NewReader(message.Body, parameters["boundary"]); ; {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return read, nil
		}
		if err != nil {
			return read, err
		}
		text, err := decode(part.Header, part)
		if err != nil {
			return read, err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			read.HTML = text
		} else {
			read.Text = text
		}
	}
}

func decode(header textproto.MIMEHeader, body io.Reader) (string, error) {
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	return strings.ReplaceAll(string(text), "\r\n", "\n"), err
}
