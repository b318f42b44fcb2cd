// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"math"
	"time"
)

// WarmUp lets a new sender begin with few messages a day and grow; see WarmUp of the API.
type WarmUp struct {
	StartedOn string `json:"startedOn"` // as 2026-11-24
	From      int    `json:"from"`
	Days      int    `json:"days"`
	Target    int    `json:"target"`
}

// Allowance is how many messages may go on a day, counted from 0: from as many as on the first to the target on the last, each day by
// the same factor more (campaign.md S3). After that it stays.
func (w WarmUp) Allowance(day int) int {
	switch {
	case day >= w.Days-1 || w.From >= w.Target:
		return w.Target
	case day <= 0:
		return w.From
	}
	grown := float64(w.From) * math.Pow(float64(w.Target)/float64(w.From), float64(day)/float64(w.Days-1))
	return min(int(grown), w.Target)
}

// Day is a day of the network's calendar.
type Day struct {
	// Number counts days from the first of January 1970 on.
	Number int
	// Messages are the most that may go on it.
	Messages int
}

// DayOf is the day of a moment, by the network's clock. It is nil when nothing but the sender's other limits counts.
func (n Network) DayOf(t time.Time) *Day {
	if n.Email == nil || n.Email.WarmUp == nil || n.Trial() {
		return nil
	}
	zone, err := time.LoadLocation(n.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	year, month, date := t.In(zone).Date()
	number := dayNumber(time.Date(year, month, date, 0, 0, 0, 0, time.UTC))
	first := number // of a date that cannot be read, which the API refuses: the first day for ever
	if started, err := time.Parse(time.DateOnly, n.Email.WarmUp.StartedOn); err == nil {
		first = dayNumber(started)
	}
	return &Day{Number: number, Messages: n.Email.WarmUp.Allowance(number - first)}
}

func dayNumber(midnight time.Time) int { return int(midnight.Unix() / (24 * 60 * 60)) }
