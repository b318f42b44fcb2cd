// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package calendar_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
)

func date(t testing.TB, s string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func period(t testing.TB, s string) calendar.Period {
	t.Helper()
	p, err := calendar.ParsePeriod(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := calendar.Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func zones(t testing.TB) []*time.Location {
	t.Helper()
	return []*time.Location{zone(t, "Asia/Tokyo"), zone(t, "Europe/Berlin"), zone(t, "Pacific/Apia")}
}

func readVectors[T any](t testing.TB, path string) []T {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	if err := json.Unmarshal(content, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestGoldenVectors(t *testing.T) {
	type vector struct{ Anchor, Period, DeletableFrom string }
	for _, v := range readVectors[vector](t, "testdata/vectors.json") {
		t.Run(v.Anchor+" and "+v.Period, func(t *testing.T) {
			g := NewWithT(t)
			got := calendar.DeletableFrom(date(t, v.Anchor), period(t, v.Period))
			g.Expect(got.String()).To(Equal(v.DeletableFrom))
		})
	}
}

// TestSharedVectors reads the project's own vectors, which stand beside the repository where it is developed;
// their facts are all in testdata too, so that nothing is lost elsewhere.
func TestSharedVectors(t *testing.T) {
	path := filepath.Join("..", "..", "..", "..", "shared", "bench", "retention-vectors", "calendar_vectors.json")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		path = "testdata/shared.json"
	}
	type vector struct {
		Anchor        string
		Months        int
		DeletableFrom string
	}
	vectors := readVectors[vector](t, path)
	NewWithT(t).Expect(len(vectors)).To(BeNumerically(">=", 12))
	for _, v := range vectors {
		t.Run(fmt.Sprintf("%s and %d months", v.Anchor, v.Months), func(t *testing.T) {
			g := NewWithT(t)
			got := calendar.DeletableFrom(date(t, v.Anchor), calendar.Period{Months: v.Months})
			g.Expect(got.String()).To(Equal(v.DeletableFrom))
		})
	}
}

// sweep is four years of anchors, so that every day of a leap cycle is among them.
func sweep(t testing.TB, do func(anchor calendar.Date, p calendar.Period)) {
	t.Helper()
	first := date(t, "2021-01-01")
	for _, text := range []string{"P1M", "P3M", "P6M", "P1Y", "P3Y", "P5Y"} {
		p := period(t, text)
		for i := range calendar.Date(1461) {
			do(first+i, p)
		}
	}
}

// legalRule says the articles over again in the plainest words: it walks day by day.
func legalRule(anchor calendar.Date, p calendar.Period) calendar.Date {
	first := anchor + 1 // article 140: the day of the event is not counted
	y, m, d := first.UTC().Date()
	year, month := y, int(m)+p.Months
	for month > 12 {
		year, month = year+1, month-12
	}
	last := calendar.NewDate(year, time.Month(month), 1)
	for { // article 143: up to the day before the corresponding day, or the end of the month
		next := last + 1
		if last.UTC().Day() == d {
			last--
			break
		}
		if next.UTC().Month() != last.UTC().Month() {
			break
		}
		last = next
	}
	return last + calendar.Date(p.Days) + 1 // article 141: the last day is counted to its end
}

func TestEveryAnchorOfFourYearsFollowsTheLegalRule(t *testing.T) {
	sweep(t, func(anchor calendar.Date, p calendar.Period) {
		if got, want := calendar.DeletableFrom(anchor, p), legalRule(anchor, p); got != want {
			t.Fatalf("%s + %s: %s, by the law %s", anchor, p, got, want)
		}
	})
}

func TestDeletableFromIsMonotoneAndNeverBeforeTheClampedDate(t *testing.T) {
	late := map[string]int{}
	var before calendar.Date
	var last calendar.Period
	sweep(t, func(anchor calendar.Date, p calendar.Period) {
		got := calendar.DeletableFrom(anchor, p)
		if p == last && got < before {
			t.Fatalf("%s + %s: %s, earlier than for the day before", anchor, p, got)
		}
		before, last = got, p
		y, m, d := anchor.UTC().Date()
		end := calendar.NewDate(y, m+time.Month(p.Months)+1, 0)
		clamped := min(calendar.NewDate(y, m+time.Month(p.Months), d), end)
		if got < clamped+1 {
			t.Fatalf("%s + %s: %s, before the clamped date %s has passed", anchor, p, got, clamped)
		}
		if got > clamped+1 {
			late[p.String()]++
		}
	})
	NewWithT(t).Expect(late["P1M"]).To(Equal(20), "anchors at a month's end for which clamping is too early")
}

func TestCutoffIsTheExactInverse(t *testing.T) {
	for _, z := range zones(t) {
		t.Run(z.String(), func(t *testing.T) {
			sweep(t, func(anchor calendar.Date, p calendar.Period) {
				from := calendar.DeletableFrom(anchor, p)
				start := calendar.StartOf(from, z)
				if c := calendar.Cutoff(start, z, p); c < anchor {
					t.Fatalf("%s + %s: not due at %s, its first instant (cut-off %s)", anchor, p, start, c)
				}
				if c := calendar.Cutoff(start.Add(-time.Nanosecond), z, p); c >= anchor {
					t.Fatalf("%s + %s: due before %s (cut-off %s)", anchor, p, start, c)
				}
			})
		})
	}
}

func TestCutoffIsTheExactInverseForAnyPeriod(t *testing.T) {
	all := zones(t)
	rapid.Check(t, func(t *rapid.T) {
		p := calendar.Period{Months: rapid.IntRange(0, 1200).Draw(t, "months"), Days: rapid.IntRange(0, 400).Draw(t, "days")}
		z := rapid.SampledFrom(all).Draw(t, "zone")
		asOf := time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "asOf"), 0)
		today, cutoff := calendar.DateOf(asOf, z), calendar.Cutoff(asOf, z, p)
		if got := calendar.DeletableFrom(cutoff, p); got > today {
			t.Fatalf("the cut-off %s itself is deletable from %s only, today is %s", cutoff, got, today)
		}
		if got := calendar.DeletableFrom(cutoff+1, p); got <= today {
			t.Fatalf("the day after the cut-off %s is deletable from %s already, today is %s", cutoff, got, today)
		}
	})
}

func TestStartOfADateWhereTheClockChanges(t *testing.T) {
	cases := map[string]struct{ zone, date, want string }{
		"an ordinary day": {"Asia/Tokyo", "2026-04-01", "2026-03-31T15:00:00Z"},
		"a day whose midnight the clock jumps over":  {"America/Santiago", "2022-09-11", "2022-09-11T04:00:00Z"},
		"a day before a change in the afternoon":     {"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z"},
		"a day after it":                             {"Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00Z"},
		"a day that a zone left out":                 {"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},
		"the day that came instead":                  {"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},
		"a midnight that was shown twice, the first": {"America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z"},
		"the day after one that a zone lived twice":  {"Pacific/Kwajalein", "1969-10-01", "1969-10-01T12:00:00Z"},
		"a day that began by putting the clock back": {"America/Havana", "2025-11-02", "2025-11-02T04:00:00Z"},
		"a day in UTC":                               {"UTC", "1970-01-01", "1970-01-01T00:00:00Z"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := calendar.StartOf(date(t, c.date), zone(t, c.zone))
			NewWithT(t).Expect(got.Format(time.RFC3339)).To(Equal(c.want))
		})
	}
}

func TestBeforeKeepsEveryEventOfALaterDate(t *testing.T) {
	all := append(zones(t), zone(t, "America/St_Johns"), zone(t, "America/Santiago"), zone(t, "America/Havana"))
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(all).Draw(t, "zone")
		at := time.Unix(rapid.Int64Range(0, 2_000_000_000).Draw(t, "at"), 0)
		cutoff := calendar.DateOf(at, z) + calendar.Date(rapid.IntRange(-1, 1).Draw(t, "shift"))
		if at.Before(calendar.Before(cutoff, z)) && calendar.DateOf(at, z) > cutoff {
			t.Fatalf("%s is taken for an event of %s or earlier", at.In(z), cutoff)
		}
	})
}

func TestPeriods(t *testing.T) {
	good := map[string]calendar.Period{
		"P3Y":         {Months: 36},
		"P18M":        {Months: 18},
		"P2W":         {Days: 14},
		"P30D":        {Days: 30},
		"P1Y2M3W4D":   {Months: 14, Days: 25},
		"P0D":         {},
		"P100Y":       {Months: 1200},
		"P1200M":      {Months: 1200},
		"P36524D":     {Days: 36524},
		"P0Y0M0W0D":   {},
		"P007D":       {Days: 7},
		"P99Y11M4W2D": {Months: 1199, Days: 30},
	}
	for text, want := range good {
		t.Run(text+" is a period", func(t *testing.T) {
			NewWithT(t).Expect(calendar.ParsePeriod(text)).To(Equal(want))
		})
	}
	bad := []string{"", "P", "3Y", "P3", "P-3Y", "P+3Y", "P1.5Y", "P1,5Y", "PT1H", "P1YT1H", "P1D1Y", "P1M1Y", "P1Y1Y", "PY", "P 3Y", "P3Y ",
		"p3y", "P3y", "P101Y", "P1201M", "P100Y1D", "P99999Y", "P36525D", "P999999999999999999D", "P３Y", "P1Y2W3M"}
	for _, text := range bad {
		t.Run(text+" is not", func(t *testing.T) {
			_, err := calendar.ParsePeriod(text)
			NewWithT(t).Expect(err).To(MatchError(calendar.ErrPeriod))
		})
	}
}

func FuzzPeriod(f *testing.F) {
	for _, s := range []string{"P3Y", "P1Y2M3W4D", "P30D", "PT1H", "P-1D", "P", "P00001D"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := calendar.ParsePeriod(s)
		if err != nil {
			return
		}
		again, err := calendar.ParsePeriod(p.String())
		if err != nil && p.Months < 99999 && p.Days < 99999 {
			t.Fatalf("%q was read as %s, which cannot be read: %v", s, p, err)
		}
		if again != p {
			t.Fatalf("%q was read as %+v, and written as %s it is %+v", s, p, p, again)
		}
	})
}

func TestZonesOfTheMachineAreRefused(t *testing.T) {
	for _, name := range []string{"", "Local", "Asia/Atlantis", "../../etc/passwd"} {
		t.Run(name, func(t *testing.T) {
			_, err := calendar.Zone(name)
			NewWithT(t).Expect(err).To(HaveOccurred())
		})
	}
}

func TestDatesAreReadAndWritten(t *testing.T) {
	g := NewWithT(t)
	g.Expect(date(t, "1969-12-31")).To(Equal(calendar.Date(-1)))
	g.Expect(date(t, "2026-04-30").String()).To(Equal("2026-04-30"))
	_, err := calendar.ParseDate("2026-02-30")
	g.Expect(err).To(HaveOccurred())
}
