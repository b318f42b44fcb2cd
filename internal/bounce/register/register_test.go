// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package register_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/bounce"
	"github.com/alumni-operator/alumni-operator/internal/bounce/register"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }

// world is a store with a register over it, as the portal has it.
type world struct {
	*testing.T
	Gomega
	store    *store.Store
	register *register.Register
	runs     int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s := store.New(t)
	return &world{T: t, Gomega: NewWithT(t), store: s, register: register.New(s.Pool(naming.RolePortal))}
}

// child is the same world within a subtest.
func (w *world) child(t *testing.T) *world {
	c := *w
	c.T, c.Gomega = t, NewWithT(t)
	return &c
}

func (w *world) exec(sql string, args ...any) {
	w.Helper()
	if _, err := w.store.Admin().Exec(context.Background(), sql, args...); err != nil {
		w.Fatalf("%s: %v", sql, err)
	}
}

func scalar[T any](w *world, sql string, args ...any) T {
	w.Helper()
	var v T
	if err := w.store.Admin().QueryRow(context.Background(), sql, args...).Scan(&v); err != nil {
		w.Fatalf("%s: %v", sql, err)
	}
	return v
}

func (w *world) member() uuid.UUID {
	w.Helper()
	id := uuid.Must(uuid.NewV7())
	w.exec("INSERT INTO alumni.member (id, state, family_name, locale) VALUES ($1, 'Active', 'x', 'en')", id)
	w.exec("INSERT INTO alumni.contact (member_id, channel, address, source) VALUES ($1, 'Email', $2, 'Roster')", id, id.String()+"@mail.example")
	return id
}

// sent makes a run whose one mail went to a member so many days ago.
func (w *world) sent(member uuid.UUID, days int) bounce.Claim {
	w.Helper()
	w.runs++
	run := scalar[int64](w, `INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, purpose, generation, state, scheduled_at, deadline, audience)
		VALUES ($1, 'c1', 'news', 'Newsletter', 'Newsletter', 1, 'Finished', now(), now(), 1) RETURNING id`, fmt.Sprintf("%s-%d", member, w.runs))
	w.exec("INSERT INTO alumni.delivery (run_id, member_id, channel, state, sent_at) VALUES ($1, $2, 'Email', 'Sent', now() - make_interval(days => $3))", run, member, days)
	return bounce.Claim{Member: member, Run: run}
}

var (
	hard      = bounce.Report{Kind: bounce.HardBounce, Status: bounce.Status{Class: 5, Subject: 1, Detail: 1}, Code: 550}
	soft      = bounce.Report{Kind: bounce.SoftBounce, Status: bounce.Status{Class: 4, Subject: 2, Detail: 2}, Code: 452}
	complaint = bounce.Report{Kind: bounce.Complaint}
)

func (w *world) note(c bounce.Claim, r bounce.Report) {
	w.Helper()
	w.Expect(w.register.Note(w.Context(), c, r)).To(Succeed())
}

// bounced lets mails that were sent so many days ago come back the day after.
func (w *world) bounced(member uuid.UUID, days ...int) {
	w.Helper()
	for _, d := range days {
		c := w.sent(member, d)
		w.note(c, soft)
		w.exec("UPDATE alumni.bounce SET noted_at = now() - make_interval(days => $3) WHERE recipient_id = $1 AND run_id = $2", member, c.Run, max(d-1, 0))
	}
}

// state is what stands in the store of a member: bounces, suppression, and whether it has an end.
func (w *world) state(member uuid.UUID) string {
	w.Helper()
	return scalar[string](w, `SELECT (SELECT count(*) FROM alumni.bounce WHERE recipient_id = $1) || ' ' ||
		coalesce((SELECT reason || CASE WHEN expires_at IS NULL THEN '' ELSE ' for ' || round(extract(epoch FROM expires_at - now()) / 86400) || ' days' END
		          FROM alumni.suppression WHERE member_id = $1), 'none')`, member)
}

// delivery is the row of a mail.
func (w *world) delivery(c bounce.Claim) string {
	w.Helper()
	return scalar[string](w, "SELECT trim(state || ' ' || reason) FROM alumni.delivery WHERE run_id = $1 AND member_id = $2", c.Run, c.Member)
}

