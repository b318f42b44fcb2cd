// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"bytes"
	"encoding/base64"
	"errors"
	"flag"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

var update = flag.Bool("update", false, "write the golden files anew")

var network = settings.Network{
	UID: "6f1c", Namespace: "hoshino-foods", Name: "alumni", DisplayName: "ほしの食品アルムナイ", DefaultLocale: "ja",
	TimeZone: "Asia/Tokyo", PublicURL: "https://alumni.hoshino-foods.example", MemberLabel: "アルムナイ",
	Operator: settings.Operator{Name: "株式会社ほしの食品", Address: "〒100-0001 東京都千代田区千代田1-1", Contact: "alumni@hoshino-foods.example"},
}

var englishNetwork = settings.Network{
	UID: "6f1d", Namespace: "hoshino-logistics", Name: "alumni", DisplayName: "Hoshino Logistics Alumni", DefaultLocale: "en",
	TimeZone: "Europe/Berlin", PublicURL: "https://alumni.hoshino-logistics.example", MemberLabel: "alumni",
	Operator: settings.Operator{Name: "Hoshino Logistics GmbH", Address: "Hafenstr. 1, 20457 Hamburg", Contact: "alumni@hoshino-logistics.example"},
}

var (
	hanako = Member{FamilyName: "星野", GivenName: "花子", Locale: "ja", Department: "商品開発部", Post: "課長", Region: "東京", YearsSinceDeparture: 3}
	alex   = Member{FamilyName: "O'Neill", GivenName: "Alex", Locale: "en", Department: "R&D", Post: "Engineer", YearsSinceDeparture: 1}
	// mallory's facts try to be Markdown, HTML, a template and headers.
	mallory = Member{FamilyName: "<script>alert(1)</script>", GivenName: "**Bold**\r\nBcc: x@evil.example", Locale: "en",
		Department: "[click](https://evil.example)", Post: "{{ .Links.Portal }}", Region: "\u202egnp.exe\x00"}
	links = Links{Unsubscribe: "https://alumni.hoshino-foods.example/u/AbCdEf0123456789", Survey: "https://alumni.hoshino-foods.example/s/AbCdEf"}
)

func campaign(kind string, locales ...settings.LocalisedContent) settings.Campaign {
	return settings.Campaign{UID: "c1", Name: "newsletter", Type: kind, Locales: locales}
}

func lang(locale, subject, body string) settings.LocalisedContent {
	return settings.LocalisedContent{Locale: locale, Subject: subject, Body: body}
}

// fixture reads a body from testdata.
func fixture(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	NewWithT(t).Expect(string(got)).To(Equal(string(want)), "%s differs; look at it and run go test with -update", name)
}

func TestMailsLookAsTheyShould(t *testing.T) {
	for name, c := range map[string]struct {
		network  settings.Network
		campaign settings.Campaign
		member   Member
	}{
		"newsletter-ja":    {network, campaign("Newsletter", lang("ja", "{{ .Member.FamilyName }}さん、春号をお届けします", fixture(t, "newsletter.ja.md"))), hanako},
		"newsletter-en":    {englishNetwork, campaign("Newsletter", lang("en", "Spring news for {{ .Member.GivenName }}", fixture(t, "newsletter.en.md"))), alex},
		"newsletter-plain": {englishNetwork, campaign("Newsletter", lang("en", "Spring news for {{ .Member.GivenName }}", fixture(t, "newsletter.en.md"))), Member{GivenName: "Kim", Locale: "en"}},
		"hostile-member":   {englishNetwork, campaign("Newsletter", lang("en", "Hello {{ .Member.GivenName }}", fixture(t, "hostile.en.md"))), mallory},
		"invitation-ja":    {network, campaign("Invitation", lang("ja", "{{ .Network.DisplayName }}へのご招待", fixture(t, "invitation.ja.md"))), hanako},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			compiled, err := Compile(c.network, c.campaign)
			g.Expect(err).NotTo(HaveOccurred())
			m, err := compiled.Render(&c.member, links)
			g.Expect(err).NotTo(HaveOccurred())
			golden(t, name+".golden.txt", append([]byte("Subject: "+m.Subject+"\n\n"), m.Text...))
			golden(t, name+".golden.html", m.HTML)
			raw, err := compiled.Append(nil, &c.member, links)
			g.Expect(err).NotTo(HaveOccurred())
			golden(t, name+".golden.eml", raw)
		})
	}
}

