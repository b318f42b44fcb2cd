// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package quiet_test

import (
	"fmt"
	"testing"
	"time"
	_ "time/tzdata"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/quiet"
)

func mustParse(t *testing.T, from, until string, days ...string) quiet.Hours {
	t.Helper()
	h, err := quiet.Parse(from, until, days)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestTheNightEndsInTheMorningByTheMembersOwnClock(t *testing.T) {
	night := mustParse(t, "21:00", "08:00")
	sunday := mustParse(t, "21:00", "08:00", "Sunday")
	off := mustParse(t, "00:00", "00:00")
	newYear, err := night.With([]string{"2026-12-31", "2027-01-01", "2027-01-02", "2027-01-03"})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	for name, c := range map[string]struct {
		hours    quiet.Hours
		zone, at string
		want     string
	}{
		"in the evening":                     {night, "Asia/Tokyo", "2026-11-21T22:10:00+09:00", "2026-11-22T08:00:00+09:00"},
		"at the first minute":                {night, "Asia/Tokyo", "2026-11-21T21:00:00+09:00", "2026-11-22T08:00:00+09:00"},
		"a minute before":                    {night, "Asia/Tokyo", "2026-11-21T20:59:59+09:00", "2026-11-21T20:59:59+09:00"},
		"before dawn":                        {night, "Asia/Tokyo", "2026-11-21T03:00:00+09:00", "2026-11-21T08:00:00+09:00"},
		"at eight":                           {night, "Asia/Tokyo", "2026-11-21T08:00:00+09:00", "2026-11-21T08:00:00+09:00"},
		"where it is day meanwhile":          {night, "Europe/Berlin", "2026-11-21T22:10:00+09:00", "2026-11-21T14:10:00+01:00"},
		"on Saturday night before a Sunday":  {sunday, "Asia/Tokyo", "2026-11-21T22:00:00+09:00", "2026-11-23T08:00:00+09:00"},
		"on Sunday at noon":                  {sunday, "Asia/Tokyo", "2026-11-22T12:00:00+09:00", "2026-11-23T08:00:00+09:00"},
		"without quiet hours":                {off, "Asia/Tokyo", "2026-11-22T03:00:00+09:00", "2026-11-22T03:00:00+09:00"},
		"on a holiday at noon":               {newYear, "Asia/Tokyo", "2026-12-31T12:00:00+09:00", "2027-01-04T08:00:00+09:00"},
		"in the night before a holiday":      {newYear, "Asia/Tokyo", "2026-12-30T21:30:00+09:00", "2027-01-04T08:00:00+09:00"},
		"where the holiday has not begun":    {newYear, "America/New_York", "2026-12-30T20:30:00-05:00", "2026-12-30T20:30:00-05:00"},
		"where the holiday is not over":      {newYear, "America/New_York", "2027-01-03T18:00:00-05:00", "2027-01-04T08:00:00-05:00"},
		"in the night of the clock's change": {night, "Europe/Berlin", "2027-03-28T01:30:00+01:00", "2027-03-28T08:00:00+02:00"},
		"until a time that the clock skips":  {mustParse(t, "21:00", "02:30"), "Europe/Berlin", "2027-03-28T01:30:00+01:00", "2027-03-28T03:00:00+02:00"},
		"until a time that it shows twice":   {mustParse(t, "21:00", "02:30"), "Europe/Berlin", "2027-10-31T02:10:00+02:00", "2027-10-31T02:30:00+02:00"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			zone, err := time.LoadLocation(c.zone)
			g.Expect(err).NotTo(HaveOccurred())
			at, err := time.Parse(time.RFC3339, c.at)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(c.hours.Ends(at, zone).In(zone).Format(time.RFC3339)).To(Equal(c.want))
		})
	}
}

func TestQuietHoursEndAtTheFirstMomentThatIsNotQuiet(t *testing.T) {
	zones := []string{"Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "UTC"}
	days := []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
	rapid.Check(t, func(t *rapid.T) {
		clock := func(label string) string {
			return fmt.Sprintf("%02d:%02d", rapid.IntRange(0, 23).Draw(t, label), rapid.SampledFrom([]int{0, 15, 30, 59}).Draw(t, label+" minutes"))
		}
		h, err := quiet.Parse(clock("from"), clock("until"), rapid.SliceOfNDistinct(rapid.SampledFrom(days), 0, 6, rapid.ID).Draw(t, "days"))
		if err != nil {
			t.Fatal(err)
		}
		if h, err = h.With(holidays(t)); err != nil {
			t.Fatal(err)
		}
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		year := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		at := year.Add(time.Duration(rapid.IntRange(0, 2*365*24*60).Draw(t, "minute")) * time.Minute)
		want := at
		for h.At(want, zone) {
			want = want.Add(time.Minute)
		}
		if got := h.Ends(at, zone); !got.Equal(want) {
			t.Fatalf("quiet at %s until %s, want %s", at.In(zone), got.In(zone), want.In(zone))
		}
	})
}

// holidays draws single days and weeks of them in 2026 and 2027.
func holidays(t *rapid.T) []string {
	var dates []string
	for range rapid.IntRange(0, 20).Draw(t, "holidays") {
		first := time.Date(2026, 1, 1+rapid.IntRange(0, 730).Draw(t, "first"), 0, 0, 0, 0, time.UTC)
		for i := range rapid.SampledFrom([]int{1, 1, 1, 3, 10, 30}).Draw(t, "in a row") {
			dates = append(dates, first.AddDate(0, 0, i).Format(time.DateOnly))
		}
	}
	return dates
}

func TestBadQuietHoursAreRefusedByName(t *testing.T) {
	for name, c := range map[string]struct {
		from, until string
		days        []string
		want        string
	}{
		"an hour that is none":   {"25:00", "08:00", nil, `from: "25:00" is no time of the day`},
		"a time without minutes": {"21:00", "8", nil, `until: "8" is no time of the day`},
		"one digit":              {"21:00", "8:00", nil, `until: "8:00" is no time of the day`},
		"a day that is none":     {"21:00", "08:00", []string{"Funday"}, `days: "Funday" is no day of the week`},
		"every day": {"21:00", "08:00", []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
			"leave at least one day"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := quiet.Parse(c.from, c.until, c.days)
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring(c.want)))
		})
	}
}