func (w *world) complaints(c bounce.Claim) int64 {
	w.Helper()
	return scalar[int64](w, "SELECT complaints FROM alumni_stats.campaign_runs WHERE id = $1", c.Run)
}

func TestAnAddressThatDoesNotExistIsSuppressedAtOnce(t *testing.T) {
	w := newWorld(t)
	member := w.member()
	c := w.sent(member, 0)
	w.note(c, hard)
	w.Expect(w.state(member)).To(Equal("1 HardBounce"))
	w.Expect(w.delivery(c)).To(Equal("Failed HardBounce"))
	w.Expect(scalar[string](w, "SELECT status || ' ' || kind FROM alumni.bounce")).To(Equal("5.1.1 HardBounce"))
	w.Expect(scalar[int16](w, "SELECT reply_code FROM alumni.delivery")).To(Equal(int16(550)))
	w.Expect(scalar[int64](w, "SELECT sum(count)::bigint FROM alumni_stats.campaign_counts WHERE run_id = $1", c.Run)).To(Equal(int64(1)), "the numbers add up")
	w.note(c, hard)
	w.Expect(w.state(member)).To(Equal("1 HardBounce"), "a report that comes twice is harmless")

	w.exec("DELETE FROM alumni.suppression")
	w.note(c, hard)
	w.Expect(w.state(member)).To(Equal("1 none"), "also after the member asked for mail again")
}

func TestSoftBouncesSuppressForAWhileWhenFiveStandWithoutASuccess(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		bounced []int // days ago
		sent    []int // mails that did not come back
		want    string
	}{
		"four":                                  {[]int{20, 15, 10, 5}, nil, "4 none"},
		"five":                                  {[]int{25, 20, 15, 10, 5}, nil, "5 SoftBounce for 30 days"},
		"five in more than thirty days":         {[]int{40, 20, 15, 10, 5}, nil, "4 none"},
		"a success between them":                {[]int{25, 22, 20, 8, 5}, []int{15}, "5 none"},
		"five after a success":                  {[]int{20, 15, 10, 8, 5}, []int{25}, "5 SoftBounce for 30 days"},
		"a mail that may yet come back is none": {[]int{25, 22, 20, 8, 0}, []int{2}, "5 SoftBounce for 30 days"},
	} {
		t.Run(name, func(t *testing.T) {
			w := w.child(t)
			member := w.member()
			for _, d := range c.sent {
				w.sent(member, d)
			}
			w.bounced(member, c.bounced...)
			w.Expect(w.state(member)).To(Equal(c.want))
		})
	}
}

func TestOneMailBouncesOnceHoweverOftenItIsReported(t *testing.T) {
	w := newWorld(t)
	member := w.member()
	c := w.sent(member, 0)
	for range 6 {
		w.note(c, soft)
	}
	w.Expect(w.state(member)).To(Equal("1 none"))
	w.Expect(w.delivery(c)).To(Equal("Failed Refused"))
}

func TestADeliveryForgivesSoftBouncesAndNothingElse(t *testing.T) {
	w := newWorld(t)
	member := w.member()
	w.bounced(member, 25, 20, 15, 10, 5)
	w.Expect(w.state(member)).To(HavePrefix("5 SoftBounce"))
	c := w.sent(member, 0)
	w.note(c, bounce.Report{Kind: bounce.Delivered})
	w.Expect(w.state(member)).To(Equal("0 none"))
	w.Expect(w.delivery(c)).To(Equal("Sent"))

	w.note(c, hard)
	w.note(c, bounce.Report{Kind: bounce.Delivered})
	w.Expect(w.state(member)).To(Equal("1 HardBounce"))
}

