// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// TestNoWindowOfADomainEverSeesMoreThanItsLimit has workers ask at any time for any number, and use their leave as late as they may.
func TestNoWindowOfADomainEverSeesMoreThanItsLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := limits{perSecond: rapid.IntRange(0, 40).Draw(t, "per second"), perHour: rapid.IntRange(0, 400).Draw(t, "per hour")}
		if l.perSecond+l.perHour == 0 {
			l.perSecond = 1
		}
		now := time.Date(2026, 11, 22, 8, 59, 0, rapid.IntRange(0, 999_999_999).Draw(t, "nanosecond"), time.UTC)
		var a allowance
		var sent []time.Time
		for range rapid.IntRange(1, 200).Draw(t, "asks") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 30, 51, 999, 20_000, 600_000}).Draw(t, "milliseconds")) * time.Millisecond)
			g := a.burst(now, rapid.IntRange(1, 50).Draw(t, "messages"), l)
			if g.messages == 0 && (!g.retry.After(now) || g.turn <= 0) {
				t.Fatal("whoever gets nothing asks again later")
			}
			for range g.messages {
				sent = append(sent, g.starts.Add(time.Duration(rapid.IntRange(0, int(burstGrace)).Draw(t, "late"))))
			}
		}
		if n := most(sent, time.Second); l.perSecond > 0 && n > l.perSecond {
			t.Fatalf("%d in a second, the limit is %d", n, l.perSecond)
		}
		if n := most(sent, time.Hour); l.perHour > 0 && n > l.perHour {
			t.Fatalf("%d in an hour, the limit is %d", n, l.perHour)
		}
	})
}

func TestADomainIsAskedAgainWhenThereIsRoom(t *testing.T) {
	g := NewWithT(t)
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	l := limits{perSecond: 10, perHour: 25}
	var a allowance
	g.Expect(a.burst(now, 50, l).messages).To(Equal(10))
	none := a.burst(now.Add(300*time.Millisecond), 1, l)
	g.Expect(none.messages).To(BeZero())
	g.Expect(none.retry).To(BeTemporally("==", now.Add(1100*time.Millisecond)))
	g.Expect(none.turn).To(Equal(110 * time.Millisecond))
	g.Expect(a.burst(none.retry, 50, l).messages).To(Equal(10))
	g.Expect(a.burst(now.Add(10*time.Minute), 50, l).messages).To(Equal(5))
	none = a.burst(now.Add(10*time.Minute), 50, l)
	g.Expect(none.retry).To(BeTemporally("==", now.Add(62*time.Minute)), "the first minute counts until then")
	g.Expect(a.burst(none.retry.Add(-time.Minute), 1, l).messages).To(BeZero())
	g.Expect(a.burst(none.retry, 50, limits{perHour: 25}).messages).To(Equal(20))
}

func TestAClockThatIsPutBackGrantsNoMore(t *testing.T) {
	g := NewWithT(t)
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	l := limits{perSecond: 10, perHour: 10}
	var a allowance
	g.Expect(a.burst(now, 6, l).messages).To(Equal(6))
	g.Expect(a.burst(now.Add(-3*time.Hour), 50, l).messages).To(Equal(4))
	g.Expect(a.burst(now, 1, l).messages).To(BeZero())
}

