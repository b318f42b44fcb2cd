// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func TestAMessageIsTakenApart(t *testing.T) {
	head := "From: =?utf-8?B?44G744GX44Gu?= <a@b.example>\r\nTo: <hana@mail.example>\r\nSubject: =?utf-8?Q?Caf=C3=A9?=\r\nDate: Sat, 21 Nov 2026 12:00:00 +0900\r\n"
	tests := map[string]struct{ source, text, html string }{
		"text alone": {head + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3Db\r\nc\r\n", "a=b\nc\n", ""},
		"text and HTML": {head + "Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n5pif\r\n" +
			"--x\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n--x--\r\n", "星", "<p>x</p>"},
		"a part of no kind":    {head + "Content-Type: ;;\r\n\r\nx", "", ""},
		"a cut multipart":      {head + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nhalf", "half", ""},
		"bytes of no encoding": {head + "Content-Type: text/plain\r\n\r\na\xff", "a\uFFFD", ""},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			m := Read([]byte(c.source))
			g.Expect([]string{m.Subject, m.To, m.From}).To(Equal([]string{"Café", "<hana@mail.example>", "ほしの <a@b.example>"}))
			g.Expect(m.Date.UTC().Hour()).To(Equal(3))
			g.Expect(m.Text).To(Equal(c.text))
			g.Expect(m.HTML).To(Equal(c.html))
		})
	}
}

// FuzzRead looks for messages over which reading breaks or never ends.
func FuzzRead(f *testing.F) {
	f.Add([]byte("Subject: x\r\n\r\ny"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=x\r\n\r\n" + strings.Repeat("--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n", 30)))
	f.Fuzz(func(t *testing.T, source []byte) {
		if m := Read(source); m.parts > maxParts {
			t.Errorf("%d parts were read", m.parts)
		}
	})
}
