// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// newEventWorld is a world at the store's own time, by which triggers go.
func newEventWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.clock.now = time.Now()
	return w
}

// reunion is a plan that breaks no rule.
func (w *world) reunion(capacity int) community.EventPlan {
	starts := time.Now().UTC().Truncate(time.Minute).AddDate(0, 1, 0)
	return community.EventPlan{Kind: "Reunion", Locale: "ja", Title: "同期会", Place: "京都", Description: "鍋を囲みます。", Form: community.FormBoth,
		OnlineLink: "https://meet.example/reunion", TimeZone: "Asia/Tokyo", StartsAt: starts, EndsAt: starts.Add(2 * time.Hour), Capacity: capacity}
}

// member is somebody who takes part.
func (w *world) member(name string) community.Viewer {
	w.Helper()
	return community.Viewer{Member: w.person(community.StateActive, name+"@mail.example")}
}

// event is a published event of a member.
func (w *world) event(organiser community.Viewer, capacity int) uuid.UUID {
	w.Helper()
	id, err := w.portal.Organise(w.Context(), organiser, community.EventEntry{EventPlan: w.reunion(capacity), As: community.EventPublished, ShowName: true})
	w.Expect(err).NotTo(HaveOccurred())
	return id
}

func (w *world) register(who community.Viewer, id uuid.UUID) community.Seat {
	w.Helper()
	seat, err := w.portal.Register(w.Context(), who, id, true)
	w.Expect(err).NotTo(HaveOccurred())
	return seat
}

func (w *world) seen(who community.Viewer, id uuid.UUID) community.Event {
	w.Helper()
	e, err := w.portal.Event(w.Context(), who, id)
	w.Expect(err).NotTo(HaveOccurred())
	return e
}

// seats lists who has a seat, then who waits, each in their order, as the numbers that the test gave them.
func (w *world) seats(id uuid.UUID, number map[uuid.UUID]int) (registered, waiting []int) {
	w.Helper()
	rows, err := w.admin.Query(w.Context(), `SELECT recipient_id, state FROM alumni.event_registration WHERE event_id = $1 AND state <> 'Cancelled' ORDER BY turn`, id)
	w.Expect(err).NotTo(HaveOccurred())
	defer rows.Close()
	for rows.Next() {
		var who uuid.UUID
		var state string
		w.Expect(rows.Scan(&who, &state)).To(Succeed())
		if state == "Registered" {
			registered = append(registered, number[who])
		} else {
			waiting = append(waiting, number[who])
		}
	}
	w.Expect(rows.Err()).NotTo(HaveOccurred())
	return registered, waiting
}

// told are the notices and mails of a member that tell of events.
func (w *world) told(who community.Viewer) string {
	w.Helper()
	return w.value(`SELECT coalesce(string_agg(kind, ' ' ORDER BY kind), '') FROM (SELECT kind FROM alumni.notice WHERE recipient_id = $1
		UNION ALL SELECT kind || 'Mail' FROM alumni.portal_mail WHERE member_id = $1 AND event_id IS NOT NULL) t`, who.Member)
}

