// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"slices"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/icalendar"
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
	file := icalendar.Event{Product: product, UID: c.UID + "@" + icalendar.Host(n.PublicURL), Sequence: int(c.Generation), At: now(),
		StartsAt: e.StartsAt, EndsAt: e.EndsAt, Title: clean(text.Title), Place: clean(text.Location), URL: e.URL}
	if n.Email != nil {
		file.Address, file.Name = n.Email.FromAddress, clean(n.Email.FromName)
	}
	return icalendar.File(file)
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
