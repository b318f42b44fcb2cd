// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bounce

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"regexp"
	"strings"
)

// Bounds of what is looked at.
const (
	// MaxMessage is the number of bytes of a message that are considered.
	MaxMessage = 1 << 20
	maxDepth   = 4        // of parts in parts
	maxParts   = 32       // of a message
	maxGroups  = 32       // of a status part: one for each recipient
	maxText    = 64 << 10 // of the part for people
	maxHints   = 32
)

// Report is what a message tells of one that was sent before.
type Report struct {
	Kind   Kind
	Status Status
	// Code is the reply of the server that refused, as the report quotes it; 0 without one.
	Code int
	// EnvelopeID is the Original-Envelope-Id.
	EnvelopeID string
	// MessageID is that of the message that was sent, without angle brackets.
	MessageID string
	// Hints are texts in which the envelope sender of the message that was sent may stand; Sender.Find looks for it.
	Hints []string
	// Links are the values of List-Unsubscribe of the message that was sent: each holds a token too.
	Links []string
}

// Parse reads a message. It never fails: what is no report is Ignored.
func Parse(message []byte) Report {
	if len(message) > MaxMessage {
		message = message[:MaxMessage]
	}
	p := &parser{}
	header, body := readFields(message)
	for _, name := range []string{"to", "delivered-to", "x-original-to"} {
		p.hint(header.get(name))
	}
	p.walk(header, body, 0)
	if !p.found && isReport(header) { // the part that says it has another type, or no part was found
		if p.feedback(body); !p.found {
			p.status(body)
		}
	}
	if !p.found {
		p.plain(header)
	}
	p.aboutContent()
	return p.report
}

// parser gathers a report from the parts of a message.
type parser struct {
	report Report
	parts  int
	found  bool   // a part for programs
	text   []byte // the first part for people
}

// isReport tells whether a header announces a report.
func isReport(header fields) bool {
	return strings.Contains(strings.ToLower(header.get("content-type")), "multipart/report")
}

// walk looks at one part and at those within it.
func (p *parser) walk(header fields, body []byte, depth int) {
	if p.parts++; p.parts > maxParts {
		return
	}
	media, boundary := mediaType(header.get("content-type"))
	switch media {
	case "message/delivery-status", "message/global-delivery-status":
		p.status(decode(header, body))
	case "message/feedback-report":
		p.feedback(decode(header, body))
	case "message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers", "text/rfc822":
		returned, _ := readFields(bytes.TrimLeft(decode(header, body), "\r\n"))
		p.returned(returned)
	case "text/plain", "":
		if p.text == nil {
			p.text = head(decode(header, body), maxText)
		}
	default:
		if strings.HasPrefix(media, "multipart/") && depth < maxDepth {
			p.multipart(body, boundary, depth)
		}
	}
}

// multipart splits a body by its boundary. The closing one may be missing, and the boundary unnamed.
func (p *parser) multipart(body []byte, boundary string, depth int) {
	delimiter := []byte("--" + boundary)
	from, inside := 0, false
	end := func(to int) {
		if inside {
			header, rest := readFields(body[from:to])
			p.walk(header, rest, depth+1)
		}
	}
	for at := 0; at < len(body) && p.parts <= maxParts; {
		line, rest := cutLine(body[at:])
		next := len(body) - len(rest)
		if boundary == "" && len(line) > 2 && bytes.HasPrefix(line, []byte("--")) {
			delimiter = bytes.Clone(bytes.TrimRight(line, " \t"))
			boundary = string(delimiter[2:])
		}
		if boundary != "" && bytes.HasPrefix(line, delimiter) {
			switch strings.TrimRight(string(line[len(delimiter):]), " \t") {
			case "":
				end(at)
				from, inside = next, true
			case "--":
				end(at)
				return
			}
		}
		at = next
	}
	end(len(body))
}

// returned notes what tells the message that was sent.
func (p *parser) returned(header fields) {
	for _, f := range header {
		switch f.name {
		case "message-id":
			if p.report.MessageID == "" {
				p.report.MessageID = strings.Trim(f.value, "<> ")
			}
		case "return-path", "x-envelope-from", "x-original-return-path", "received-spf", "x-sender", "authentication-results", "received":
			p.hint(f.value)
		case "list-unsubscribe":
			if len(p.report.Links) < maxHints {
				p.report.Links = append(p.report.Links, f.value)
			}
		}
	}
}

func (p *parser) hint(value string) {
	if value != "" && len(p.report.Hints) < maxHints {
		p.report.Hints = append(p.report.Hints, value)
	}
}

var boundaryIs = regexp.MustCompile("(?i)boundary=")

// mediaType reads a Content-Type. A broken one counts as far as it can be read.
func mediaType(value string) (media, boundary string) {
	media, parameters, err := mime.ParseMediaType(value)
	if err == nil {
		return media, parameters["boundary"]
	}
	media, rest, _ := strings.Cut(value, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	if i := boundaryIs.FindStringIndex(rest); i != nil {
		rest = rest[i[1]:]
		if quoted, found := strings.CutPrefix(rest, "\""); found {
			boundary, _, _ = strings.Cut(quoted, "\"")
		} else {
			boundary, _, _ = strings.Cut(rest, ";")
			boundary = strings.TrimSpace(boundary)
		}
	}
	return media, boundary
}

// decode undoes the transfer encoding of a part, as far as it can be read.
func decode(header fields, body []byte) []byte {
	var r io.Reader
	switch strings.ToLower(header.get("content-transfer-encoding")) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, bytes.NewReader(body))
	case "quoted-printable":
		r = quotedprintable.NewReader(bytes.NewReader(body))
	default:
		return body
	}
	decoded, _ := io.ReadAll(io.LimitReader(r, MaxMessage)) // what was read before an error is what there is
	return decoded
}

func head(b []byte, most int) []byte { return b[:min(len(b), most)] }