func TestAComplaintStopsAllMailAndIsCountedOnce(t *testing.T) {
	w := newWorld(t)
	member := w.member()
	c := w.sent(member, 1)
	w.note(c, complaint)
	w.note(c, complaint)
	w.Expect(w.state(member)).To(Equal("1 Complaint"))
	w.Expect(w.delivery(c)).To(Equal("Sent"), "it was delivered")
	w.Expect(w.complaints(c)).To(Equal(int64(1)))

	other := bounce.Claim{Member: w.member(), Run: c.Run}
	w.exec("INSERT INTO alumni.delivery (run_id, member_id, channel, state, sent_at) VALUES ($1, $2, 'Email', 'Sent', now())", other.Run, other.Member)
	w.note(other, complaint)
	w.Expect(w.complaints(c)).To(Equal(int64(2)))
	w.exec("DELETE FROM alumni.member WHERE id = $1", member)
	w.Expect(w.complaints(c)).To(Equal(int64(2)), "the number outlives the member")
	w.Expect(scalar[int](w, "SELECT count(*) FROM alumni.bounce WHERE recipient_id = $1", member)).To(BeZero(), "their row does not")
}

func TestASuppressionGivesWayOnlyToALongerOne(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		before string // reason and days
		report bounce.Report
		want   string
	}{
		"a wish is no bounce's to change":    {"'Unsubscribed', NULL", hard, "1 Unsubscribed"},
		"nor a complaint's":                  {"'Unsubscribed', NULL", complaint, "1 Unsubscribed"},
		"a hard bounce ends a soft one's":    {"'SoftBounce', now() + interval '3 days'", hard, "1 HardBounce"},
		"a complaint ends a soft one's":      {"'SoftBounce', now() + interval '3 days'", complaint, "1 Complaint"},
		"one that is over is as good as new": {"'SoftBounce', now() - interval '3 days'", hard, "1 HardBounce"},
	} {
		t.Run(name, func(t *testing.T) {
			w := w.child(t)
			member := w.member()
			w.exec("INSERT INTO alumni.suppression (member_id, channel, reason, expires_at) SELECT $1::uuid, 'Email', "+c.before, member)
			w.note(w.sent(member, 0), c.report)
			w.Expect(w.state(member)).To(Equal(c.want))
		})
	}
}

func TestAfterThirtyDaysSoftBouncesBeginAnew(t *testing.T) {
	w := newWorld(t)
	member := w.member()
	w.bounced(member, 25, 20, 15, 10, 5)
	w.exec("UPDATE alumni.bounce SET noted_at = noted_at - interval '31 days'")
	w.exec("UPDATE alumni.suppression SET expires_at = expires_at - interval '31 days'")
	w.note(w.sent(member, 0), soft)
	w.Expect(w.state(member)).To(Equal("1 SoftBounce for -1 days"), "the old ones are forgotten, and the suppression stays over")
	w.bounced(member, 4, 3, 2, 1)
	w.Expect(w.state(member)).To(Equal("5 SoftBounce for 30 days"))
}

func TestWhoeverIsNotKnownIsHarmless(t *testing.T) {
	w := newWorld(t)
	member := w.member()
	c := w.sent(member, 0)
	for name, claim := range map[string]bounce.Claim{
		"an unknown member": {Member: uuid.New(), Run: c.Run}, "an unknown run": {Member: member, Run: 1 << 39}, "nobody and nothing": {},
	} {
		for _, r := range []bounce.Report{hard, soft, complaint, {Kind: bounce.Delivered}, {Kind: bounce.Refused}} {
			t.Run(name+" "+r.Kind.String(), func(t *testing.T) {
				w := w.child(t)
				w.note(claim, r)
				w.Expect(w.state(member)).To(Equal("0 none"))
				w.Expect(w.delivery(c)).To(Equal("Sent"))
			})
		}
	}
	w.exec("INSERT INTO alumni.delivery_erased (run_id, channel, state, count) VALUES ($1, 'Email', 'Sent', 1)", c.Run)
	w.exec("DELETE FROM alumni.member WHERE id = $1", member)
	for _, r := range []bounce.Report{hard, soft, complaint} {
		w.note(c, r)
	}
	w.Expect(scalar[int](w, "SELECT (SELECT count(*) FROM alumni.bounce) + (SELECT count(*) FROM alumni.suppression)")).To(BeZero(), "an erased member stays erased")
	w.Expect(w.complaints(c)).To(BeZero())
}

