// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package icalendar_test

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/icalendar"
)

func TestAFileSaysWhatIsKnownAndNothingElse(t *testing.T) {
	g := NewWithT(t)
	at := time.Date(2027, 2, 6, 4, 0, 0, 0, time.UTC)
	file := string(icalendar.File(icalendar.Event{Product: "-//x//y//EN", UID: "e-1@" + icalendar.Host("https://alumni.example:8443"), Sequence: 2, At: at, StartsAt: at,
		EndsAt: at.Add(time.Hour), Title: "Reunion; 2027, spring", Text: "one\ntwo", Cancelled: true}))
	g.Expect(file).To(Equal(strings.ReplaceAll(`BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//y//EN
METHOD:PUBLISH
BEGIN:VEVENT
UID:e-1@alumni.example
DTSTAMP:20270206T040000Z
SEQUENCE:2
DTSTART:20270206T040000Z
DTEND:20270206T050000Z
SUMMARY:Reunion\; 2027\, spring
STATUS:CANCELLED
DESCRIPTION:one\ntwo
END:VEVENT
END:VCALENDAR
`, "\n", "\r\n")))
}
