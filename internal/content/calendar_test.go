// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// openDay is a campaign that invites, with a title that a calendar file must escape.
func openDay() settings.Campaign {
	return settings.Campaign{UID: "c-1", Name: "open-day", Type: "EventInvitation", Generation: 3,
		Event: &settings.Event{StartsAt: time.Date(2027, 2, 6, 4, 0, 0, 0, time.UTC), EndsAt: time.Date(2027, 2, 6, 8, 0, 0, 0, time.UTC), URL: "https://hoshino.example/open-day",
			Locales: []settings.EventText{{Locale: "ja", Title: "新工場の見学会; 秋, 2027", Location: "川崎市\\幸区"}, {Locale: "en", Title: "Open day\r\nBEGIN:VALARM", Location: "Kawasaki"}}},
		Locales: []settings.LocalisedContent{{Locale: "ja", Subject: "見学会", Body: "お越しください。"}, {Locale: "en", Subject: "Open day", Body: "Come."}}}
}

func eventNetwork() settings.Network {
	return settings.Network{DisplayName: "Hoshino Alumni", DefaultLocale: "ja", TimeZone: "Asia/Tokyo", PublicURL: "https://alumni.hoshino.example",
		Operator: settings.Operator{Name: "Hoshino", Address: "Tokyo", Contact: "desk@hoshino.example"},
		Email:    &settings.Email{FromAddress: "alumni@hoshino.example", FromName: "Hoshino; Alumni"}}
}

// fileOf is the calendar file at the end of a mail, and how many parts stand before it.
func fileOf(t *testing.T, locale string) (file string, alternatives int) {
	t.Helper()
	g := NewWithT(t)
	compiled, err := Compile(eventNetwork(), openDay())
	g.Expect(err).NotTo(HaveOccurred())
	raw, err := compiled.Append(nil, &Member{Locale: locale, FamilyName: "Sato"}, Links{Unsubscribe: "https://alumni.hoshino.example/u/x"})
	g.Expect(err).NotTo(HaveOccurred())
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	g.Expect(err).NotTo(HaveOccurred())
	kind, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(kind).To(Equal("multipart/mixed"))
	parts := multipart.NewReader(message.Body, parameters["boundary"])
	first, err := parts.NextPart()
	g.Expect(err).NotTo(HaveOccurred())
	_, inner, err := mime.ParseMediaType(first.Header.Get("Content-Type"))
	g.Expect(err).NotTo(HaveOccurred())
	for reader := multipart.NewReader(first, inner["boundary"]); ; alternatives++ {
		if _, err := reader.NextPart(); err != nil {
			g.Expect(err).To(Equal(io.EOF))
			break
		}
	}
	second, err := parts.NextPart()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(second.Header.Get("Content-Type")).To(HavePrefix("text/calendar; charset=utf-8; method=PUBLISH"))
	g.Expect(second.FileName()).To(Equal("event.ics"))
	encoded, err := io.ReadAll(second)
	g.Expect(err).NotTo(HaveOccurred())
	_, err = parts.NextPart()
	g.Expect(err).To(Equal(io.EOF))
	return decode(g, string(encoded)), alternatives
}

func TestAnInvitationCarriesItsEventInTheLanguageOfTheMail(t *testing.T) {
	g := NewWithT(t)
	now = func() time.Time { return time.Date(2027, 1, 10, 0, 0, 0, 0, time.UTC) }
	t.Cleanup(func() { now = time.Now })
	file, alternatives := fileOf(t, "ja")
	g.Expect(alternatives).To(Equal(2), "a text and a page, as without it")
	g.Expect(file).To(Equal(strings.ReplaceAll(`BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//alumni-operator//campaign//EN
METHOD:PUBLISH
BEGIN:VEVENT
UID:c-1@alumni.hoshino.example
DTSTAMP:20270110T000000Z
SEQUENCE:3
DTSTART:20270206T040000Z
DTEND:20270206T080000Z
SUMMARY:新工場の見学会\; 秋\, 2027
LOCATION:川崎市\\幸区
URL:https://hoshino.example/open-day
ORGANIZER;CN=Hoshino  Alumni:mailto:alumni@hoshino.example
END:VEVENT
END:VCALENDAR
`, "\n", "\r\n")))

	file, _ = fileOf(t, "en")
	read, err := ics.ParseCalendar(strings.NewReader(file))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(read.Components).To(HaveLen(1))
	g.Expect(read.Events()[0].SubComponents()).To(BeEmpty(), "a title adds nothing to the file")
	g.Expect(read.Events()[0].GetProperty(ics.ComponentPropertySummary).Value).To(Equal("Open day BEGIN:VALARM"))
}

func TestALongTitleIsFoldedBetweenCharacters(t *testing.T) {
	g := NewWithT(t)
	c := openDay()
	c.Event.Locales[0].Title = strings.Repeat("新工場の見学会", 28)
	file := string(calendar(eventNetwork(), c, "ja"))
	for line := range strings.SplitSeq(file, "\r\n") {
		g.Expect(len(line)).To(BeNumerically("<=", 75))
		g.Expect(utf8.ValidString(line)).To(BeTrue())
	}
	read, err := ics.ParseCalendar(strings.NewReader(file))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(read.Events()[0].GetProperty(ics.ComponentPropertySummary).Value).To(Equal(c.Event.Locales[0].Title))
}

func TestAMailWithoutAnEventIsAsBefore(t *testing.T) {
	g := NewWithT(t)
	c := openDay()
	c.Event = nil
	compiled, err := Compile(eventNetwork(), c)
	g.Expect(err).NotTo(HaveOccurred())
	raw, err := compiled.Append(nil, &Member{Locale: "en"}, Links{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(raw)).To(And(ContainSubstring("multipart/alternative"), Not(ContainSubstring("multipart/mixed")), Not(ContainSubstring("calendar"))))
}

// decode reads base64 in lines.
func decode(g Gomega, text string) string {
	decoded, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	g.Expect(err).NotTo(HaveOccurred())
	return string(decoded)
}
