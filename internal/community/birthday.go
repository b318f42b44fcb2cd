// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import "time"

// MonthDay is a day of every year, such as a birthday. There is no year in it on purpose: no greeting needs one. The zero
// value stands for a day that is not known.
type MonthDay struct {
	Month time.Month
	Day   int
}

// leapYear has every day that any year has.
const leapYear = 2024

// MonthDayOf is the day of a number as the store keeps it: 401 is the first of April, and 0 no day.
func MonthDayOf(number int16) MonthDay {
	return MonthDay{Month: time.Month(number / 100), Day: int(number % 100)}
}

// Number is the day as the store keeps it; see MonthDayOf.
func (d MonthDay) Number() int16 { return int16(int(d.Month)*100 + d.Day) }

// Valid tells whether some year has such a day: 29 February is one.
func (d MonthDay) Valid() bool {
	t := time.Date(leapYear, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
	return t.Month() == d.Month && t.Day() == d.Day
}
