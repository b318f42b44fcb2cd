// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package audience

import (
	"fmt"
	"strconv"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// The events of settings.Trigger; the same words stand in alumni.occasion and alumni.opt_out.
const (
	eventBirthday             = "Birthday"
	eventWorkAnniversary      = "WorkAnniversary"
	eventDepartureAnniversary = "DepartureAnniversary"
	eventJoinedNetwork        = "JoinedNetwork"
	eventInactive             = "Inactive"
)

// The rules of campaign.md M14.
const (
	lateDays       = 3  // how late a member may still be written for a day
	silenceDays    = 90 // between two tries to win back somebody who is inactive
	silenceTries   = 2  // since the member was last seen; then nobody asks again
	defaultSilence = "P180D"
)

// occasion is how a trigger narrows an audience to those who are written to today, and what for.
type occasion struct {
	join  string
	where []string
	value string
}

// notYet holds of members who were not written for this before: %[1]s is the event, %[2]s the occasion.
const notYet = "NOT EXISTS (SELECT FROM alumni.occasion o WHERE o.recipient_id = m.id AND o.kind = %[1]s AND o.occasion = %[2]s)"

func (c *compiler) trigger(t *settings.Trigger) (occasion, error) {
	if t == nil {
		return occasion{}, nil
	}
	event := c.parameter(t.Event, "text")
	switch t.Event {
	case eventBirthday:
		return c.yearly(event, "smallint", "m.birthday", "m.birthday = ANY(%s)"), nil
	case eventWorkAnniversary:
		return c.anniversary(event, "joined_on"), nil
	case eventDepartureAnniversary:
		return c.anniversary(event, "left_on"), nil
	case eventJoinedNetwork:
		return c.joined(event, t.After)
	case eventInactive:
		return c.inactive(event, t.After)
	}
	return occasion{}, fmt.Errorf("unknown trigger %q", t.Event)
}

// yearly finds members of whom a day, as month * 100 + day, comes round today or came round in the last days. find is the same
// question in the form for which there is an index; %s stands for the days.
func (c *compiler) yearly(event, sqlType, day, find string) occasion {
	days, years := c.lately()
	list := c.parameter(days, sqlType+"[]")
	return occasion{
		join:  fmt.Sprintf("JOIN unnest(%s, %s) t(day, year) ON t.day = %s", list, c.parameter(years, "text[]"), day),
		where: []string{fmt.Sprintf(find, list), fmt.Sprintf(notYet, event, "t.year")},
		value: "t.year",
	}
}

// anniversary looks at the employment that counts; the day itself is none.
func (c *compiler) anniversary(event, column string) occasion {
	c.employment = true
	dayOf := func(employment string) string {
		return fmt.Sprintf("(extract(month FROM %[1]s.%[2]s) * 100 + extract(day FROM %[1]s.%[2]s))", employment, column)
	}
	o := c.yearly(event, "numeric", dayOf("e"), "m.id IN (SELECT w.member_id FROM alumni.employment w WHERE "+dayOf("w")+" = ANY(%s))")
	o.where = append(o.where, "extract(year FROM e."+column+") < t.year::int")
	return o
}

// lately are today and the last days, as month * 100 + day, and their years. In a year without the 29th of February it is
// kept on the 28th.
func (c *compiler) lately() (days []int, years []string) {
	for late := range lateDays + 1 {
		date := time.Date(c.asOf.Year(), c.asOf.Month(), c.asOf.Day()-late, 0, 0, 0, 0, time.UTC)
		day := int(date.Month())*100 + date.Day()
		days, years = append(days, day), append(years, strconv.Itoa(date.Year()))
		if day == 228 && date.AddDate(0, 0, 1).Month() == time.March {
			days, years = append(days, 229), append(years, strconv.Itoa(date.Year()))
		}
	}
	return days, years
}

// joined finds members who joined the network a period ago.
func (c *compiler) joined(event, after string) (occasion, error) {
	last, err := c.dayBefore(after)
	if err != nil {
		return occasion{}, err
	}
	zone := c.asOf.Location()
	from, to := calendar.StartOf(last-lateDays, zone), calendar.StartOf(last+1, zone)
	period := c.parameter(after, "text")
	return occasion{
		where: []string{
			"m.joined_at >= " + c.parameter(from, "timestamptz"), "m.joined_at < " + c.parameter(to, "timestamptz"),
			fmt.Sprintf(notYet, event, period),
		},
		value: period,
	}, nil
}

// inactive finds members who were not seen for a period, and were not asked about it lately or too often.
func (c *compiler) inactive(event, after string) (occasion, error) {
	if after == "" {
		after = defaultSilence
	}
	last, err := c.dayBefore(after)
	if err != nil {
		return occasion{}, err
	}
	since := c.parameter(calendar.StartOf(last+1, c.asOf.Location()), "timestamptz")
	pause := c.parameter(c.asOf.AddDate(0, 0, -silenceDays), "timestamptz")
	asked := "alumni.occasion o WHERE o.recipient_id = m.id AND o.kind = " + event
	return occasion{
		where: []string{
			"(m.last_active_at < " + since + " OR m.last_active_at IS NULL AND m.joined_at < " + since + ")",
			"NOT EXISTS (SELECT FROM " + asked + " AND o.noted_at >= " + pause + ")",
			"(SELECT count(*) FROM " + asked + " AND o.noted_at > coalesce(m.last_active_at, m.joined_at)) < " + strconv.Itoa(silenceTries),
		},
		value: c.parameter(c.asOf.Format(time.DateOnly), "text"),
	}, nil
}

// dayBefore is the day that lies a period before today: what happened on it is that long ago today.
func (c *compiler) dayBefore(period string) (calendar.Date, error) {
	p, err := calendar.ParsePeriod(period)
	if err != nil {
		return 0, fmt.Errorf("trigger: after: %w", err)
	}
	return calendar.Cutoff(c.asOf.AddDate(0, 0, 1), c.asOf.Location(), p), nil
}