func TestOfTwoHundredWhoRegisterAtOnceFiftyComeAndTheOthersWaitInTheirOrder(t *testing.T) {
	w := newEventWorld(t)
	id := w.event(w.member("organiser"), 50)
	people := make([]community.Viewer, 200)
	for i := range people {
		people[i] = w.member(fmt.Sprintf("p%d", i))
	}
	answers := make([]community.Seat, len(people))
	all(people, func(i int) error {
		seat, err := w.portal.Register(t.Context(), people[i], id, true)
		answers[i] = seat
		return err
	}, w)
	count := map[community.Seat]int{}
	for _, a := range answers {
		count[a]++
	}
	w.Expect(count).To(Equal(map[community.Seat]int{community.SeatRegistered: 50, community.SeatWaiting: 150}))
	w.Expect(w.value(`SELECT count(*) || ' ' || count(DISTINCT turn) || ' ' || min(turn) || ' ' || max(turn) FROM alumni.event_registration`)).To(Equal("200 200 1 200"))
	w.Expect(w.value(`SELECT max(turn) FROM alumni.event_registration WHERE state = 'Registered'`)).To(Equal("50"), "who came first has a seat")

	// Thirty of those who come, and thirty of those who wait, cancel at once: the seats go on in the order of those who wait.
	var leavers []community.Viewer
	left := map[uuid.UUID]bool{}
	for _, seat := range []community.Seat{community.SeatRegistered, community.SeatWaiting} {
		n := 0
		for i, p := range people {
			if answers[i] == seat && n < 30 {
				leavers, left[p.Member], n = append(leavers, p), true, n+1
			}
		}
	}
	rand.Shuffle(len(leavers), func(i, j int) { leavers[i], leavers[j] = leavers[j], leavers[i] })
	all(leavers, func(i int) error { return w.portal.Unregister(t.Context(), leavers[i], id) }, w)
	w.Expect(w.value(`SELECT string_agg(state || ' ' || n, ' ' ORDER BY state) FROM (SELECT state, count(*) n FROM alumni.event_registration GROUP BY 1) s`)).
		To(MatchRegexp(`^Cancelled 60 Registered 50 Waiting 90$`))
	w.Expect(w.value(`SELECT (SELECT max(turn) FROM alumni.event_registration WHERE state = 'Registered') < (SELECT min(turn) FROM alumni.event_registration WHERE state = 'Waiting')`)).To(Equal("true"))
	w.Expect(w.value(`SELECT count(*) - count(DISTINCT recipient_id) FROM alumni.notice WHERE kind = 'EventSeat'`)).To(Equal("0"), "nobody is told twice")
	w.Expect(w.value(`SELECT count(*) FROM alumni.event_registration r WHERE state = 'Registered' AND turn > 50
		AND NOT EXISTS (SELECT FROM alumni.notice n WHERE n.recipient_id = r.recipient_id AND n.kind = 'EventSeat')`)).To(Equal("0"), "everybody who moved up is told")
}

// all does something for each of many people at once.
func all(people []community.Viewer, do func(int) error, w *world) {
	w.Helper()
	errs := make([]error, len(people))
	var together sync.WaitGroup
	for i := range people {
		together.Go(func() { errs[i] = do(i) })
	}
	together.Wait()
	w.Expect(errors.Join(errs...)).NotTo(HaveOccurred())
}

// TestSeatsAreHandedOnInTheOrderOfThoseWhoWait compares the store with the plainest model: a queue of which the first so many have a seat.
// A seat, once given, is not taken away when an organiser who makes room smaller is refused.
func TestSeatsAreHandedOnInTheOrderOfThoseWhoWait(t *testing.T) {
	w := newEventWorld(t)
	organiser := w.member("organiser")
	people, number := make([]community.Viewer, 8), map[uuid.UUID]int{}
	for i := range people {
		people[i] = w.member(fmt.Sprintf("p%d", i))
		number[people[i].Member] = i
	}
	rapid.Check(t, func(r *rapid.T) {
		w.exec(`DELETE FROM alumni.event_registration`)
		w.exec(`DELETE FROM alumni.event`)
		capacity := rapid.IntRange(1, 4).Draw(r, "capacity")
		id := w.event(organiser, capacity)
		var seated, waiting []int
		fill := func() {
			for len(waiting) > 0 && (capacity == 0 || len(seated) < capacity) {
				seated, waiting = append(seated, waiting[0]), waiting[1:]
			}
		}
		for range rapid.IntRange(1, 25).Draw(r, "steps") {
			who := rapid.IntRange(0, len(people)-1).Draw(r, "who")
			switch rapid.SampledFrom([]string{"register", "register", "unregister", "room"}).Draw(r, "act") {
			case "register":
				w.register(people[who], id)
				if !contains(seated, who) && !contains(waiting, who) {
					waiting = append(waiting, who)
				}
			case "unregister":
				w.Expect(w.portal.Unregister(t.Context(), people[who], id)).To(Succeed())
				seated, waiting = without(seated, who), without(waiting, who)
			case "room":
				room := rapid.IntRange(0, 5).Draw(r, "room")
				err := w.portal.ChangeEvent(t.Context(), organiser, id, community.EventEntry{EventPlan: w.reunion(room), As: community.EventPublished, ShowName: false})
				if room > 0 && room < len(seated) {
					w.Expect(code(err)).To(Equal(community.CodeInvalid))
				} else {
					w.Expect(err).NotTo(HaveOccurred())
					capacity = room
				}
			}
			fill()
			gotSeated, gotWaiting := w.seats(id, number)
			w.Expect(gotSeated).To(ConsistOf(seated))
			w.Expect(gotWaiting).To(HaveExactElements(anys(waiting)...))
		}
	})
}

