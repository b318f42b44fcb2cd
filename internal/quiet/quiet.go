// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package quiet

import (
	"fmt"
	"slices"
	"time"
)

// Hours are the times at which nobody is written to: every day from From until Until, and the whole of some days of the week and of
// holidays.
type Hours struct {
	from, until int // minutes since midnight; the same: no hours of the day
	days        [7]bool
	holidays    map[date]bool
}

// date is a day of the calendar, whatever the zone.
type date struct {
	year  int
	month time.Month
	day   int
}

func dateOf(t time.Time) date {
	year, month, day := t.Date()
	return date{year, month, day}
}

// Parse reads two times of the day as "21:00" and the English names of days. Until may come before from: then the night goes
// over midnight. When both are the same, no hours of the day are quiet. At least one day of the week must be left.
func Parse(from, until string, days []string) (Hours, error) {
	var h Hours
	var err error
	if h.from, err = minutes(from); err != nil {
		return Hours{}, fmt.Errorf("from: %w", err)
	}
	if h.until, err = minutes(until); err != nil {
		return Hours{}, fmt.Errorf("until: %w", err)
	}
	for _, name := range days {
		day := slices.IndexFunc(week[:], func(d time.Weekday) bool { return d.String() == name })
		if day < 0 {
			return Hours{}, fmt.Errorf("days: %q is no day of the week; write Sunday, Monday and so on", name)
		}
		h.days[day] = true
	}
	if !slices.Contains(h.days[:], false) {
		return Hours{}, fmt.Errorf("days: leave at least one day of the week, or nobody is ever written to")
	}
	return h, nil
}

// With adds holidays, as ParseHolidays lists them.
func (h Hours) With(holidays []string) (Hours, error) {
	h.holidays = make(map[date]bool, len(holidays))
	for _, s := range holidays {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return Hours{}, fmt.Errorf("holidays: %q is no date; write it as 2027-01-01", s)
		}
		h.holidays[dateOf(t)] = true
	}
	return h, nil
}

var week = [...]time.Weekday{time.Sunday, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday}

func minutes(s string) (int, error) {
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return 0, fmt.Errorf("%q is no time of the day; write it as 08:00", s)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// At tells whether a moment is quiet by the clock of a zone.
func (h Hours) At(t time.Time, zone *time.Location) bool {
	l := t.In(zone)
	minute := l.Hour()*60 + l.Minute()
	switch {
	case h.days[l.Weekday()], h.holidays[dateOf(l)]:
		return true
	case h.from <= h.until:
		return minute >= h.from && minute < h.until
	default:
		return minute >= h.from || minute < h.until
	}
}

// Ends is the first moment from t on that is not quiet; t itself when it is not.
func (h Hours) Ends(t time.Time, zone *time.Location) time.Time {
	if !h.At(t, zone) {
		return t
	}
	year, month, day := t.In(zone).Date()
	for days := len(week) + 2; ; days *= 2 { // once is enough but for holidays
		last := time.Date(year, month, day+days-1, 0, 0, 0, 0, zone)
		var ends time.Time
		for _, end := range h.mayEnd(t, zone, days) {
			if end.After(t) && !end.After(last) && !h.At(end, zone) && (ends.IsZero() || end.Before(ends)) {
				ends = end
			}
		}
		if !ends.IsZero() {
			return ends
		}
	}
}

// mayEnd lists every moment of some days from t on at which quiet hours can end: when the clock shows until, at midnight, and
// when the clock is put forward or back. A time that the clock shows twice is there twice.
func (h Hours) mayEnd(t time.Time, zone *time.Location, days int) []time.Time {
	year, month, day := t.In(zone).Date()
	var all []time.Time
	for i := range days {
		for _, minute := range []int{0, h.until} {
			end := time.Date(year, month, day+i, 0, minute, 0, 0, zone)
			start, change := end.ZoneBounds()
			all = append(all, end)
			for _, c := range []time.Time{start, change} {
				if c.IsZero() {
					continue
				}
				_, before := c.Add(-time.Second).Zone()
				_, after := c.Zone()
				shift := time.Duration(before-after) * time.Second
				all = append(all, c, end.Add(shift), end.Add(-shift))
			}
		}
	}
	return all
}
