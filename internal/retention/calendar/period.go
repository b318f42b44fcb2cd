// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Period is a stretch of calendar time. Years are kept as months and weeks as days, and nothing as seconds, for
// neither months nor days all have the same length.
type Period struct {
	Months int
	Days   int
}

// ErrPeriod tells that a text is no period of the grammar P[nY][nM][nW][nD].
var ErrPeriod = errors.New("not a calendar period")

const (
	monthsPerYear = 12
	daysPerWeek   = 7
	maxYears      = 100
	// In 400 years there are 146,097 days, so 4,800 months: the bound of P100Y is compared in whole numbers.
	daysPer400Years   = 146_097
	monthsPer400Years = 4_800
)

// unit is one part of the grammar, in the order in which parts are written.
type unit struct {
	letter       byte
	months, days int
}

func units() []unit {
	return []unit{{'Y', monthsPerYear, 0}, {'M', 1, 0}, {'W', 0, daysPerWeek}, {'D', 0, 1}}
}

// ParsePeriod reads an ISO 8601 calendar period: years, months, weeks and days, in this order, each a whole
// number, at least one of them, and no more than a hundred years in all.
func ParsePeriod(s string) (Period, error) {
	rest, ok := strings.CutPrefix(s, "P")
	if !ok || rest == "" {
		return Period{}, refuse(s)
	}
	var p Period
	for _, u := range units() {
		number, after, found := strings.Cut(rest, string(u.letter))
		if !found {
			continue
		}
		n, err := wholeNumber(number)
		if err != nil {
			return Period{}, refuse(s)
		}
		p.Months += n * u.months
		p.Days += n * u.days
		rest = after
	}
	if rest != "" {
		return Period{}, refuse(s)
	}
	if p.Months*daysPer400Years+p.Days*monthsPer400Years > maxYears*monthsPerYear*daysPer400Years {
		return Period{}, fmt.Errorf("%w: %q is longer than P%dY", ErrPeriod, s, maxYears)
	}
	return p, nil
}

// maxDigits keeps every sum of parts far within an int.
const maxDigits = 5

func wholeNumber(s string) (int, error) {
	if s == "" || len(s) > maxDigits || strings.Trim(s, "0123456789") != "" {
		return 0, ErrPeriod
	}
	return strconv.Atoi(s)
}

func refuse(s string) error {
	return fmt.Errorf("%w: %q; write years, months, weeks or days, such as P3Y, P18M or P30D", ErrPeriod, s)
}

// String writes the period in the least number of parts, months before days.
func (p Period) String() string {
	var b strings.Builder
	b.WriteByte('P')
	if p.Months != 0 {
		fmt.Fprintf(&b, "%dM", p.Months)
	}
	if p.Days != 0 || p.Months == 0 {
		fmt.Fprintf(&b, "%dD", p.Days)
	}
	return b.String()
}

// DeletableFrom is the first date on which something may be deleted whose event was on the anchor date.
func DeletableFrom(anchor Date, p Period) Date {
	first := anchor + 1
	return lastOfMonths(first, p.Months) + Date(p.Days) + 1
}

// lastOfMonths is the last day of a period of months that begins with the day first: the day before the
// corresponding day, or the end of the month that has no corresponding day.
func lastOfMonths(first Date, months int) Date {
	year, month, day := first.UTC().Date()
	// The day 0 of the month after is the last of the month aimed at.
	end := NewDate(year, month+time.Month(months)+1, 0)
	if endDay := end.UTC().Day(); day > endDay {
		return end
	}
	return NewDate(year, month+time.Month(months), day) - 1
}

// Cutoff is the latest anchor date from which a period has passed at an instant, so that
// anchor <= Cutoff(asOf, zone, p) says the same as DeletableFrom(anchor, p) <= DateOf(asOf, zone).
func Cutoff(asOf time.Time, zone *time.Location, p Period) Date {
	today := DateOf(asOf, zone)
	year, month, day := today.UTC().Date()
	// Counting back can miss by the difference in length of two months; from a day that is surely late enough,
	// the few steps down end at the latest that is due.
	const slack = 4
	at := NewDate(year, month-time.Month(p.Months), day) - Date(p.Days) + slack
	for DeletableFrom(at, p) > today {
		at--
	}
	return at
}

// Before is the instant before which an event must lie to have a local date of at most d. In the rare hour that
// a clock put back over midnight shows twice it errs on the side of keeping.
func Before(d Date, zone *time.Location) time.Time { return StartOf(d+1, zone) }
