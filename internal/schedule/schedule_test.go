// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package schedule_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/schedule"
)

func at(t *testing.T, value string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, value)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestNextReadsWallClockTimes(t *testing.T) {
	tests := map[string]struct{ cron, zone, after, want string }{
		"a monthly newsletter in Tokyo":                          {"0 9 1 * *", "Asia/Tokyo", "2026-11-21T00:00:00Z", "2026-12-01T09:00:00+09:00"},
		"a time that is due now is due next at the next time":    {"0 9 * * *", "UTC", "2026-11-21T09:00:00Z", "2026-11-22T09:00:00Z"},
		"a time in the gap of spring is due right after it":      {"30 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T03:00:00+02:00"},
		"the day after the gap is as always":                     {"30 2 * * *", "Europe/Berlin", "2027-03-28T01:00:00Z", "2027-03-29T02:30:00+02:00"},
		"a time in the repeated hour of autumn is due the first": {"30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", "2027-10-31T02:30:00+02:00"},
		"and not a second time":                                  {"30 2 * * *", "Europe/Berlin", "2027-10-31T00:30:00Z", "2027-11-01T02:30:00+01:00"},
		"a midnight that does not exist":                         {"0 0 * * *", "America/Santiago", "2026-09-05T12:00:00Z", "2026-09-06T01:00:00-03:00"},
		"many times in one gap are one":                          {"*/15 2 * * *", "Europe/Berlin", "2027-03-28T01:00:00Z", "2027-03-29T02:00:00+02:00"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s, err := schedule.Parse(tt.cron, tt.zone)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(s.Next(at(t, tt.after))).To(BeTemporally("==", at(t, tt.want)))
		})
	}
}

func TestParseRefusesWhatNobodyCanMean(t *testing.T) {
	tests := map[string]struct{ cron, zone, want string }{
		"a zone inside the expression": {"TZ=Asia/Tokyo 0 9 * * *", "UTC", "timeZone"},
		"a zone that does not exist":   {"0 9 * * *", "Asia/Tokio", "no such IANA zone"},
		"the machine's own zone":       {"0 9 * * *", "Local", "IANA name"},
		"six fields":                   {"0 0 9 * * *", "UTC", "cron"},
		"an hour past midnight":        {"0 25 * * *", "UTC", "cron"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := schedule.Parse(tt.cron, tt.zone)
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring(tt.want)))
		})
	}
}

func TestADateThatNeverComesHasNoNext(t *testing.T) {
	g := NewWithT(t)
	s, err := schedule.Parse("0 0 30 2 *", "UTC")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.Next(at(t, "2026-01-01T00:00:00Z")).IsZero()).To(BeTrue())
}

func TestDueGivesTheNewestAndCountsTheRest(t *testing.T) {
	tests := map[string]struct {
		last, now string
		due       string
		missed    int
	}{
		"nothing yet":                          {"2026-11-21T09:00:00Z", "2026-11-21T09:30:00Z", "", 0},
		"just now":                             {"2026-11-21T09:00:00Z", "2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z", 0},
		"one catch-up after downtime":          {"2026-11-21T01:00:00Z", "2026-11-21T05:20:00Z", "2026-11-21T05:00:00Z", 3},
		"all too late is nothing but a number": {"2026-11-21T01:00:00Z", "2026-11-21T02:59:00Z", "", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s, err := schedule.Parse("0 * * * *", "UTC")
			g.Expect(err).NotTo(HaveOccurred())
			due, missed := s.Due(at(t, tt.last), at(t, tt.now), 30*time.Minute)
			g.Expect(missed).To(Equal(tt.missed))
			if tt.due == "" {
				g.Expect(due.IsZero()).To(BeTrue())
				return
			}
			g.Expect(due).To(BeTemporally("==", at(t, tt.due)))
		})
	}
}

func TestLongDowntimeOfAMinuteScheduleIsBounded(t *testing.T) {
	g := NewWithT(t)
	s, err := schedule.Parse("* * * * *", "Asia/Tokyo")
	g.Expect(err).NotTo(HaveOccurred())
	due, missed := s.Due(at(t, "2016-01-01T00:00:00Z"), at(t, "2026-01-01T00:00:30Z"), time.Hour)
	g.Expect(due).To(BeTemporally("==", at(t, "2026-01-01T00:00:00Z")))
	g.Expect(missed).To(Equal(1000))
}

func TestNextIsAlwaysLaterAndNeverSkipsADay(t *testing.T) {
	zones := []string{"Asia/Tokyo", "Europe/Berlin", "America/Santiago", "Pacific/Apia", "Australia/Lord_Howe", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		cron := []string{"30 2 * * *", "0 0 * * *", "15 23 * * *"}[rapid.IntRange(0, 2).Draw(t, "cron")]
		s, err := schedule.Parse(cron, zone)
		if err != nil {
			t.Fatal(err)
		}
		after := time.Unix(rapid.Int64Range(1_300_000_000, 2_000_000_000).Draw(t, "after"), 0)
		next := s.Next(after)
		if !next.After(after) {
			t.Fatalf("next %v is not after %v", next, after)
		}
		if next.Sub(after) > 49*time.Hour {
			t.Fatalf("next %v skips a day after %v in %s", next, after, zone)
		}
	})
}
