// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package icalendar

import (
	"net/url"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// Event is what a file says. Empty texts are left out.
type Event struct {
	Product   string // who made the file (section 3.7.3)
	UID       string // stays the same whatever changes
	Sequence  int    // grows with every change, so that a calendar takes the newer file
	At        time.Time
	StartsAt  time.Time
	EndsAt    time.Time
	Title     string
	Place     string
	Text      string
	URL       string
	Cancelled bool
	// Address and Name are those of whom the event is from, if that is to be said.
	Address, Name string
}

// File writes an event, published to whoever wants it in their calendar (RFC 5546, section 3.2.1).
func File(e Event) []byte {
	file := ics.NewCalendarFor(e.Product)
	file.SetProductId(e.Product)
	file.SetMethod(ics.MethodPublish)
	event := file.AddEvent(e.UID)
	event.SetDtStampTime(e.At)
	event.SetSequence(e.Sequence)
	event.SetStartAt(e.StartsAt)
	event.SetEndAt(e.EndsAt)
	event.SetSummary(e.Title)
	if e.Cancelled {
		event.SetStatus(ics.ObjectStatusCancelled)
	}
	if e.Place != "" {
		event.SetLocation(e.Place)
	}
	if e.Text != "" {
		event.SetDescription(e.Text)
	}
	if e.URL != "" {
		event.SetURL(e.URL)
	}
	if e.Address != "" {
		event.SetOrganizer(e.Address, ics.WithCN(unquoted.Replace(e.Name)))
	}
	return []byte(file.Serialize(ics.WithNewLineWindows))
}

// unquoted leaves out of a name what a parameter can hold in quotation marks only, which the library does not write.
var unquoted = strings.NewReplacer(";", " ", ":", " ", ",", " ", `"`, " ", `\`, " ")

// Host is the name of a portal, under which UIDs are the network's own.
func Host(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Hostname()
	}
	return ""
}
