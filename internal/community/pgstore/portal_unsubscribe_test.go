// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// left sums up what an unsubscribe link did: decisions in force, lines by mail, suppression, count of the run.
func (w *world) left(member uuid.UUID, run int64) string {
	w.Helper()
	return fmt.Sprintf("given=%s lines=%s suppressed=%s count=%s",
		w.value(`SELECT coalesce(string_agg(purpose, '+' ORDER BY purpose), '') FROM alumni.consent_state WHERE member_id = $1 AND decision = 'Given'`, member),
		w.value(`SELECT count(*) FROM alumni.consent WHERE member_id = $1 AND channel = 'Email' AND decision = 'Withdrawn'`, member),
		w.value(`SELECT reason FROM alumni.suppression WHERE member_id = $1`, member),
		w.value(`SELECT coalesce((SELECT count FROM alumni.unsubscribe_count WHERE run_id = $1), 0)`, run))
}

func TestUnsubscribing(t *testing.T) {
	type step = community.Unsubscription
	cases := map[string]struct {
		steps []step
		want  string
	}{
		"one kind stops one kind":                            {[]step{{Purpose: "Newsletter"}}, "given=Jobs+Network lines=1 suppressed= count=1"},
		"again changes nothing":                              {[]step{{Purpose: "Newsletter"}, {Purpose: "Newsletter"}}, "given=Jobs+Network lines=1 suppressed= count=1"},
		"a kind never agreed to is noted":                    {[]step{{Purpose: "Surveys"}}, "given=Jobs+Network+Newsletter lines=1 suppressed= count=1"},
		"the network's own messages":                         {[]step{{Purpose: "Network"}}, "given=Jobs+Newsletter lines=1 suppressed= count=1"},
		"all mail stops every kind and keeps the membership": {[]step{{Purpose: "Newsletter", All: true}}, "given=Network lines=2 suppressed=Unsubscribed count=1"},
		"all mail after one kind counts once":                {[]step{{Purpose: "Newsletter"}, {Purpose: "Newsletter", All: true}}, "given=Network lines=2 suppressed=Unsubscribed count=1"},
		"all mail twice":                                     {[]step{{Purpose: "Network", All: true}, {Purpose: "Network", All: true}}, "given=Network lines=2 suppressed=Unsubscribed count=1"},
		"an invitation has no kind: all mail":                {[]step{{Purpose: ""}, {Purpose: ""}}, "given=Network lines=2 suppressed=Unsubscribed count=1"},
		"a greeting that is not wanted stops nothing else":   {[]step{{Purpose: "Birthday"}, {Purpose: "Birthday"}}, "given=Jobs+Network+Newsletter lines=0 suppressed= count=1"},
		"all mail by the link of a greeting":                 {[]step{{Purpose: "Birthday", All: true}}, "given=Network lines=2 suppressed=Unsubscribed count=1"},
		"a link of no known run still acts":                  {[]step{{Purpose: "Newsletter", Run: 1 << 40}}, "given=Jobs+Network lines=1 suppressed= count=0"},
	}
	w := newWorld(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			viewer, _ := w.signedIn(uuid.NewString() + "@hoshino.example")
			w.Expect(w.portal.Decide(t.Context(), viewer, choice(community.PurposeNetwork, community.PurposeNewsletter, community.PurposeJobs))).To(Succeed())
			run := w.run(name)
			for i, s := range c.steps {
				s.Member = viewer.Member
				if s.Run == 0 {
					s.Run = run
				}
				changed, err := w.portal.Unsubscribe(t.Context(), s)
				w.Expect(err).NotTo(HaveOccurred())
				if i > 0 && c.steps[i] == c.steps[i-1] {
					w.Expect(changed).To(BeFalse())
				}
			}
			w.Expect(w.left(viewer.Member, run)).To(Equal(c.want))
		})
	}
}

func TestAnOldLinkStopsAgainWhatWasTakenUpAgain(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("hana@hoshino.example")
	run := w.run("news-1")
	request := community.Unsubscription{Member: viewer.Member, Purpose: "Newsletter", Run: run}
	for range 2 {
		w.Expect(w.portal.Decide(t.Context(), viewer, choice(community.PurposeNewsletter))).To(Succeed())
		w.Expect(w.portal.Unsubscribe(t.Context(), request)).To(BeTrue())
	}
	w.Expect(w.left(viewer.Member, run)).To(Equal("given= lines=2 suppressed= count=1"))
	w.Expect(w.value(`SELECT source FROM alumni.consent WHERE channel = 'Email' LIMIT 1`)).To(Equal("news-1"))
}

func TestManyClicksAtOnceCountOnce(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("hana@hoshino.example")
	w.Expect(w.portal.Decide(t.Context(), viewer, choice(community.PurposeNewsletter))).To(Succeed())
	run := w.run("news-1")
	var clicks sync.WaitGroup
	for range 12 {
		clicks.Go(func() {
			if _, err := w.portal.Unsubscribe(t.Context(), community.Unsubscription{Member: viewer.Member, Purpose: "Newsletter", Run: run}); err != nil {
				t.Error(err)
			}
		})
	}
	clicks.Wait()
	w.Expect(w.left(viewer.Member, run)).To(Equal("given= lines=1 suppressed= count=1"))
}

func TestALinkOfSomebodyErasedOrGoneDoesNothing(t *testing.T) {
	w := newWorld(t)
	run := w.run("news-1")
	w.Expect(w.portal.Unsubscribe(t.Context(), community.Unsubscription{Member: uuid.Must(uuid.NewV7()), Purpose: "Newsletter", Run: run})).To(BeFalse())

	viewer, _ := w.signedIn("hana@hoshino.example")
	_, err := w.portal.Withdraw(t.Context(), viewer, "ja")
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(w.portal.Unsubscribe(t.Context(), community.Unsubscription{Member: viewer.Member, Purpose: "Newsletter", Run: run})).To(BeFalse())
	w.Expect(w.left(viewer.Member, run)).To(Equal("given= lines=0 suppressed= count=0"))
}

func TestSomebodyListedCanStopInvitations(t *testing.T) {
	w := newWorld(t)
	run := w.run("invite-1")
	member := w.person(community.StateInvited, "hana@hoshino.example")
	w.Expect(w.portal.Unsubscribe(t.Context(), community.Unsubscription{Member: member, Run: run})).To(BeTrue())
	w.Expect(w.left(member, run)).To(Equal("given= lines=0 suppressed=Unsubscribed count=1"))
}

func TestMailCanBeTakenUpAgainByTheMember(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("hana@hoshino.example")
	w.Expect(w.portal.Unsubscribe(t.Context(), community.Unsubscription{Member: viewer.Member, All: true})).To(BeTrue())
	c, err := w.portal.Consents(t.Context(), viewer)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(c.Suppressed).To(Equal("Unsubscribed"))
	w.Expect(w.portal.ResumeMail(t.Context(), viewer)).To(Succeed())
	c, err = w.portal.Consents(t.Context(), viewer)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(c.Suppressed).To(BeEmpty())
}