func TestOtherReportsChangeOnlyWhatTheySay(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		kind       bounce.Kind
		was, state string
	}{
		{bounce.Ignored, "Sent", "Sent"}, {bounce.Delayed, "Sent", "Sent"}, {bounce.Refused, "Sent", "Failed Refused"},
		{bounce.Refused, "Unknown", "Failed Refused"}, {bounce.Refused, "Claimed", "Failed Refused"},
		{bounce.Refused, "Planned", "Failed Refused"}, {bounce.Refused, "Deferred", "Failed Refused"}, {bounce.Refused, "Suppressed", "Suppressed"},
	} {
		member := w.member()
		claim := w.sent(member, 0)
		w.exec("UPDATE alumni.delivery SET state = $2 WHERE run_id = $1", claim.Run, c.was)
		w.note(claim, bounce.Report{Kind: c.kind})
		w.Expect(w.delivery(claim)).To(Equal(c.state), "%s of %s", c.kind, c.was)
		w.Expect(w.state(member)).To(Equal("0 none"))
	}
}

func TestReportsAtTheSameTimeAreCountedOneAfterAnother(t *testing.T) {
	w := newWorld(t)
	member := w.member()
	var claims []bounce.Claim
	for range register.SoftBounces {
		claims = append(claims, w.sent(member, 0))
	}
	var all sync.WaitGroup
	for _, c := range claims {
		all.Go(func() {
			if err := w.register.Note(context.Background(), c, soft); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.Expect(w.state(member)).To(Equal("5 SoftBounce for 30 days"))
}

func TestAnErasureAtTheSameTimeLeavesNothingBehind(t *testing.T) {
	w := newWorld(t)
	var claims []bounce.Claim
	for range 20 {
		claims = append(claims, w.sent(w.member(), 0))
	}
	var all sync.WaitGroup
	for _, report := range []bounce.Report{hard, complaint, soft} {
		all.Go(func() {
			for _, c := range claims {
				if err := w.register.Note(context.Background(), c, report); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Go(func() {
		for _, c := range claims {
			if _, err := w.store.Admin().Exec(context.Background(), "DELETE FROM alumni.member WHERE id = $1", c.Member); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	w.Expect(scalar[int](w, "SELECT (SELECT count(*) FROM alumni.bounce) + (SELECT count(*) FROM alumni.suppression)")).To(BeZero())
}

func TestAWorkerNotesManyAtOnce(t *testing.T) {
	w := newWorld(t)
	var notes register.Notes
	b := &pgx.Batch{}
	notes.Queue(b)
	w.Expect(b.Len()).To(BeZero())
	members := []uuid.UUID{w.member(), w.member(), w.member()}
	kinds := []bounce.Kind{bounce.HardBounce, bounce.SoftBounce, bounce.Refused}
	for i, m := range members {
		notes.Add(m, w.sent(m, 0).Run, kinds[i], bounce.Status{})
	}
	notes.Queue(b)
	w.Expect(w.store.Pool(naming.RoleCampaign).SendBatch(t.Context(), b).Close()).To(Succeed(), "the worker's role may")
	w.Expect([]string{w.state(members[0]), w.state(members[1]), w.state(members[2])}).To(Equal([]string{"1 HardBounce", "1 none", "0 none"}))
	w.Expect(scalar[int](w, "SELECT count(*) FROM alumni.delivery WHERE state = 'Sent'")).To(Equal(3), "the ledger is the worker's own")
	notes.Reset()
	b = &pgx.Batch{}
	notes.Queue(b)
	w.Expect(b.Len()).To(BeZero())
}

func TestANewAddressBeginsAnew(t *testing.T) {
	w := newWorld(t)
	renew := func(m uuid.UUID) {
		w.exec("UPDATE alumni.contact SET address = 'new-' || address WHERE member_id = $1", m)
	}
	gone, complained := w.member(), w.member()
	w.note(w.sent(gone, 0), hard)
	w.note(w.sent(complained, 0), complaint)
	w.exec("UPDATE alumni.contact SET address = address, source = 'Member', verified_at = now()")
	w.Expect(w.state(gone)).To(Equal("1 HardBounce"))
	renew(gone)
	renew(complained)
	w.Expect(w.state(gone)).To(Equal("0 none"))
	w.Expect(w.state(complained)).To(Equal("1 Complaint"), "what a member decided stays")
}
