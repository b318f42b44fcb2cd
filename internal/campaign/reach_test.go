// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/smtptest"
)

// planned makes a run of the rig's campaign, as a worker does before it sends.
func (r *rig) planned() *ledger {
	r.Helper()
	r.job.Tuning = r.job.Tuning.withDefaults()
	all, err := newLedger(r.pool(), r.job, time.Now)
	if err != nil {
		r.Fatal(err)
	}
	if _, err := all.join(r.Context(), r.job, r.job.day()); err != nil {
		r.Fatal(err)
	}
	return all
}

// firstOf makes the campaign write to each member by the first of channels that reaches them, and LINE answer at a URL.
func (r *rig) firstOf(url string, channels ...string) {
	r.by(url, channels...)
	r.job.Campaign.ChannelMode, r.job.Campaign.PauseOn = settings.FirstReachable, &settings.PauseOn{}
}

// unreachedByLINE is the outcome of every message of LINE.
func (r *rig) unreachedByLINE() {
	r.Helper()
	r.exec("UPDATE alumni.delivery SET state = 'Failed', reason = 'InvalidRecipient' WHERE channel = 'LINE'")
	r.exec("UPDATE alumni.delivery_chunk SET not_before = 'infinity' WHERE channel = 'LINE'")
}

// courier is who sends by a channel of a planned run.
func (r *rig) courier(all *ledger, channel string) *courier {
	r.Helper()
	w, err := newWay(r.job, channel, all.run.id)
	if err != nil {
		r.Fatal(err)
	}
	return newCourier(r.job, asDate(r.job.day()), all.on(channel), w, ownLimit(r.job))
}