func TestMessagesThatFindNoRoomQueueUp(t *testing.T) {
	g := NewWithT(t)
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	asked := 0
	d := &domain{now: func() time.Time { return now }, most: 1, chunk: 1,
		ask: func(context.Context, int) (grant, time.Duration, error) {
			asked++
			return grant{retry: now.Add(time.Second), turn: 25 * time.Minute}, 0, nil
		}}
	later, err := d.admit(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(later).To(Equal(time.Second))
	g.Expect(d.isShut()).To(Equal(25*time.Minute + time.Second))
	g.Expect(d.isShut()).To(Equal(50*time.Minute + time.Second))
	g.Expect(d.isShut()).To(Equal(time.Hour), "nobody is put off for longer on a guess")
	g.Expect(asked).To(Equal(1), "the store is not asked while it is known to have no room")
}

func TestDomainsAreToldApartByTheirNamesInASCII(t *testing.T) {
	g := NewWithT(t)
	ds := newDomains(nil, []settings.DomainLimit{{Domain: "docomo.example", MaxPerSecond: 1}, {Domain: "xn--bcher-kva.example", MaxPerHour: 1}})
	for address, limited := range map[string]bool{
		"a@docomo.example": true, "a@DoCoMo.Example": true, "a@mail.docomo.example": false, "a@example": false,
		"a@bücher.example": true, "a@XN--BCHER-KVA.example": true, "no address": false,
	} {
		g.Expect(ds.of(address) != nil).To(Equal(limited), address)
	}
	g.Expect(newDomains(nil, nil).of("a@docomo.example")).To(BeNil())
}

// TestWorkersShareTheLimitsOfADomain has as many workers on one store as there may be, each as fast as it can.
func TestWorkersShareTheLimitsOfADomain(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 0)
	const workers, perSecond = 4, 40
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
	defer stop()
	var mu sync.Mutex
	var sent []time.Time
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			d := newDomains(r.ledger(time.Now), []settings.DomainLimit{{Domain: "mail.example", MaxPerSecond: perSecond}}).of("a@mail.example")
			for ctx.Err() == nil {
				if later := d.isShut(); later > 0 {
					sleep(ctx, 5*time.Millisecond)
					continue
				}
				later, err := d.admit(ctx)
				if err == nil && later == 0 {
					mu.Lock()
					sent = append(sent, time.Now())
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	g.Expect(most(sent, time.Second)).To(And(BeNumerically("<=", perSecond), BeNumerically(">", perSecond*3/4)))
	g.Expect(scalar[string](r, "SELECT sender FROM alumni.send_allowance")).To(Equal("Email/mail.example"))
}

// moved gives the members of an interval an address at another domain.
func (r *rig) moved(from, to int, domain string) {
	r.Helper()
	for i := from; i <= to; i++ {
		r.exec("UPDATE alumni.contact SET address = $2 WHERE member_id = $1", member(i), fmt.Sprintf("m%d@%s", i, domain))
	}
}

// taken counts the mails to a domain.
func (r *rig) taken(domain string) (n int) {
	for address, times := range r.smtp.Counts() {
		if strings.HasSuffix(address, "@"+domain) {
			n += times
		}
	}
	return n
}

func TestASlowDomainHoldsNobodyUp(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 300)
	r.moved(1, 200, "slow.example")
	r.job.Network.Email.PerDomain = []settings.DomainLimit{{Domain: "slow.example", MaxPerHour: 7}}
	r.job.Campaign.RetryDeadlineSeconds = 3
	r.mustRun()
	g.Expect(r.taken("mail.example")).To(Equal(100))
	g.Expect(r.taken("slow.example")).To(Equal(7))
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 107, "Expired": 193}))
	g.Expect(scalar[int](r, "SELECT sum(attempts) FROM alumni.delivery WHERE state = 'Expired'")).To(BeZero(), "waiting for a domain is no attempt")
	g.Expect(scalar[bool](r, "SELECT bool_and(not_before > now() + interval '30 minutes') FROM alumni.delivery WHERE state = 'Expired'")).To(BeTrue(),
		"each waits until there is room, and is not claimed again and again")
}

func TestALimitedDomainGetsEverythingInTheEnd(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 40)
	r.moved(1, 25, "Slow.example")
	r.job.Network.Email.PerDomain = []settings.DomainLimit{{Domain: "slow.example", MaxPerSecond: 10}}
	started := time.Now()
	r.mustRun()
	g.Expect(time.Since(started)).To(BeNumerically(">", 2*time.Second), "the third ten of them wait for two seconds")
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": 40}))
	g.Expect(r.taken("Slow.example")).To(Equal(25))
	g.Expect(scalar[int](r, "SELECT max(attempts) FROM alumni.delivery")).To(Equal(1))
}