// TestMembersWhoComeAndLeaveAtOnceDoNotWaitForEachOther lets organisers and guests of several events withdraw, cancel and register at the
// same time: nobody is refused for a deadlock, and no seat stays free while somebody waits.
func TestMembersWhoComeAndLeaveAtOnceDoNotWaitForEachOther(t *testing.T) {
	w := newEventWorld(t)
	people, events := make([]community.Viewer, 40), make([]uuid.UUID, 6)
	for i := range people {
		people[i] = w.member(fmt.Sprintf("p%d", i))
	}
	for i := range events {
		events[i] = w.event(people[i], 4)
	}
	for i, p := range people {
		for j, id := range events {
			if i != j {
				w.register(p, id)
			}
		}
	}
	all(people, func(i int) error {
		switch i % 4 {
		case 0:
			_, err := w.portal.Withdraw(t.Context(), people[i], community.Japanese)
			return err
		case 1:
			var errs []error
			for _, j := range rand.Perm(len(events)) {
				errs = append(errs, w.portal.Unregister(t.Context(), people[i], events[j]))
				if _, err := w.portal.Register(t.Context(), people[i], events[j], true); code(err) != community.CodeInvalid {
					errs = append(errs, err)
				}
			}
			return errors.Join(errs...)
		case 2:
			_, err := w.store.Pool(naming.RoleRetention).Exec(t.Context(), `DELETE FROM alumni.event_registration WHERE recipient_id = $1`, people[i].Member)
			return err
		default:
			return nil
		}
	}, w)
	w.Expect(w.value(`SELECT count(*) FROM alumni.event e WHERE state = 'Published'
		AND (SELECT count(*) FROM alumni.event_registration r WHERE r.event_id = e.id AND r.state = 'Registered') <> 4`)).To(Equal("0"))
	w.Expect(w.value(`SELECT count(*) FROM alumni.event_registration r JOIN alumni.member m ON m.id = r.recipient_id WHERE m.state = 'Withdrawn' AND r.state <> 'Cancelled'`)).To(Equal("0"))
}

func contains(all []int, n int) bool { return len(without(all, n)) < len(all) }

func without(all []int, n int) []int {
	var rest []int
	for _, v := range all {
		if v != n {
			rest = append(rest, v)
		}
	}
	return rest
}

func anys(all []int) []any {
	var a []any
	for _, v := range all {
		a = append(a, v)
	}
	return a
}

