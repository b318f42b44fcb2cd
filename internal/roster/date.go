// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// era is a reign by which Japanese offices count years. Its first year is called 元.
type era struct {
	name, letter string
	first, last  time.Time
}

func day(year int, month time.Month, dayOfMonth int) time.Time {
	return time.Date(year, month, dayOfMonth, 0, 0, 0, 0, time.UTC)
}

var eras = []era{
	{"令和", "R", day(2019, time.May, 1), day(lastYear, time.December, 31)},
	{"平成", "H", day(1989, time.January, 8), day(2019, time.April, 30)},
	{"昭和", "S", day(1926, time.December, 25), day(1989, time.January, 7)},
}

// The years that a date of a career can have.
const (
	firstYear = 1926
	lastYear  = 9999
)

// endOfTime is what HR systems write for a day that has not come.
var endOfTime = day(9999, time.December, 31)

// ParseDate reads a day as HR systems write it: 2021-04-01, 2021/4/1, 2021.4.1, 20210401, 2021年4月1日, 令和3年4月1日,
// R3.4.1, R03/04/01; with full-width digits, too, and with a time of day if it is midnight. The result is
// midnight UTC of that day.
func ParseDate(s string) (time.Time, bool) {
	s = dropMidnight(strings.TrimSpace(norm.NFKC.String(s)))
	if len(s) == 8 && isDigits(s) {
		return calendarDay(s[:4], s[4:6], s[6:])
	}
	for _, e := range eras {
		for _, prefix := range []string{e.name, e.letter, strings.ToLower(e.letter)} {
			if rest, found := strings.CutPrefix(s, prefix); found {
				return e.parse(rest)
			}
		}
	}
	year, month, dayOfMonth, ok := cutDate(s)
	if !ok || len(year) != 4 {
		return time.Time{}, false
	}
	return calendarDay(year, month, dayOfMonth)
}

// parse reads what follows the era: year of the reign, month and day.
func (e era) parse(s string) (time.Time, bool) {
	if rest, found := strings.CutPrefix(s, "元"); found {
		s = "1" + rest
	}
	year, month, dayOfMonth, ok := cutDate(strings.TrimSpace(s))
	if !ok || len(year) > 2 {
		return time.Time{}, false
	}
	n, err := strconv.Atoi(year)
	if err != nil || n < 1 {
		return time.Time{}, false
	}
	date, ok := calendarDay(strconv.Itoa(e.first.Year()+n-1), month, dayOfMonth)
	if !ok || date.Before(e.first) || date.After(e.last) {
		return time.Time{}, false
	}
	return date, true
}

// cutDate splits year, month and day at one kind of separator.
func cutDate(s string) (year, month, dayOfMonth string, ok bool) {
	for _, mark := range []string{"-", "/", "."} {
		if parts := strings.Split(s, mark); len(parts) == 3 {
			return parts[0], parts[1], parts[2], true
		}
	}
	year, rest, yearFound := strings.Cut(s, "年")
	month, rest, monthFound := strings.Cut(rest, "月")
	dayOfMonth, rest, dayFound := strings.Cut(rest, "日")
	return strings.TrimSpace(year), strings.TrimSpace(month), strings.TrimSpace(dayOfMonth), yearFound && monthFound && dayFound && rest == ""
}

// parseMonthDay reads a day without its year: 04-01, 4/1, 4.1, 4月1日; the month comes first.
func parseMonthDay(s string) (community.MonthDay, bool) {
	month, dayOfMonth, ok := cutMonthDay(strings.TrimSpace(norm.NFKC.String(s)))
	if !ok {
		return community.MonthDay{}, false
	}
	date, ok := calendarDay(leapYear, month, dayOfMonth)
	return community.MonthDay{Month: date.Month(), Day: date.Day()}, ok
}

// cutMonthDay splits month and day at one kind of separator.
func cutMonthDay(s string) (month, dayOfMonth string, ok bool) {
	for _, mark := range []string{"-", "/", "."} {
		if parts := strings.Split(s, mark); len(parts) == 2 {
			return parts[0], parts[1], true
		}
	}
	month, rest, monthFound := strings.Cut(s, "月")
	dayOfMonth, rest, dayFound := strings.Cut(rest, "日")
	return strings.TrimSpace(month), strings.TrimSpace(dayOfMonth), monthFound && dayFound && rest == ""
}

// leapYear has every day that any year has.
const leapYear = "2024"

// calendarDay refuses days that no calendar has, such as 30 February.
func calendarDay(year, month, dayOfMonth string) (time.Time, bool) {
	if !isDigits(year) || !isDigits(month) || !isDigits(dayOfMonth) || len(month) > 2 || len(dayOfMonth) > 2 || len(year) > 4 {
		return time.Time{}, false
	}
	y, yearErr := strconv.Atoi(year)
	m, monthErr := strconv.Atoi(month)
	d, dayErr := strconv.Atoi(dayOfMonth)
	if yearErr != nil || monthErr != nil || dayErr != nil || y < firstYear || y > lastYear {
		return time.Time{}, false
	}
	date := day(y, time.Month(m), d)
	return date, date.Year() == y && int(date.Month()) == m && date.Day() == d
}

func isDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// dropMidnight takes off the time of day that databases append to a date.
func dropMidnight(s string) string {
	date, clock, found := strings.Cut(s, " ")
	if !found {
		date, clock, found = strings.Cut(s, "T")
	}
	if !found || strings.Trim(clock, "0:.") != "" || !strings.Contains(clock, ":") {
		return s
	}
	return date
}
