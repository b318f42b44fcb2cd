// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
)

// boundary separates the two parts of a mail. "=_" occurs in neither encoding, so that no text can hold it.
const boundary = "=_alumni_part"

// The fixed pieces of a mail with two parts.
const (
	mimeStart   = "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"" + boundary + "\"\r\n"
	plainStart  = "\r\n--" + boundary + "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
	htmlStart   = "\r\n--" + boundary + "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: "
	mimeEnd     = "\r\n--" + boundary + "--\r\n"
	quotedStart = "quoted-printable\r\n\r\n"
	base64Start = "base64\r\n\r\n"
)

// Mail is a rendered mail before it is encoded.
type Mail struct {
	Locale  string
	Subject string
	Text    []byte
	HTML    []byte
	// Calendar is the event as a file (RFC 5545); nil without one.
	Calendar []byte
}

// scratches are buffers for one value or one part at a time.
var scratches sync.Pool

func scratch() *[]byte {
	if b, ok := scratches.Get().(*[]byte); ok {
		return b
	}
	return new([]byte)
}

// Render makes the mail of one member. Its errors are ErrEmptySubject, ErrTooLarge, and *Error for a shape that
// the text should not have.
func (c *Content) Render(m *Member, l Links) (*Mail, error) {
	v := c.network
	t, st, err := c.prepare(&v, m, l)
	if err != nil {
		return nil, err
	}
	mail := &Mail{Locale: t.locale, Subject: v.text[subjectLine], Text: fill(nil, st.text, &v), HTML: fill(nil, st.html, &v), Calendar: t.calendar}
	if len(mail.Text) > maxOutput || len(mail.HTML) > maxOutput {
		return nil, ErrTooLarge
	}
	return mail, nil
}

// Append makes the mail of one member and appends its headers from Subject on and its encoded parts.
func (c *Content) Append(dst []byte, m *Member, l Links) ([]byte, error) {
	v := c.network
	t, st, err := c.prepare(&v, m, l)
	if err != nil {
		return dst, err
	}
	dst = compose.AppendText(dst, "Subject", v.text[subjectLine])
	dst = compose.AppendHeader(dst, "Content-Language", t.locale)
	start := mimeStart
	if t.attached != nil {
		start = mixedStart
	}
	dst = append(append(dst, start...), plainStart...)
	begin := len(dst)
	dst = appendPart(dst, st.text, st.quotedText, &v)
	middle := len(dst)
	dst = append(dst, htmlStart...)
	dst = appendPart(dst, st.html, st.quotedHTML, &v)
	if middle-begin > maxOutput || len(dst)-middle > maxOutput {
		return dst, ErrTooLarge
	}
	return append(append(dst, mimeEnd...), t.attached...), nil
}

// appendPart encodes one part, from literals that are encoded already where there are any.
func appendPart(dst []byte, plain, quoted []segment, v *values) []byte {
	buffer := scratch()
	defer scratches.Put(buffer)
	if quoted != nil {
		dst, *buffer = fillQuoted(append(dst, quotedStart...), *buffer, quoted, v)
		return dst
	}
	*buffer = fill((*buffer)[:0], plain, v)
	return compose.AppendBase64(append(dst, base64Start...), *buffer)
}

// prepare fills in the values of a member and chooses language and shape.
func (c *Content) prepare(v *values, m *Member, l Links) (*localeText, *shapeText, error) {
	t := c.text(m.Locale)
	v.setMember(m, l)
	if v.text[subjectLine] = renderSubject(t.subject, v); v.text[subjectLine] == "" {
		return nil, nil, ErrEmptySubject
	}
	st, err := t.shape(t.body.shapeOf(v))
	if err != nil {
		return nil, nil, err
	}
	return t, st, nil
}

// renderSubject fills in the subject: one line, without control characters, at most maxSubject characters.
func renderSubject(subject *program, v *values) string {
	var b strings.Builder
	emit(subject.nodes, subject.shapeOf(v), func(n *node) {
		if n.kind == literalNode {
			b.WriteString(n.literal)
			return
		}
		b.WriteString(v.text[n.field])
	})
	s := strings.TrimSpace(b.String())
	if utf8.RuneCountInString(s) > maxSubject {
		s = string([]rune(s)[:maxSubject])
	}
	return s
}