func TestWhoMayDoWhatWithAnEvent(t *testing.T) {
	w := newEventWorld(t)
	organiser, other := w.member("organiser"), w.member("other")
	paused := community.Viewer{Member: w.person(community.StatePaused, "paused@mail.example")}
	withdrawn := community.Viewer{Member: w.person(community.StateWithdrawn, "withdrawn@mail.example")}
	stranger := community.Viewer{Member: uuid.New()}
	published := w.event(organiser, 5)
	draft, err := w.portal.Organise(t.Context(), organiser, community.EventEntry{EventPlan: w.reunion(5), As: community.EventDraft, ShowName: false})
	w.Expect(err).NotTo(HaveOccurred())
	none, forbidden, gone, invalid := community.Code(""), community.CodeForbidden, community.CodeNotFound, community.CodeInvalid
	acts := map[string]func(community.Viewer) error{
		"read":       func(v community.Viewer) error { _, err := w.portal.Event(t.Context(), v, published); return err },
		"read draft": func(v community.Viewer) error { _, err := w.portal.Event(t.Context(), v, draft); return err },
		"change": func(v community.Viewer) error {
			return w.portal.ChangeEvent(t.Context(), v, published, community.EventEntry{EventPlan: w.reunion(6), As: community.EventPublished, ShowName: true})
		},
		"cancel draft": func(v community.Viewer) error { return w.portal.CancelEvent(t.Context(), v, draft) },
		"register": func(v community.Viewer) error {
			_, err := w.portal.Register(t.Context(), v, published, true)
			return err
		},
		"register draft": func(v community.Viewer) error { _, err := w.portal.Register(t.Context(), v, draft, true); return err },
		"unregister":     func(v community.Viewer) error { return w.portal.Unregister(t.Context(), v, published) },
		"organise": func(v community.Viewer) error {
			_, err := w.portal.Organise(t.Context(), v, community.EventEntry{EventPlan: w.reunion(5), As: community.EventDraft, ShowName: true})
			return err
		},
	}
	for who, c := range map[string]struct {
		viewer community.Viewer
		want   map[string]community.Code
	}{
		"another member": {other, map[string]community.Code{"read": none, "read draft": gone, "change": gone, "cancel draft": gone, "register": none, "register draft": gone, "unregister": none, "organise": none}},
		"a paused one":   {paused, map[string]community.Code{"read": none, "read draft": gone, "change": gone, "cancel draft": gone, "register": none, "register draft": gone, "unregister": none, "organise": none}},
		"one who left":   {withdrawn, map[string]community.Code{"read": gone, "read draft": gone, "change": forbidden, "cancel draft": forbidden, "register": forbidden, "register draft": forbidden, "unregister": forbidden, "organise": forbidden}},
		"nobody":         {stranger, map[string]community.Code{"read": gone, "read draft": gone, "change": forbidden, "cancel draft": forbidden, "register": forbidden, "register draft": forbidden, "unregister": forbidden, "organise": forbidden}},
		"the organiser":  {organiser, map[string]community.Code{"read": none, "read draft": none, "change": none, "register": invalid, "unregister": none, "register draft": gone, "organise": none}},
	} {
		for act, want := range c.want {
			w.Expect(code(acts[act](c.viewer))).To(Equal(want), "%s: %s", who, act)
		}
	}
	w.Expect(code(acts["cancel draft"](organiser))).To(Equal(none))
	for _, view := range []community.EventView{community.EventsComing, community.EventsPast, community.EventsMine} {
		for _, v := range []community.Viewer{withdrawn, stranger} {
			w.Expect(w.portal.Events(t.Context(), v, view, community.EventCursor{}, 10)).To(BeEmpty())
		}
	}
	w.Expect(w.portal.EventGuests(t.Context(), withdrawn, published, 0, 10)).To(BeEmpty())
}

func TestTheLinkIsForThoseWhoCome(t *testing.T) {
	w := newEventWorld(t)
	organiser, first, second := w.member("organiser"), w.member("first"), w.member("second")
	id := w.event(organiser, 1)
	link := func(v community.Viewer) string { return w.seen(v, id).OnlineLink }
	w.Expect([]string{link(organiser), link(first)}).To(Equal([]string{"https://meet.example/reunion", ""}))
	w.Expect([]community.Seat{w.register(first, id), w.register(second, id), w.register(first, id)}).
		To(Equal([]community.Seat{community.SeatRegistered, community.SeatWaiting, community.SeatRegistered}))
	w.Expect([]string{link(first), link(second)}).To(Equal([]string{"https://meet.example/reunion", ""}))
	w.Expect(w.seen(second, id).Position).To(Equal(1))
	w.Expect(w.portal.Unregister(t.Context(), first, id)).To(Succeed())
	w.Expect([]string{link(first), link(second)}).To(Equal([]string{"", "https://meet.example/reunion"}))
	w.Expect([]string{w.told(first), w.told(second)}).To(Equal([]string{"", "EventSeat EventSeatMail"}))
}

