// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dbconn

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/gomega"
)

func TestABudgetIsNeverExceededAndTurnsComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		const size = 5
		b := NewBudget(size)
		b.wait = time.Hour
		here := Login{Host: "db.example", Port: 5432}
		var open, most atomic.Int64
		var order []string
		var mu sync.Mutex
		var all sync.WaitGroup
		for i := range 40 {
			weight := 1 + i%LeastBudget
			all.Go(func() {
				leave, err := b.Enter(t.Context(), here, weight)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				order = append(order, strconv.Itoa(i))
				mu.Unlock()
				for now := open.Add(int64(weight)); ; {
					if before := most.Load(); now <= before || most.CompareAndSwap(before, now) {
						break
					}
				}
				time.Sleep(time.Second)
				open.Add(int64(-weight))
				leave()
				leave() // once counts
			})
			synctest.Wait() // so that they ask in this order
		}
		all.Wait()

		g.Expect(most.Load()).To(BeNumerically("<=", size))
		g.Expect(most.Load()).To(BeNumerically(">=", LeastBudget), "it is made use of")
		g.Expect(order).To(HaveLen(40))
		for i, name := range order {
			g.Expect(strconv.Atoi(name)).To(BeNumerically("~", i, size), "nobody is overtaken by more than those who got in at the same moment")
		}
		g.Expect(b.servers).To(BeEmpty(), "a server that nobody uses is forgotten")
	})
}

func TestABusyServerKeepsNobodyFromAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		b := NewBudget(LeastBudget)
		busy := Login{Host: "busy.example", Port: 5432}
		leave, err := b.Enter(t.Context(), busy, LeastBudget)
		g.Expect(err).NotTo(HaveOccurred())

		_, err = b.Enter(t.Context(), Login{Host: "BUSY.example", Port: 5432}, 1)
		g.Expect(err).To(MatchError(ErrBudget), "the same server in capitals")
		for _, other := range []Login{{Host: "busy.example", Port: 5433}, {Host: "idle.example", Port: 5432}} {
			out, err := b.Enter(t.Context(), other, 1000)
			g.Expect(err).NotTo(HaveOccurred())
			out()
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = b.Enter(ended, busy, 1)
		g.Expect(err).To(MatchError(context.Canceled))

		leave()
		leave, err = b.Enter(t.Context(), busy, 1)
		g.Expect(err).NotTo(HaveOccurred())
		leave()
		g.Expect(b.servers).To(BeEmpty())
	})
}

func TestNoBudgetHasNoBound(t *testing.T) {
	g := NewWithT(t)
	var none *Budget
	leave, err := none.Enter(t.Context(), Login{}, 1)
	g.Expect(err).NotTo(HaveOccurred())
	leave()
}
