// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"bytes"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestEveryClaimHasALeaseOfItsOwnBetweenTheBoundsOfItsWorker(t *testing.T) {
	g := NewWithT(t)
	one, other := newLeases(), newLeases()
	from, to := one.bounds()
	a, b, strange := one.next(), one.next(), other.next()
	g.Expect(a).NotTo(Equal(b))
	for _, lease := range [][]byte{a[:], b[:]} {
		g.Expect(bytes.Compare(from[:], lease) <= 0 && bytes.Compare(lease, to[:]) <= 0).To(BeTrue())
	}
	g.Expect(bytes.Compare(from[:], strange[:]) <= 0 && bytes.Compare(strange[:], to[:]) <= 0).To(BeFalse())
}

func TestAnOutcomeThatIsWrittenTwiceDoesNotEndALaterClaim(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 3)
	l := r.ledger(time.Now)
	_, err := l.join(t.Context(), r.job, r.job.day())
	g.Expect(err).NotTo(HaveOccurred())
	claim := func() []*item {
		items, _, err := l.claim(t.Context(), 3, r.job.day())
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(items).To(HaveLen(3))
		return items
	}
	f := &flusher{ledger: l, log: r.job.Log, inFlight: new(atomic.Int64)}
	outcomes := func(items []*item) {
		for _, i := range items {
			f.add(f.ledger.run.id, ack{member: i.member, chunk: i.chunk, settlement: settlement{state: stateDeferred, attempts: 1}})
		}
	}
	first := claim()
	outcomes(first)
	g.Expect(f.write(t.Context())).To(Succeed())
	g.Expect(l.leave(t.Context())).To(Succeed())
	g.Expect(f.flush(t.Context())).To(Succeed(), "the answer of the first was lost")
	g.Expect(scalar[int](r, "SELECT sum(attempts) FROM alumni.delivery")).To(Equal(3))
	second := claim()
	g.Expect(second[0].chunk.lease).NotTo(Equal(first[0].chunk.lease))
	outcomes(first)
	g.Expect(f.write(t.Context())).To(Succeed(), "a worker that lost its lease and learns it late")
	g.Expect(scalar[int](r, "SELECT sum(attempts) FROM alumni.delivery")).To(Equal(3), "they are on the wire by now")
}

func TestARunThatAnOlderWorkerPlannedGoesOn(t *testing.T) {
	for onUnknown, want := range map[string]map[string]int{
		OnUnknownResend: {"Sent": 4}, OnUnknownHold: {"Sent": 3, "Unknown/WorkerLost": 1},
	} {
		t.Run(onUnknown, func(t *testing.T) {
			g := NewWithT(t)
			r := newRig(t, 4)
			r.job.Campaign.OnUnknown = onUnknown
			joined(t, r)
			r.exec("DELETE FROM alumni.delivery_chunk")
			r.exec("UPDATE alumni.delivery SET state = 'Claimed' WHERE member_id = $1", member(1))
			r.mustRun()
			g.Expect(r.counts()).To(Equal(want))
			g.Expect(scalar[int](r, "SELECT sum(resent) FROM alumni.delivery")).To(Equal(want["Sent"] - 3))
		})
	}
}
