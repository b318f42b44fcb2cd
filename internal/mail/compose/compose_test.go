// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compose

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"
)

// decoded reads one header with the standard library.
func decoded(t testing.TB, header []byte, name string) string {
	t.Helper()
	msg, err := mail.ReadMessage(bytes.NewReader(append(bytes.Clone(header), "\r\n"...)))
	if err != nil {
		t.Fatalf("read %q: %v", header, err)
	}
	if len(msg.Header) != 1 {
		t.Fatalf("%q holds %d headers", header, len(msg.Header))
	}
	s, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get(name))
	if err != nil {
		t.Fatalf("decode %q: %v", header, err)
	}
	return s
}

func TestTextHeaders(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"plain":                   {"Spring news", "Spring news"},
		"Japanese":                {"星野さん、春号をお届けします。今号も盛りだくさんの内容でお届けいたします。", "星野さん、春号をお届けします。今号も盛りだくさんの内容でお届けいたします。"},
		"long ASCII":              {strings.Repeat("abcdefg ", 40) + "end", strings.Repeat("abcdefg ", 40) + "end"},
		"a word without a break":  {strings.Repeat("x", 300), strings.Repeat("x", 300)},
		"an injected header":      {"a\r\nBcc: x@y.example", "a  Bcc: x@y.example"},
		"a separator":             {"a\u2028b\x00c\x7fd", "a b c d"},
		"something like encoding": {"=?utf-8?q?x?=", "=?utf-8?q?x?="},
		"invalid UTF-8":           {"a\xffb", "a\ufffdb"},
		"nothing":                 {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			got := AppendText(nil, "Subject", c.text)
			g.Expect(decoded(t, got, "Subject")).To(Equal(c.want))
			for line := range strings.SplitSeq(string(got), "\r\n") {
				if !strings.Contains(line, "xxxxxxxx") {
					g.Expect(len(line)).To(BeNumerically("<=", 78))
				}
			}
		})
	}
}

func TestMailboxes(t *testing.T) {
	for name, display := range map[string]string{"ASCII": `Hoshino "Alumni" \ Team`, "Japanese": "ほしの食品アルムナイ事務局からのお知らせと近況のご報告", "hostile": "a\r\nBcc: b@c.example", "empty": ""} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			raw := AppendMailbox(nil, "From", display, "a@hoshino.example")
			msg, err := mail.ReadMessage(bytes.NewReader(append(raw, "\r\n"...)))
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(msg.Header).To(HaveLen(1))
			address, err := mail.ParseAddress(msg.Header.Get("From"))
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(address.Address).To(Equal("a@hoshino.example"))
			g.Expect(address.Name).To(Equal(oneLine(display)))
		})
	}
}

func TestLongHeaderStaysOnOneLine(t *testing.T) {
	g := NewWithT(t)
	value := "<https://alumni.example/u/" + strings.Repeat("A", 200) + ">"
	g.Expect(string(AppendHeader(nil, "List-Unsubscribe", value))).To(Equal("List-Unsubscribe: " + value + "\r\n"))
	g.Expect(string(AppendHeader(nil, "X", "a\r\nBcc: b\x00é"))).To(Equal("X: aBcc: b\r\n"))
	g.Expect(string(AppendTo(nil, "To", "a@b.example>\r\nBcc: x"))).To(Equal("To: a@b.exampleBcc:x\r\n"))
}

func TestDate(t *testing.T) {
	at := time.Date(2026, 11, 1, 9, 5, 7, 0, time.FixedZone("", 9*3600))
	NewWithT(t).Expect(string(AppendDate(nil, at))).To(Equal("Date: Sun, 01 Nov 2026 09:05:07 +0900\r\n"))
}

// text draws what bodies are made of.
func drawText(t *rapid.T, label string) string {
	return strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"a", " ", "\t", "\n", "\r\n", ".", "=", "日本", "é", strings.Repeat("x", 75),
		strings.Repeat("long ", 30), "=\n", " \n", "\n.", "..", "From ", "~", "\x7f"})).Draw(t, label), "")
}