// TestEncodedPartsSayTheSame reads mails with the standard library's own reader.
func TestEncodedPartsSayTheSame(t *testing.T) {
	for name, m := range map[string]Member{"Japanese": hanako, "English": alex, "a hostile member": mallory} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			compiled, err := Compile(network, campaign("Newsletter",
				lang("ja", "{{ .Member.FamilyName }}さん、春号をお届けします。今号は長い件名のため折り返しが必要です", fixture(t, "newsletter.ja.md")),
				lang("en", "Spring news for {{ .Member.GivenName }}", fixture(t, "newsletter.en.md"))))
			g.Expect(err).NotTo(HaveOccurred())
			want, err := compiled.Render(&m, links)
			g.Expect(err).NotTo(HaveOccurred())
			raw, err := compiled.Append([]byte("From: a@b.example\r\n"), &m, links)
			g.Expect(err).NotTo(HaveOccurred())
			for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
				g.Expect(len(line)).To(BeNumerically("<=", 78))
				g.Expect(bytes.ContainsAny(line, "\r\n\x00")).To(BeFalse())
			}
			msg, err := mail.ReadMessage(bytes.NewReader(raw))
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(msg.Header).To(HaveLen(5), "no value can add a header")
			subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(subject).To(Equal(want.Subject))
			g.Expect(parts(t, msg)).To(Equal([]string{string(want.Text), string(want.HTML)}))
		})
	}
}

// parts decodes both parts of a mail, with "\n" line ends.
func parts(t *testing.T, msg *mail.Message) []string {
	t.Helper()
	g := NewWithT(t)
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	g.Expect(err).NotTo(HaveOccurred())
	r := multipart.NewReader(msg.Body, params["boundary"])
	var out []string
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return out
		}
		g.Expect(err).NotTo(HaveOccurred())
		var body io.Reader = quotedprintable.NewReader(p)
		if p.Header.Get("Content-Transfer-Encoding") == "base64" {
			body = base64.NewDecoder(base64.StdEncoding, p)
		}
		b, err := io.ReadAll(body)
		g.Expect(err).NotTo(HaveOccurred())
		out = append(out, strings.ReplaceAll(string(b), "\r\n", "\n"))
	}
}

func TestMemberGetsTheirLanguage(t *testing.T) {
	g := NewWithT(t)
	both, err := Compile(network, campaign("Newsletter", lang("en", "Hello", "Hello"), lang("ja", "こんにちは", "こんにちは")))
	g.Expect(err).NotTo(HaveOccurred())
	english, err := Compile(network, campaign("Newsletter", lang("en", "Hello", "Hello")))
	g.Expect(err).NotTo(HaveOccurred())
	for _, c := range []struct {
		content      *Content
		locale, want string
	}{{both, "ja", "ja"}, {both, "en", "en"}, {both, "fr", "ja"}, {english, "ja", "en"}} {
		m, err := c.content.Render(&Member{GivenName: "A", Locale: c.locale}, links)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(m.Locale).To(Equal(c.want))
	}
}

func TestOneMemberCannotBeRendered(t *testing.T) {
	g := NewWithT(t)
	c, err := Compile(network, campaign("Newsletter", lang("en", "{{ .Member.Department }}", "Hello")))
	g.Expect(err).NotTo(HaveOccurred())
	_, err = c.Render(&Member{GivenName: "Kim"}, links)
	g.Expect(err).To(MatchError(ErrEmptySubject))
	long, err := Compile(network, campaign("Newsletter", lang("en", "x", strings.Repeat("{{.Member.GivenName}}", 3000))))
	g.Expect(err).NotTo(HaveOccurred())
	_, err = long.Render(&Member{GivenName: strings.Repeat("長", 500)}, links)
	g.Expect(err).To(MatchError(ErrTooLarge))
}

func TestSubjectStaysShortAndSingle(t *testing.T) {
	g := NewWithT(t)
	c, err := Compile(network, campaign("Newsletter", lang("en", strings.Repeat("{{.Member.GivenName}}", 10), "Hello")))
	g.Expect(err).NotTo(HaveOccurred())
	m, err := c.Render(&Member{GivenName: strings.Repeat("長", 100) + "\r\nX: y\u2028"}, links)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect([]rune(m.Subject)).To(HaveLen(maxSubject))
	g.Expect(m.Subject).NotTo(ContainSubstring("\n"))
}