func TestWhoHasPausedContactOrGetsNoMailIsToldInThePortalAlone(t *testing.T) {
	w := newEventWorld(t)
	first, paused, suppressed := w.member("first"), w.member("paused"), w.member("suppressed")
	id := w.event(w.member("organiser"), 1)
	for _, v := range []community.Viewer{first, paused, suppressed} {
		w.register(v, id)
	}
	w.Expect(w.portal.Pause(t.Context(), paused, nil)).To(Succeed())
	w.exec(`INSERT INTO alumni.suppression (member_id, channel, reason) VALUES ($1, 'Email', 'Unsubscribed')`, suppressed.Member)
	w.Expect(w.portal.Unregister(t.Context(), first, id)).To(Succeed())
	w.Expect(w.portal.Unregister(t.Context(), paused, id)).To(Succeed())
	w.Expect([]string{w.told(paused), w.told(suppressed)}).To(Equal([]string{"EventSeat", "EventSeat"}))
	notices, err := w.portal.Notices(t.Context(), paused, 1<<40, 5)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect([]any{notices[0].Kind, *notices[0].Event, notices[0].Title}).To(Equal([]any{community.NoticeEventSeat, id, "同期会"}))
}

func TestThoseWhoRegisteredAreToldOfChanges(t *testing.T) {
	w := newEventWorld(t)
	organiser, first, second := w.member("organiser"), w.member("first"), w.member("second")
	id := w.event(organiser, 1)
	w.register(first, id)
	w.register(second, id)
	plan := w.reunion(1)
	plan.Title = "大同期会"
	w.Expect(w.portal.ChangeEvent(t.Context(), organiser, id, community.EventEntry{EventPlan: plan, As: community.EventDraft, ShowName: false})).To(Succeed())
	e := w.seen(second, id)
	w.Expect([]any{e.Title, e.Sequence, e.State}).To(Equal([]any{"大同期会", 1, community.EventPublished}), "what others have seen does not become a draft")
	w.Expect(w.portal.ChangeEvent(t.Context(), organiser, id, community.EventEntry{EventPlan: plan, As: community.EventPublished})).To(Succeed())
	w.Expect([]string{w.told(first), w.told(second), w.told(organiser)}).To(Equal([]string{"EventChanged", "EventChanged", ""}), "once, however often it is changed")
	w.Expect(w.portal.CancelEvent(t.Context(), organiser, id)).To(Succeed())
	w.Expect(w.told(first)).To(Equal("EventCancelled EventCancelledMail"), "what was not read is replaced")
	w.Expect(w.seen(first, id).State).To(Equal(community.EventCancelled))
	_, err := w.portal.Event(t.Context(), w.member("other"), id)
	w.Expect(code(err)).To(Equal(community.CodeNotFound), "what is cancelled is for those who had a part in it")
	_, err = w.portal.Register(t.Context(), first, id, true)
	w.Expect(code(err)).To(Equal(community.CodeInvalid))
	w.Expect(code(w.portal.CancelEvent(t.Context(), organiser, id))).To(Equal(community.CodeNotFound))
	w.exec(`INSERT INTO alumni.portal_mail (member_id, kind, locale) VALUES ($1, 'SignInLink', 'ja')`, first.Member)
	mails, err := portalOf(w.store, &clock{now: time.Now().Add(time.Minute)}).ClaimMails(t.Context(), 10, time.Minute)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(mails).To(HaveLen(3))
	w.exec(`UPDATE alumni.portal_mail SET lease_until = NULL`)
	next, err := portalOf(w.store, &clock{now: time.Now().Add(time.Minute)}).ClaimMails(t.Context(), 1, time.Minute)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect([]any{next[0].Kind, next[0].Event}).To(Equal([]any{community.MailSignInLink, (*community.MailEvent)(nil)}), "who signs in does not wait for them")
	w.Expect([]any{mails[0].Kind, mails[0].Event.Title, mails[0].Event.ID}).To(Equal([]any{community.MailEventCancelled, "大同期会", id}))
}

