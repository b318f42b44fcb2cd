// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package quiet

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// MaxHolidays is how many dates a list may have: those of many years.
	MaxHolidays = 1000
	// maxHolidaysText is how long the list may be, comments included.
	maxHolidaysText = 64 << 10
)

// ParseHolidays reads a list of dates, one in each line, as 2027-01-01. What follows a # is a comment. The dates come back in
// their order, each once. An error names the line, and nothing of what stands in it: who may name the list need not be one who may read it.
func ParseHolidays(text string) ([]string, error) {
	if len(text) > maxHolidaysText {
		return nil, fmt.Errorf("is longer than %d KiB", maxHolidaysText>>10)
	}
	var dates []string
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		number++
		written, _, _ := strings.Cut(line, "#")
		written = strings.TrimSpace(written)
		if written == "" {
			continue
		}
		if _, err := time.Parse(time.DateOnly, written); err != nil {
			return nil, fmt.Errorf("line %d is no date: write each date in a line of its own, as 2027-01-01, and comments after #", number)
		}
		dates = append(dates, written)
	}
	slices.Sort(dates)
	dates = slices.Compact(dates)
	switch {
	case len(dates) == 0:
		return nil, errors.New("has no date: write each in a line of its own, as 2027-01-01")
	case len(dates) > MaxHolidays:
		return nil, fmt.Errorf("has %d dates: leave at most %d, for instance by taking out past years", len(dates), MaxHolidays)
	}
	return dates, nil
}
