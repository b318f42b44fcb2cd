// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule is a five-field cron expression in one time zone.
type Schedule struct {
	spec cron.Schedule
	zone *time.Location
}

// Parse reads a five-field expression and an IANA zone name. Its errors name the field of the two that is wrong
// and hold nothing but what the caller gave.
func Parse(expression, zone string) (Schedule, error) {
	if strings.Contains(expression, "TZ=") {
		return Schedule{}, fmt.Errorf("cron %q: write the zone in timeZone", expression)
	}
	location, err := LoadZone(zone)
	if err != nil {
		return Schedule{}, err
	}
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	spec, err := parser.Parse(expression)
	if err != nil {
		return Schedule{}, fmt.Errorf("cron %q: %w", expression, err)
	}
	return Schedule{spec: spec, zone: location}, nil
}

// LoadZone finds an IANA zone; "Local" and the empty name are refused, for they mean another zone on another
// machine.
func LoadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("timeZone %q: use an IANA name such as Asia/Tokyo", name)
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("timeZone %q: no such IANA zone", name)
	}
	return location, nil
}

// Next is the first due instant after the given one; zero when there is none within five years, as for 30
// February.
func (s Schedule) Next(after time.Time) time.Time {
	wall := asWall(after, s.zone)
	for {
		if wall = s.spec.Next(wall); wall.IsZero() {
			return time.Time{}
		}
		if due := resolve(wall, s.zone); due.After(after) {
			return due
		}
	}
}

// Due looks at the time after the last start: due is the newest instant that has come and is no older than
// deadline, zero when there is none; missed counts the other instants that have passed, up to maxMissed.
func (s Schedule) Due(last, now time.Time, deadline time.Duration) (due time.Time, missed int) {
	const maxMissed = 1000
	for t := s.Next(last); !t.IsZero() && !t.After(now); t = s.Next(t) {
		switch {
		case now.Sub(t) > deadline:
			missed++
		case due.IsZero():
			due = t
		default:
			due = t
			missed++
		}
		if missed == maxMissed {
			oldest := now.Add(-deadline)
			if oldest.After(t) {
				t = oldest
			}
			missed++
		}
	}
	return due, min(missed, maxMissed)
}

// asWall writes the local wall-clock time of an instant as if it were UTC, where no clock ever changes.
func asWall(t time.Time, zone *time.Location) time.Time {
	l := t.In(zone)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), l.Nanosecond(), time.UTC)
}

// resolve turns a wall-clock time into the instant at which a clock in the zone first shows it, or, when a
// change skips it, into the instant of that change.
func resolve(wall time.Time, zone *time.Location) time.Time {
	start, end := wall.Add(-offset(wall, zone)).In(zone).ZoneBounds()
	var first time.Time
	for _, at := range []time.Time{wall, start.Add(-time.Second), start, end} {
		if at.IsZero() {
			continue
		}
		candidate := wall.Add(-offset(at, zone))
		if asWall(candidate, zone).Equal(wall) && (first.IsZero() || candidate.Before(first)) {
			first = candidate
		}
	}
	if !first.IsZero() {
		return first.In(zone)
	}
	for _, change := range []time.Time{start, end} {
		before, after := change.Add(-time.Second), change
		if !change.IsZero() && !wall.Before(change.UTC().Add(offset(before, zone))) && wall.Before(change.UTC().Add(offset(after, zone))) {
			return change.In(zone)
		}
	}
	return wall.Add(-offset(wall, zone)).In(zone)
}

// offset of the zone from UTC at an instant.
func offset(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}
