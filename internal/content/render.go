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

// Mail is a rendered mail before it is encoded.
type Mail struct {
	Locale  string
	Subject string
	Text    []byte
	HTML    []byte
	ascii   bool
}

var mails = sync.Pool{New: func() any { return new(Mail) }}

// Render makes the mail of one member. Its errors are ErrEmptySubject, ErrTooLarge, and *Error for a shape that
// the text should not have.
func (c *Content) Render(m *Member, l Links) (*Mail, error) {
	mail := new(Mail)
	if err := c.render(mail, m, l); err != nil {
		return nil, err
	}
	return mail, nil
}

// Append makes the mail of one member and appends its headers from Subject on and its encoded parts.
func (c *Content) Append(dst []byte, m *Member, l Links) ([]byte, error) {
	mail := mails.Get().(*Mail)
	defer mails.Put(mail)
	if err := c.render(mail, m, l); err != nil {
		return dst, err
	}
	dst = compose.AppendText(dst, "Subject", mail.Subject)
	dst = compose.AppendHeader(dst, "Content-Language", mail.Locale)
	dst = append(dst, "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\""+boundary+"\"\r\n\r\n"...)
	dst = mail.appendPart(dst, "plain", mail.Text)
	dst = mail.appendPart(dst, "html", mail.HTML)
	return append(dst, "--"+boundary+"--\r\n"...), nil
}

func (m *Mail) appendPart(dst []byte, subtype string, part []byte) []byte {
	dst = append(dst, "--"+boundary+"\r\nContent-Type: text/"...)
	dst = append(append(dst, subtype...), "; charset=utf-8\r\nContent-Transfer-Encoding: "...)
	if m.ascii {
		dst = append(dst, "quoted-printable\r\n\r\n"...)
		dst = compose.AppendQuotedPrintable(dst, part)
	} else {
		dst = append(dst, "base64\r\n\r\n"...)
		dst = compose.AppendBase64(dst, part)
	}
	return append(dst, "\r\n"...)
}

func (c *Content) render(mail *Mail, m *Member, l Links) error {
	t := c.text(m.Locale)
	v := c.network
	v.setMember(m, l)
	mail.Locale = t.locale
	mail.Subject = t.renderSubject(&v)
	if mail.Subject == "" {
		return ErrEmptySubject
	}
	v.text[subjectLine] = mail.Subject
	st, err := t.shape(t.body.shapeOf(&v))
	if err != nil {
		return err
	}
	mail.ascii = st.ascii
	mail.Text = fill(mail.Text[:0], st.text, &v)
	mail.HTML = fill(mail.HTML[:0], st.html, &v)
	if len(mail.Text) > maxOutput || len(mail.HTML) > maxOutput {
		return ErrTooLarge
	}
	return nil
}

// renderSubject fills in the subject: one line, without control characters, at most maxSubject characters.
func (t *localeText) renderSubject(v *values) string {
	var b strings.Builder
	emit(t.subject.nodes, t.subject.shapeOf(v), func(n *node) {
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