func TestWhoOrganisesShowsTheirNameAndHasFewEventsOpen(t *testing.T) {
	w := newEventWorld(t)
	organiser, other := w.member("organiser"), w.member("other")
	_, err := w.portal.Organise(t.Context(), organiser, community.EventEntry{EventPlan: w.reunion(1), As: community.EventPublished, ShowName: false})
	w.Expect(err).To(MatchError(ContainSubstring("error.eventName")))
	id := w.event(organiser, 1)
	w.Expect(w.portal.ShowsName(t.Context(), organiser)).To(BeTrue())
	w.Expect(w.seen(other, id).OrganiserName).To(Equal("星野 花"))
	w.exec(`DELETE FROM alumni.visibility`)
	e := w.seen(other, id)
	w.Expect([]any{e.OrganiserName, e.Left}).To(Equal([]any{"", false}), "who hides the name again is named no more")
	for range community.MaxOpenEvents - 1 {
		w.event(organiser, 1)
	}
	_, err = w.portal.Organise(t.Context(), organiser, community.EventEntry{EventPlan: w.reunion(1), As: community.EventDraft, ShowName: true})
	w.Expect(err).To(MatchError(ContainSubstring("error.eventsOpen")))
	w.Expect(w.portal.CancelEvent(t.Context(), organiser, id)).To(Succeed())
	w.event(organiser, 1)
}

func TestOnlyWhoShowsTheNameAndWantsToIsListed(t *testing.T) {
	w := newEventWorld(t)
	id := w.event(w.member("organiser"), 0)
	named, shy, hidden, wider := w.member("named"), w.member("shy"), w.member("hidden"), w.member("wider")
	for _, v := range []community.Viewer{named, hidden, wider} {
		w.register(v, id)
	}
	_, err := w.portal.Register(t.Context(), shy, id, false)
	w.Expect(err).NotTo(HaveOccurred())
	w.exec(`DELETE FROM alumni.visibility`)
	w.exec(`INSERT INTO alumni.visibility VALUES ($1, 'Name', 'Alumni'), ($2, 'Name', 'Alumni'), ($3, 'Name', 'Staff'), ($4, 'Name', 'Employees')`,
		named.Member, shy.Member, hidden.Member, wider.Member)
	guests := func(after int64, limit int) []int64 {
		all, err := w.portal.EventGuests(t.Context(), hidden, id, after, limit)
		w.Expect(err).NotTo(HaveOccurred())
		var turns []int64
		for _, g := range all {
			w.Expect(g.Name).To(Equal("星野 花"))
			turns = append(turns, g.Turn)
		}
		return turns
	}
	w.Expect(guests(0, 10)).To(Equal([]int64{1, 3}))
	w.Expect([]any{guests(0, 1), guests(1, 1)}).To(Equal([]any{[]int64{1}, []int64{3}}))
	w.Expect(w.seen(shy, id).Registered).To(Equal(4))
	_, err = w.portal.Withdraw(t.Context(), named, community.Japanese)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(guests(0, 10)).To(Equal([]int64{3}), "who leaves is seen no more")
}

func TestWhoLeavesGivesTheSeatToTheFirstWhoWaits(t *testing.T) {
	w := newEventWorld(t)
	first, second, third := w.member("first"), w.member("second"), w.member("third")
	id := w.event(w.member("organiser"), 1)
	for _, v := range []community.Viewer{first, second, third} {
		w.register(v, id)
	}
	_, err := w.portal.Withdraw(t.Context(), first, community.Japanese)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect([]community.Seat{w.seen(second, id).Seat, w.seen(third, id).Seat}).To(Equal([]community.Seat{community.SeatRegistered, community.SeatWaiting}))

	// Retention erases people who did not withdraw, too, and hands their seats on.
	_, err = w.store.Pool(naming.RoleRetention).Exec(t.Context(), `DELETE FROM alumni.event_registration WHERE recipient_id = ANY ($1)`, []uuid.UUID{second.Member})
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect([]any{w.seen(third, id).Seat, w.told(third)}).To(Equal([]any{community.SeatRegistered, "EventSeat EventSeatMail"}))
	w.exec(`DELETE FROM alumni.member WHERE id = $1`, third.Member)
	w.Expect(w.value(`SELECT count(*) FROM alumni.event_registration WHERE recipient_id = ANY ($1)`, []uuid.UUID{second.Member, third.Member})).To(Equal("0"))
}

