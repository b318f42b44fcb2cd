// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"bytes"
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
	f := &flusher{ledger: l, log: r.job.Log}
	for _, i := range claim() {
		f.add(f.ledger.run.id, ack{member: i.member, lease: i.lease, settlement: settlement{state: statePlanned}})
	}
	g.Expect(f.write(t.Context())).To(Succeed())
	claim()
	g.Expect(f.write(t.Context())).To(Succeed(), "the answer of the first was lost")
	g.Expect(r.counts()).To(Equal(map[string]int{"Claimed": 3}), "the rows are on the wire by now")
}
