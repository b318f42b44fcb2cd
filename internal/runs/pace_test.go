// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runs_test

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/runs"
)

// TestFiveHundredNetworksThatAreDueAtTheSameMinuteAreSpread plays the requeues of the controllers: who must wait asks again when its
// turn has come.
func TestFiveHundredNetworksThatAreDueAtTheSameMinuteAreSpread(t *testing.T) {
	g, p := NewWithT(t), runs.NewPace()
	due := time.Date(2027, 4, 1, 2, 30, 0, 0, time.UTC)
	asks, began := 0, map[int]int{} // by second
	for i := range 500 {
		subject, now := fmt.Sprintf("backup group/company-%d", i), due
		for {
			asks++
			wait := p.Wait(subject, now)
			if wait == 0 {
				break
			}
			now = now.Add(wait)
		}
		began[int(now.Sub(due)/time.Second)]++
	}
	g.Expect(began[0]).To(Equal(runs.StartBurst + runs.StartRate - 1))
	last := 0
	for second, n := range began {
		last = max(last, second)
		if second > 0 {
			g.Expect(n).To(BeNumerically("<=", runs.StartRate), "in second %d", second)
		}
	}
	g.Expect(last).To(Equal((500 - runs.StartBurst) / runs.StartRate))
	g.Expect(asks).To(Equal(500+500-runs.StartBurst), "nobody asks more than twice")
}

func TestATurnStandsUntilItIsTakenAndOneThatNobodyTookIsForgotten(t *testing.T) {
	g, p := NewWithT(t), runs.NewPace()
	now := time.Date(2027, 4, 1, 2, 30, 0, 0, time.UTC)
	for i := range runs.StartBurst {
		g.Expect(p.Wait(fmt.Sprint(i), now)).To(BeZero(), "where few are due nobody waits")
	}
	wait := p.Wait("late", now)
	g.Expect(wait).To(Equal(time.Second / runs.StartRate))
	g.Expect(p.Wait("later", now)).To(Equal(2*wait), "one after the other")
	g.Expect(p.Wait("late", now.Add(wait/2))).To(Equal(wait-wait/2), "who asks before its turn keeps it")
	g.Expect(p.Wait("late", now.Add(wait))).To(BeZero())

	tomorrow := now.Add(24 * time.Hour)
	for i := range runs.StartBurst {
		g.Expect(p.Wait(fmt.Sprint(i), tomorrow)).To(BeZero())
	}
	g.Expect(p.Wait("later", tomorrow)).To(Equal(wait), "the turn of yesterday is no turn of today")
}

func TestWithoutAPaceNobodyWaits(t *testing.T) {
	NewWithT(t).Expect((*runs.Pace)(nil).Wait("anybody", time.Now())).To(BeZero())
}
