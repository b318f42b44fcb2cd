// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"fmt"
	"time"
	_ "time/tzdata" // workers run in an image without files
)

// Date is a day of the calendar without time or zone, as days since 1970-01-01. Dates are compared with < and ==,
// and d+1 is the day after d.
type Date int32

// layout is how dates are written everywhere.
const layout = "2006-01-02"

// secondsPerDay of a day in UTC, which has no changes of clock.
const secondsPerDay = 24 * 60 * 60

// NewDate is the date of a year, month and day. A day that the month does not have counts on into the next.
func NewDate(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

// ParseDate reads a date such as 2026-04-30.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(layout, s)
	if err != nil {
		return 0, fmt.Errorf("read date: %w", err)
	}
	return NewDate(t.Date()), nil
}

// DateOf is the local date of an instant in a zone.
func DateOf(t time.Time, zone *time.Location) Date { return NewDate(t.In(zone).Date()) }

// UTC is midnight of the date in UTC, the form in which dates travel to and from the database.
func (d Date) UTC() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

// String writes the date as 2026-04-30.
func (d Date) String() string { return d.UTC().Format(layout) }

// Zone finds a time zone by its IANA name. The machine's own zone is refused, for it would make a plan depend
// on where it was made.
func Zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("read time zone %q: an IANA name such as Asia/Tokyo is needed", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("read time zone %q: %w", name, err)
	}
	return zone, nil
}

// StartOf is the first instant of a date in a zone: 00:00, or later where the clock jumps over midnight. A date
// that a zone left out altogether starts together with the next. Where a clock is put back over midnight and
// shows a date twice, the first showing counts.
func StartOf(d Date, zone *time.Location) time.Time {
	// No zone is more than a day away from UTC. From there, the search goes from one change of clock to the next;
	// in between, the difference to UTC is fixed, and so is the instant of midnight.
	at := d.UTC().Add(-secondsPerDay * time.Second)
	for {
		local := at.In(zone)
		_, offset := local.Zone()
		midnight := d.UTC().Add(-time.Duration(offset) * time.Second)
		if midnight.Before(at) {
			midnight = at // the date had begun elsewhere in the zone's clock: the change itself is its start
		}
		_, change := local.ZoneBounds()
		if change.IsZero() || midnight.Before(change) {
			return midnight.UTC()
		}
		at = change
	}
}