func TestAnEventOutlivesItsOrganiserOnlyForThoseWhoRegistered(t *testing.T) {
	for how, leave := range map[string]func(*world, community.Viewer){
		"who withdraws": func(w *world, v community.Viewer) {
			_, err := w.portal.Withdraw(w.Context(), v, community.Japanese)
			w.Expect(err).NotTo(HaveOccurred())
		},
		"who is erased": func(w *world, v community.Viewer) {
			w.exec(`DELETE FROM alumni.member WHERE id = $1`, v.Member)
		},
	} {
		t.Run(how, func(t *testing.T) {
			w := newEventWorld(t)
			organiser, guest := w.member("organiser"), w.member("guest")
			lonely, met := w.event(organiser, 1), w.event(organiser, 1)
			over := w.event(organiser, 1)
			w.register(guest, met)
			w.register(guest, over)
			w.exec(`UPDATE alumni.event SET starts_at = now() - interval '2 days', ends_at = now() - interval '1 day' WHERE id = $1`, over)
			leave(w, organiser)
			e := w.seen(guest, met)
			w.Expect([]any{e.State, e.Left, e.OrganiserName, e.Seat, e.Description}).
				To(Equal([]any{community.EventPublished, true, "", community.SeatRegistered, "鍋を囲みます。"}))
			w.Expect(w.told(guest)).To(Equal("EventOrganiserLeft"))
			coming, err := w.portal.Events(t.Context(), guest, community.EventsComing, community.EventCursor{}, 10)
			w.Expect(err).NotTo(HaveOccurred())
			w.Expect(coming).To(HaveLen(1), "what nobody else had registered for is not offered any more")

			w.exec(`DELETE FROM alumni.member WHERE id = $1`, organiser.Member)
			w.Expect(w.told(guest)).To(Equal("EventOrganiserLeft"), "once is enough")
			w.Expect(w.value(`SELECT count(*) FROM alumni.event WHERE id = $1`, lonely)).To(Equal("0"))
			w.Expect(w.value(`SELECT string_agg(coalesce(recipient_id::text, 'gone') || ' ' || (description <> '') || ' ' || (online_link <> ''), ', ' ORDER BY starts_at) FROM alumni.event`)).
				To(Equal("gone false false, gone true true"), "what is over keeps no text of the organiser's")
		})
	}
}

func TestEventsAreListedInPages(t *testing.T) {
	w := newEventWorld(t)
	organiser, viewer := w.member("organiser"), w.member("viewer")
	var ids []uuid.UUID
	for range community.MaxOpenEvents {
		ids = append(ids, w.event(organiser, 0))
	}
	now := w.clock.Now()
	for i, id := range ids { // the first and second are over, the third goes on, the last two start at the same time
		starts := now.AddDate(0, 0, []int{-9, -8, -1, 5, 5}[i])
		w.exec(`UPDATE alumni.event SET starts_at = $2, ends_at = $3 WHERE id = $1`, id, starts, starts.AddDate(0, 0, 2))
	}
	pages := func(view community.EventView, who community.Viewer) []uuid.UUID {
		var all []uuid.UUID
		var after community.EventCursor
		for {
			page, err := w.portal.Events(t.Context(), who, view, after, 1)
			w.Expect(err).NotTo(HaveOccurred())
			if len(page) == 0 {
				return all
			}
			all = append(all, page[0].ID)
			after = community.EventCursor{StartsAt: page[0].StartsAt, ID: page[0].ID}
		}
	}
	coming := pages(community.EventsComing, viewer)
	w.Expect(coming[0]).To(Equal(ids[2]))
	w.Expect(coming[1:]).To(ConsistOf(ids[3], ids[4]))
	w.Expect(strings.Compare(coming[1].String(), coming[2].String())).To(Equal(-1))
	w.Expect(pages(community.EventsPast, viewer)).To(Equal([]uuid.UUID{ids[1], ids[0]}))
	w.Expect(pages(community.EventsMine, viewer)).To(BeEmpty())
	w.Expect(pages(community.EventsMine, organiser)).To(HaveLen(5))
	w.exec(`INSERT INTO alumni.event_registration VALUES ($1, $2, 'Registered', 1, true, now(), now()), ($3, $2, 'Cancelled', 1, true, now(), now())`, ids[0], viewer.Member, ids[3])
	w.Expect(pages(community.EventsMine, viewer)).To(Equal([]uuid.UUID{ids[0]}))
}

