// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"
)

// TestTheUsualWarmUpGrowsByAFifthADay is the golden table of 200 a day to 10,000 an hour in six weeks.
func TestTheUsualWarmUpGrowsByAFifthADay(t *testing.T) {
	g := NewWithT(t)
	w := WarmUp{From: 200, Days: 42, Target: 240_000}
	for day, messages := range map[int]int{
		-7: 200, 0: 200, 1: 237, 2: 282, 3: 335, 7: 671, 14: 2251, 21: 7553, 28: 25344, 35: 85035, 40: 201887, 41: 240_000, 42: 240_000, 4000: 240_000,
	} {
		g.Expect(w.Allowance(day)).To(Equal(messages), "day %d", day)
	}
}

func TestAWarmUpOnlyGrowsAndEndsAtItsTarget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := WarmUp{From: rapid.IntRange(1, 1_000_000).Draw(t, "from"), Days: rapid.IntRange(2, 365).Draw(t, "days")}
		w.Target = rapid.IntRange(w.From, 2_400_000_000).Draw(t, "target")
		if first := w.Allowance(0); first != w.From {
			t.Fatalf("%d on the first day, not %d", first, w.From)
		}
		if last := w.Allowance(w.Days - 1); last != w.Target {
			t.Fatalf("%d on the last day, not %d", last, w.Target)
		}
		for day := 1; day <= w.Days; day++ {
			if today, before := w.Allowance(day), w.Allowance(day-1); today < before || today > w.Target {
				t.Fatalf("%d on day %d after %d", today, day, before)
			}
		}
	})
}

func TestADayIsThatOfTheNetworksCalendar(t *testing.T) {
	g := NewWithT(t)
	n := Network{TimeZone: "Asia/Tokyo", Email: &Email{WarmUp: &WarmUp{StartedOn: "2026-11-24", From: 200, Days: 42, Target: 240_000}}}
	before := n.DayOf(time.Date(2026, 11, 24, 14, 59, 59, 0, time.UTC))
	after := n.DayOf(time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC))
	g.Expect(before.Messages).To(Equal(200))
	g.Expect(after.Messages).To(Equal(237))
	g.Expect(after.Number).To(Equal(before.Number + 1))
	n.TimeZone = "America/Los_Angeles"
	g.Expect(n.DayOf(time.Date(2026, 11, 25, 7, 59, 0, 0, time.UTC)).Messages).To(Equal(200))
	g.Expect(n.DayOf(time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)).Messages).To(Equal(237))

	n.Email.WarmUp = nil
	g.Expect(n.DayOf(time.Now())).To(BeNil())
	g.Expect(Network{}.DayOf(time.Now())).To(BeNil())
}
