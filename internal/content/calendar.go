// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"net/url"
	"slices"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// product names who made a calendar file (RFC 5545, section 3.7.3).
const product = "-//alumni-operator//campaign//EN"

// now is when a calendar file is made, as it says itself.
var now = time.Now

// calendar is the event of a campaign as a file (RFC 5545), published to whoever wants it in their calendar (RFC 5546, section 3.2.1). Its UID
// stays the same and its number grows with every change of the campaign, so that a calendar that has it takes the newer one. It is nil
// for a campaign without an event.
func calendar(n settings.Network, c settings.Campaign, locale string) []byte {
	e := c.Event
	if e == nil || len(e.Locales) == 0 {
		return nil
	}
	text := e.Locales[max(0, slices.IndexFunc(e.Locales, func(t settings.EventText) bool { return t.Locale == locale }))]
	file := ics.NewCalendarFor(product)
	file.SetProductId(product)
	file.SetMethod(ics.MethodPublish)
	event := file.AddEvent(c.UID + "@" + host(n.PublicURL))
	event.SetDtStampTime(now())
	event.SetSequence(int(c.Generation))
	event.SetStartAt(e.StartsAt)
	event.SetEndAt(e.EndsAt)
	event.SetSummary(clean(text.Title))
	if text.Location != "" {
		event.SetLocation(clean(text.Location))
	}
	if e.URL != "" {
		event.SetURL(e.URL)
	}
	if n.Email != nil {
		event.SetOrganizer(n.Email.FromAddress, ics.WithCN(unquoted.Replace(clean(n.Email.FromName))))
	}
	return []byte(file.Serialize(ics.WithNewLineWindows))
}

// unquoted leaves out of a name what a parameter can hold in quotation marks only, which the library does not write.
var unquoted = strings.NewReplacer(";", " ", ":", " ", ",", " ", `"`, " ", `\`, " ")

// host is the name of the portal, under which UIDs are the network's own.
func host(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Hostname()
	}
	return ""
}

// mixed is the boundary between a mail and its calendar file.
const mixed = "=_alumni_mixed"

// The pieces of a mail with a calendar file.
const (
	mixedStart = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"" + mixed + "\"\r\n\r\n--" + mixed +
		"\r\nContent-Type: multipart/alternative; boundary=\"" + boundary + "\"\r\n"
	fileStart = "\r\n--" + mixed + "\r\nContent-Type: text/calendar; charset=utf-8; method=PUBLISH; name=\"event.ics\"\r\n" +
		"Content-Disposition: attachment; filename=\"event.ics\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	mixedEnd = "\r\n--" + mixed + "--\r\n"
)

// attachment is a calendar file as the last part of a mail.
func attachment(file []byte) []byte {
	return append(compose.AppendBase64([]byte(fileStart), file), mixedEnd...)
}