// TestListsOfEventsReadNoMoreThanTheyShow lets a network have met for ages.
func TestListsOfEventsReadNoMoreThanTheyShow(t *testing.T) {
	w := newEventWorld(t)
	viewer := w.member("viewer")
	w.exec(`INSERT INTO alumni.event (id, kind, organiser, recipient_id, locale, title, form, starts_at, ends_at, time_zone, state, created_at, updated_at)
		SELECT gen_random_uuid(), 'Seminar', 'Member', gen_random_uuid(), 'en', 'x', 'Online', now() - n * interval '1 hour', now() - n * interval '1 hour' + interval '1 hour', 'UTC',
			'Published', now(), now() FROM generate_series(-100, 30000) n`)
	w.exec(`INSERT INTO alumni.event_registration SELECT id, gen_random_uuid(), 'Registered', 1, true, now(), now() FROM alumni.event`)
	w.exec(`ANALYZE alumni.event, alumni.event_registration`)
	read, err := os.ReadFile("queries/event_read.sql")
	w.Expect(err).NotTo(HaveOccurred())
	for _, list := range []string{"events_coming", "events_past", "events_mine"} {
		which, err := os.ReadFile("queries/" + list + ".sql")
		w.Expect(err).NotTo(HaveOccurred())
		rows, err := w.admin.Query(t.Context(), "EXPLAIN "+string(read)+string(which), pgx.QueryExecModeSimpleProtocol, viewer.Member.String(), time.Now(), time.Now(), uuid.Nil.String(), 20)
		w.Expect(err).NotTo(HaveOccurred())
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		w.Expect(err).NotTo(HaveOccurred())
		w.Expect(strings.Join(plan, "\n")).NotTo(MatchRegexp(`Seq Scan on event`), list)
	}
}

func TestNobodyRegistersOnceItIsClosed(t *testing.T) {
	w := newEventWorld(t)
	organiser, viewer := w.member("organiser"), w.member("viewer")
	plan := w.reunion(1)
	closes := w.clock.Now().Add(time.Hour)
	plan.ClosesAt = &closes
	id, err := w.portal.Organise(t.Context(), organiser, community.EventEntry{EventPlan: plan, As: community.EventPublished, ShowName: true})
	w.Expect(err).NotTo(HaveOccurred())
	w.clock.Advance(time.Hour)
	_, err = w.portal.Register(t.Context(), viewer, id, true)
	w.Expect(err).To(MatchError(ContainSubstring("error.eventClosed")))
}

func TestWhatSomebodyErasedWroteOfAnEventGoesOnceItIsOver(t *testing.T) {
	w := newWorld(t)
	organiser, guest := w.member("organiser@mail.example"), w.member("guest@mail.example")
	id := w.event(organiser, 2)
	w.register(guest, id)
	w.exec(`DELETE FROM alumni.member WHERE id = $1`, organiser.Member)
	w.Expect(w.portal.Housekeep(t.Context())).To(Succeed())
	w.Expect(w.value(`SELECT description <> '' FROM alumni.event WHERE id = $1`, id)).To(Equal("true"), "those who come need it")
	w.exec(`UPDATE alumni.event SET starts_at = $2::timestamptz - interval '2 hours', ends_at = $2::timestamptz - interval '1 hour', registration_closes_at = NULL WHERE id = $1`, id, w.clock.Now())
	w.Expect(w.portal.Housekeep(t.Context())).To(Succeed())
	w.Expect(w.value(`SELECT description || online_link FROM alumni.event WHERE id = $1`, id)).To(BeEmpty())
}