func TestWhoWaitsForAWinnerIsPassedOnAndGoesOnWaiting(t *testing.T) {
	g := NewWithT(t)
	r, f := tested(t, 20, settings.ABTest{TestPercent: 30, AfterSeconds: 3600}), newLINE(t)
	r.link(1, 20)
	r.firstOf(f.URL, "LINE", "Email")
	all := r.planned()
	r.unreachedByLINE()
	passed, err := all.on("Email").passOn(r.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(passed).To(BeEquivalentTo(20))
	due := scalar[int](r, "SELECT count(*) FROM alumni.delivery WHERE not_before <= now()")
	g.Expect(due).To(Equal(scalar[int](r, "SELECT count(*) FROM alumni.delivery WHERE variant <> ''")), "those who try the variants")
	g.Expect(due).To(And(BeNumerically(">", 0), BeNumerically("<", 20)))
	g.Expect(scalar[bool](r, "SELECT bool_and(not_before = (SELECT test_until FROM alumni.campaign_run)) FROM alumni.delivery WHERE variant = ''")).To(BeTrue())
}

// TestTheMessageThatIsOnItsWayWhenTheQuotaEndsIsNotDoubled has LINE take one message, answer it late, and refuse the next meanwhile.
func TestTheMessageThatIsOnItsWayWhenTheQuotaEndsIsNotDoubled(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 2), newLINE(t)
	r.link(1, 2)
	refused, taken := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if !strings.HasSuffix(q.URL.Path, "/push") {
			f.ServeHTTP(w, q)
			return
		}
		first := false
		once.Do(func() { first = true })
		if first {
			f.ServeHTTP(w, q)
			close(taken)
			<-refused
			return
		}
		<-taken
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"message":"You have reached your monthly limit."}`))
		time.AfterFunc(300*time.Millisecond, func() { close(refused) }) // time for the sender to leave others out
	}))
	t.Cleanup(s.Close)
	r.firstOf(s.URL, "LINE", "Email")
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"LINE/Sent": 1, "Email/Sent": 1}))
	messages, _ := f.total()
	g.Expect([]int{messages, r.smtp.Taken()}).To(Equal([]int{1, 1}))
}

// TestAQuotaIsComparedWithWhatIsLeftToSend has another worker send between the two looks of one that begins.
func TestAQuotaIsComparedWithWhatIsLeftToSend(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 10), newLINE(t)
	r.link(1, 10)
	f.quota = 10
	var once sync.Once
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if strings.HasSuffix(q.URL.Path, "/consumption") {
			once.Do(func() {
				f.mu.Lock()
				f.used += 2
				f.mu.Unlock()
				r.exec("UPDATE alumni.delivery SET state = 'Sent', sent_at = now() WHERE member_id <= $1", member(2))
			})
		}
		f.ServeHTTP(w, q)
	}))
	t.Cleanup(s.Close)
	r.by(s.URL, "LINE")
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"LINE/Sent": 10}))
}

// TestAPlaceUnderTheCapIsKeptUntilTheNextChannelHasIt has the run of another campaign between a channel that does not reach a member and
// the next.
func TestAPlaceUnderTheCapIsKeptUntilTheNextChannelHasIt(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 3), newLINE(t)
	r.link(1, 3)
	r.job.Network.FrequencyCap = &settings.FrequencyCap{PerDay: 1, PerSevenDays: 1}
	r.firstOf(f.URL, "LINE", "Email")
	r.planned()
	r.unreachedByLINE()
	other := r.job
	other.RunName += "-other"
	other.Campaign.Channels, other.Campaign.ChannelMode = nil, ""
	g.Expect(Run(r.Context(), r.pool(), other)).To(Succeed())
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"Email/Sent": 3, "Email/Skipped/Capped": 3}))
	r.expectEach(3, 1)
}

// TestWhoIsPassedOnBehindAWorkerThatDiesIsNotInDoubt has members 1 to 5 come to a chunk of which 6 and 7 were handed out.
func TestWhoIsPassedOnBehindAWorkerThatDiesIsNotInDoubt(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 9), newLINE(t)
	r.link(1, 5)
	r.firstOf(f.URL, "LINE", "Email")
	r.job.Campaign.OnUnknown = OnUnknownHold
	all := r.planned()
	mail := all.on("Email")
	items, _, err := mail.claim(r.Context(), 2, r.job.day())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(items).To(HaveLen(2))
	r.unreachedByLINE()
	g.Expect(all.on("Email").passOn(r.Context())).To(BeEquivalentTo(5))
	r.exec("UPDATE alumni.delivery_chunk SET lease_until = now() - interval '1 second' WHERE lease_owner IS NOT NULL")
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"Email/Sent": 7, "Email/Unknown/WorkerLost": 2}))
}

func TestWhoeverPassesAMemberOnTheNextCourierIsToldOfThem(t *testing.T) {
	for _, by := range []string{"Email", "Portal"} {
		t.Run(by, func(t *testing.T) {
			g := NewWithT(t)
			r, f := newRig(t, 1), newLINE(t)
			r.link(1, 1)
			r.firstOf(f.URL, "LINE", "Email", "Portal")
			all := r.planned()
			r.unreachedByLINE()
			for _, channel := range []string{"Email", "Portal"} {
				open, err := all.on(channel).open(r.Context())
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(open.over()).To(BeFalse(), channel+": a member is still to come")
			}
			g.Expect(all.on(by).passOn(r.Context())).To(BeEquivalentTo(1))
			for _, channel := range []string{"Email", "Portal"} {
				open, err := all.on(channel).open(r.Context())
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(open.over()).To(BeFalse(), channel+": the member may be sent to")
			}
			g.Expect(r.courier(all, "Email").work(r.Context())).To(Succeed())
			open, err := all.on("Portal").open(r.Context())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(open.over()).To(BeTrue())
			g.Expect(r.outcomes()).To(Equal(map[string]int{"Email/Sent": 1}))
		})
	}
}

// TestThreeChannelsEndWithTheLastThatReaches goes the whole way many times, because couriers hurry side by side.
func TestThreeChannelsEndWithTheLastThatReaches(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 1), newLINE(t)
	r.link(1, 1)
	f.fail = func(string, int) int { return http.StatusBadRequest }
	r.smtp.SetHooks(smtptest.Hooks{Rcpt: func(string, int) smtptest.Verdict { return smtptest.Verdict{Reply: 550, Status: [3]int{5, 1, 1}} }})
	r.firstOf(f.URL, "LINE", "Email", "Portal")
	const runs = 20
	for range runs {
		r.exec("DELETE FROM alumni.suppression")
		r.exec("DELETE FROM alumni.bounce")
		r.mustRun()
		r.job.RunName += "-"
	}
	g.Expect(r.outcomes()).To(Equal(map[string]int{"Portal/Sent": runs}))
	g.Expect(scalar[int](r, "SELECT count(*) FROM alumni.campaign_run WHERE state = 'Finished'")).To(Equal(runs))
}

func TestARunThatAnotherWorkerHoldsIsNotReportedAsDone(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 3), newLINE(t)
	r.link(1, 3)
	r.by(f.URL, "LINE", "Email")
	r.planned()
	r.exec("UPDATE alumni.delivery_chunk SET lease_owner = gen_random_uuid(), lease_until = now() + interval '1 minute', leased_at = now() WHERE channel = 'LINE'")
	r.by(f.URL, "Email") // somebody took LINE out of the campaign meanwhile
	g.Expect(r.run()).To(MatchError(ErrUnfinished))
	g.Expect(r.outcomes()).To(Equal(map[string]int{"Email/Sent": 3, "LINE/Planned": 3}))
	g.Expect(scalar[string](r, "SELECT state FROM alumni.campaign_run")).To(Equal("Sending"))

	r.exec("UPDATE alumni.delivery_chunk SET lease_until = now() - interval '1 second' WHERE channel = 'LINE'")
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"Email/Sent": 3, "LINE/Skipped/NotDeclared": 3}))
}

func TestWhatADeadWorkerWasHandedForAChannelThatIsGoneIsInDoubt(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 3), newLINE(t)
	r.link(1, 3)
	r.by(f.URL, "LINE", "Email")
	line := r.planned().on("LINE")
	items, _, err := line.claim(r.Context(), 2, r.job.day())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(items).To(HaveLen(2))
	r.exec("UPDATE alumni.delivery_chunk SET lease_until = now() - interval '1 second' WHERE channel = 'LINE'")
	r.by(f.URL, "Email")
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"Email/Sent": 3, "LINE/Skipped/NotDeclared": 1, "LINE/Unknown/WorkerLost": 2}))
}

// TestLeasesAreRenewedWhileMembersArePassedOn has chunks that lie in another order than their members', as those do that were updated.
func TestLeasesAreRenewedWhileMembersArePassedOn(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 1), newLINE(t)
	r.firstOf(f.URL, "LINE", "Email")
	all := r.planned()
	mine := all.on("Email")
	r.exec("DELETE FROM alumni.delivery_chunk WHERE channel = 'Email'")
	for i := 9; i > 0; i-- {
		r.exec(`INSERT INTO alumni.delivery_chunk (run_id, channel, first_member, end_member, not_before, lease_owner, lease_until)
			VALUES ($1, 'Email', $2, $3, now(), $4, now() + interval '1 hour')`, all.run.id, member(i*10), member(i*10+10), mine.leases.next())
	}
	const rounds = 1500
	var wg sync.WaitGroup
	var renewed, passed error
	try := func(err *error, do func(context.Context) error) {
		wg.Go(func() {
			for n := 0; n < rounds && *err == nil; n++ {
				*err = do(r.Context())
			}
		})
	}
	try(&renewed, (&flusher{ledger: mine}).renew)
	try(&passed, func(ctx context.Context) error { _, err := all.on("Email").passOn(ctx); return err })
	wg.Wait()
	g.Expect(renewed).NotTo(HaveOccurred())
	g.Expect(passed).NotTo(HaveOccurred())
}

func TestComplaintsAreWeighedAgainstMailsAlone(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 20), newLINE(t)
	r.link(1, 20)
	r.forgetMail(1, 15)
	r.by(f.URL, "LINE", "Email", "Portal")
	r.mustRun()
	r.exec("INSERT INTO alumni.complaint_count (run_id, count) SELECT id, 2 FROM alumni.campaign_run")
	now, err := r.planned().on("Email").echo(r.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(now).To(Equal(echo{complaints: 2, sent: 5}), "what went by LINE and into the portal bears no complaint")
}
