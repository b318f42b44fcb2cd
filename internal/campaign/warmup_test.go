// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// TestNoDayOfAWarmUpSeesMoreThanItsShare has workers ask around midnights, and use their leave as early or late as they may.
func TestNoDayOfAWarmUpSeesMoreThanItsShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := settings.Network{TimeZone: "Asia/Tokyo", Email: &settings.Email{WarmUp: &settings.WarmUp{StartedOn: "2026-11-24",
			From: rapid.IntRange(1, 30).Draw(t, "from"), Days: rapid.IntRange(2, 6).Draw(t, "days"), Target: 100}}}
		l := limits{perSecond: rapid.IntRange(1, 40).Draw(t, "per second"), perHour: 1000, day: n.DayOf}
		now := time.Date(2026, 11, 24, 14, 59, 59, 0, time.UTC) // the last second of the first day
		var a allowance
		sent := map[int]int{}
		for range rapid.IntRange(1, 200).Draw(t, "asks") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 10, 900, 20_000, 12 * 3600_000}).Draw(t, "milliseconds")) * time.Millisecond)
			g := a.take(now, rapid.IntRange(1, 50).Draw(t, "messages"), l)
			if g.messages == 0 && !g.retry.After(now) {
				t.Fatal("whoever gets nothing asks again later")
			}
			for i := range g.messages {
				late := time.Duration(rapid.IntRange(-int(early), int(grace)).Draw(t, "late"))
				sent[n.DayOf(g.starts.Add(time.Duration(i)*g.spacing).Add(late)).Number]++
			}
		}
		for number, messages := range sent {
			if most := n.DayOf(time.Unix(int64(number)*24*60*60, 0)).Messages; messages > most {
				t.Fatalf("%d on day %d, the warm-up allows %d", messages, number, most)
			}
		}
	})
}

func TestADayThatIsOverForLateMessagesGivesNoMore(t *testing.T) {
	g := NewWithT(t)
	n := settings.Network{TimeZone: "Asia/Tokyo", Email: &settings.Email{WarmUp: &settings.WarmUp{StartedOn: "2026-11-24", From: 2, Days: 2, Target: 100}}}
	l := limits{perSecond: 22, perHour: 1000, day: n.DayOf}
	now := time.Date(2026, 11, 24, 14, 59, 59, 900_000_000, time.UTC) // a tenth of a second before the second day
	var a allowance
	g.Expect(a.take(now, 1, l).messages).To(Equal(1))
	g.Expect(a.take(now, 1, l).messages).To(Equal(1), "it may be late, and counts on both days")
	refused := a.take(now, 1, l)
	g.Expect(refused.messages).To(BeZero())
	g.Expect(refused.retry).To(Equal(time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)))
	g.Expect(a.take(refused.retry, 1, l).messages).To(Equal(1))
}

// noon is a zone in which it is noon, so that no test sees a midnight.
func noon() string { return fmt.Sprintf("Etc/GMT%+d", time.Now().UTC().Hour()-12) }

func TestARunWaitsWhenTheDayOfItsWarmUpIsUsedUp(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 20)
	r.job.Network.TimeZone = noon()
	r.job.Network.Email.WarmUp = &settings.WarmUp{StartedOn: "2026-01-01", From: 7, Days: 2, Target: 7}
	r.job.Campaign.RetryDeadlineSeconds = 3
	r.mustRun()
	g.Expect(r.smtp.Taken()).To(Equal(7))
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 7, "Expired": 13}))
	today := r.job.Network.DayOf(time.Now())
	g.Expect(scalar[bool](r, "SELECT day = date 'epoch' + $1::int AND day_used = 7 FROM alumni.send_allowance", today.Number)).To(BeTrue())
	g.Expect(r.log.String()).To(ContainSubstring("warm-up are used up"))

	r.exec("UPDATE alumni.send_allowance SET day = day - 1") // that was yesterday
	r.job.RunName += "-2"
	r.mustRun()
	g.Expect(r.smtp.Taken()).To(Equal(14))
}
