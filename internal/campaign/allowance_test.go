// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"
)

// most is the largest number of moments within any window of a length, in which a moment at its end is no more.
func most(moments []time.Time, window time.Duration) int {
	slices.SortFunc(moments, time.Time.Compare)
	best, first := 0, 0
	for last := range moments {
		for moments[last].Sub(moments[first]) >= window {
			first++
		}
		best = max(best, last-first+1)
	}
	return best
}

// TestNoWindowEverSeesMoreThanTheLimit has workers ask at any time for any number, and send each message as early or as late as
// they may.
func TestNoWindowEverSeesMoreThanTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := limits{perSecond: rapid.IntRange(1, 40).Draw(t, "per second"), perHour: rapid.IntRange(1, 400).Draw(t, "per hour")}
		now := time.Date(2026, 11, 22, 8, 59, rapid.IntRange(0, 59).Draw(t, "second"), 0, time.UTC)
		var a allowance
		var sent []time.Time
		for range rapid.IntRange(1, 200).Draw(t, "asks") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 30, 999, 20_000, 600_000}).Draw(t, "milliseconds")) * time.Millisecond)
			g := a.take(now, rapid.IntRange(1, 50).Draw(t, "messages"), l)
			if g.messages == 0 && !g.retry.After(now) {
				t.Fatal("whoever gets nothing asks again later")
			}
			for i := range g.messages {
				late := time.Duration(rapid.IntRange(-int(early), int(grace)).Draw(t, "late"))
				sent = append(sent, g.starts.Add(time.Duration(i)*g.spacing).Add(late))
			}
		}
		if n := most(sent, time.Second); n > l.perSecond {
			t.Fatalf("%d in a second, the limit is %d", n, l.perSecond)
		}
		if n := most(sent, time.Hour); n > l.perHour {
			t.Fatalf("%d in an hour, the limit is %d", n, l.perHour)
		}
	})
}

func TestTheHourComesBackMinuteByMinute(t *testing.T) {
	g := NewWithT(t)
	l := limits{perSecond: 1000, perHour: 100}
	now := time.Date(2026, 11, 22, 9, 0, 30, 0, time.UTC)
	var a allowance
	g.Expect(a.take(now, 60, l).messages).To(Equal(60))
	g.Expect(a.take(now.Add(10*time.Minute), 60, l).messages).To(Equal(40))
	none := a.take(now.Add(11*time.Minute), 1, l)
	g.Expect(none.messages).To(BeZero())
	g.Expect(none.retry).To(BeTemporally("==", now.Add(11*time.Minute+30*time.Second)))
	g.Expect(a.take(now.Add(61*time.Minute), 60, l).messages).To(BeZero())
	g.Expect(a.take(now.Add(62*time.Minute), 61, l).messages).To(Equal(60))
	g.Expect(a.take(now.Add(24*time.Hour), 500, l).messages).To(Equal(100), "a day on everything is forgotten")
	g.Expect(len(a.hour.counts)).To(BeNumerically("<=", perHourSpan.ticks))
}

// TestWorkersShareTheLimitsOfTheirSender has as many pacers on one store as there may be workers, each as fast as it can.
func TestWorkersShareTheLimitsOfTheirSender(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 0)
	const workers, perSecond = 4, 100
	ctx, stop := context.WithTimeout(t.Context(), 2500*time.Millisecond)
	defer stop()
	var mu sync.Mutex
	var sent []time.Time
	each := make([]int, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			p := newPacer(r.ledger(time.Now), "Email", limits{perSecond: perSecond, perHour: 100_000}, ownLimit(r.job))
			for p.next(ctx) == nil {
				mu.Lock()
				sent, each[w] = append(sent, time.Now()), each[w]+1
				mu.Unlock()
			}
		})
	}
	all.Wait()
	g.Expect(most(sent, time.Second)).To(And(BeNumerically("<=", perSecond), BeNumerically(">", perSecond*3/4)))
	g.Expect(each).To(HaveEach(BeNumerically(">", perSecond/4)), "nobody is kept out by the others")
}

func TestTwoRunsAtOnceKeepTheSendersHour(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 60)
	r.job.Network.Email.MaxPerHour = 50
	r.job.Campaign.RetryDeadlineSeconds = 3
	var both sync.WaitGroup
	for _, campaign := range []string{"one", "two"} {
		job := r.job
		job.RunName, job.Campaign.Name, job.Campaign.UID = campaign+"-1", campaign, campaign
		both.Go(func() {
			ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
			defer stop()
			_ = Run(ctx, r.pool(), job)
		})
	}
	both.Wait()
	g.Expect(r.smtp.Taken()).To(Equal(50))
	counts := r.counts()
	g.Expect(counts["Sent"]).To(Equal(50))
	g.Expect(counts["Planned"]+counts["Expired"]).To(Equal(70), "what the hour has no room for waits")
	g.Expect(r.leased()).To(BeZero())
}