func unix(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

func TestBodiesDecodeToWhatTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawText(t, "text")
		quoted := AppendQuotedPrintable(nil, []byte(text))
		check(t, quoted)
		got, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(quoted)))
		if err != nil || unix(string(got)) != unix(text) {
			t.Fatalf("quoted-printable: %v\n%q\n%q", err, text, quoted)
		}
		encoded := AppendBase64(nil, []byte(text))
		check(t, encoded)
		got, err = io.ReadAll(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(encoded)))
		if err != nil || unix(string(got)) != unix(text) {
			t.Fatalf("base64: %v\n%q\n%q", err, text, encoded)
		}
		if strings.Contains(strings.ReplaceAll(string(got), "\r\n", ""), "\n") {
			t.Fatalf("a bare line feed in %q", got)
		}
	})
}

func TestPiecesDecodeToTheirSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var quoted []byte
		var text string
		for range rapid.IntRange(0, 6).Draw(t, "pieces") {
			piece := strings.ReplaceAll(drawText(t, "piece"), "\r", "")
			text += piece
			quoted = AppendQuotedPiece(quoted, []byte(piece))
		}
		check(t, quoted)
		got, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(quoted)))
		if err != nil || unix(string(got)) != text {
			t.Fatalf("%v\n%q\n%q\n%q", err, text, quoted, got)
		}
	})
}

// check makes sure that an encoded body is safe to put into a message.
func check(t *rapid.T, encoded []byte) {
	for line := range bytes.SplitSeq(encoded, []byte("\r\n")) {
		switch {
		case len(line) > 76:
			t.Fatalf("a line of %d: %q", len(line), line)
		case len(line) > 0 && line[0] == '.':
			t.Fatalf("a line begins with a dot: %q", line)
		case bytes.ContainsAny(line, "\r\n\x00"):
			t.Fatalf("a stray line end: %q", line)
		}
		for _, c := range line {
			if c >= utf8.RuneSelf {
				t.Fatalf("not ASCII: %q", line)
			}
		}
	}
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]Address{
		"a@b.example":                          {Mailbox: "a@b.example"},
		"Hanako.Hoshino+news@mail.b-c.example": {Mailbox: "Hanako.Hoshino+news@mail.b-c.example"},
		"!#$%&'*+-/=?^_`{|}~@b.example":        {Mailbox: "!#$%&'*+-/=?^_`{|}~@b.example"},
		"a@例え.example":                         {Mailbox: "a@xn--r8jz45g.example"},
		"花子@例え.example":                        {Mailbox: "花子@xn--r8jz45g.example", UTF8: true},
		"a@localhost":                          {Mailbox: "a@localhost"},
		strings.Repeat("a", 64) + "@b.example": {Mailbox: strings.Repeat("a", 64) + "@b.example"},
	} {
		got, err := ParseAddress(address)
		g := NewWithT(t)
		g.Expect(err).NotTo(HaveOccurred(), address)
		g.Expect(got).To(Equal(want))
	}
	for _, address := range []string{"", "a", "@b.example", "a@", "a b@c.example", "a@b c.example", "a\r\nRCPT TO:<x>@b.example", "a@b.example\r\nDATA",
		"a@b.example> SIZE=1", "<a@b.example>", "\"a b\"@c.example", "a..b@c.example", ".a@c.example", "a.@c.example", "a@-b.example", "a@b-.example",
		"a@b..example", "a@[127.0.0.1]", "a@b_c.example", "a\x00@b.example", "a\u202e@b.example", "a\u2028@b.example", "a\xff@b.example",
		strings.Repeat("a", 65) + "@b.example", "a@" + strings.Repeat("b.", 130) + "example", "a,b@c.example", "a@b@c.example", "a@例え\u202e.example"} {
		_, err := ParseAddress(address)
		NewWithT(t).Expect(err).To(MatchError(ErrAddress), "%q", address)
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("a@b.example")
	f.Add("花子@例え.example")
	f.Add("a@b.example\r\nDATA")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			return
		}
		if strings.ContainsAny(a.Mailbox, " \r\n<>\x00\t\"") || strings.Count(a.Mailbox, "@") != 1 || !isASCII(a.Domain()) {
			t.Fatalf("%q came through as %q", s, a.Mailbox)
		}
	})
}
