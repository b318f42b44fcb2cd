// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package audience_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/audience"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

// written is a member who is written to on a day, and what for.
type written struct {
	member   byte
	occasion string
	day      string
}

// diary runs a trigger each day from one day to another, but for the days of an outage, and notes who is written to.
type diary struct {
	*testing.T
	store   *store.Store
	trigger settings.Trigger
}

func (d diary) keep(from, to time.Time, outage func(day time.Time) bool) []written {
	d.Helper()
	var all []written
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		if outage != nil && outage(day) {
			continue
		}
		q, err := audience.Compile(settings.Campaign{Trigger: &d.trigger}, day, 1)
		if err != nil {
			d.Fatal(err)
		}
		noted := day.Add(9 * time.Hour)
		sql := "INSERT INTO alumni.occasion (recipient_id, kind, occasion, run_id, noted_at) SELECT m.id, $" + fmt.Sprint(len(q.Args)+1) +
			", " + q.Occasion + ", 1, $" + fmt.Sprint(len(q.Args)+2) + " FROM alumni.member m " + q.Join + " WHERE " + q.Where + " RETURNING recipient_id, occasion"
		rows, err := d.store.Admin().Query(context.Background(), sql, append(q.Args, d.trigger.Event, noted)...)
		if err != nil {
			d.Fatal(err)
		}
		var id uuid.UUID
		var occasion string
		if _, err := pgx.ForEachRow(rows, []any{&id, &occasion}, func() error {
			all = append(all, written{id[15], occasion, day.Format(time.DateOnly)})
			return nil
		}); err != nil {
			d.Fatal(err)
		}
	}
	return all
}

func (d diary) exec(sql string, args ...any) {
	d.Helper()
	if _, err := d.store.Admin().Exec(context.Background(), sql, args...); err != nil {
		d.Fatal(err)
	}
}

func newDiary(t *testing.T, event, after string) diary {
	t.Helper()
	return diary{T: t, store: store.New(t), trigger: settings.Trigger{Event: event, After: after}}
}

func (d diary) member(n byte, birthday *int, joined, active *time.Time) uuid.UUID {
	d.Helper()
	id := uuid.UUID{0: 1, 15: n}
	d.exec("INSERT INTO alumni.member (id, state, family_name, locale, birthday, joined_at, last_active_at) VALUES ($1, 'Active', 'x', 'ja', $2, $3, $4)",
		id, birthday, joined, active)
	return id
}

var tokyo = func() *time.Location {
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		panic(err)
	}
	return zone
}()

func inTokyo(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, tokyo)
}

func TestABirthdayIsGreetedOnceAYearAndOnTheDay(t *testing.T) {
	d := newDiary(t, "Birthday", "")
	for n, birthday := range map[byte]int{1: 1122, 2: 229, 3: 1231, 4: 101} {
		d.member(n, &birthday, nil, nil)
	}
	d.member(5, nil, nil, nil)
	NewWithT(t).Expect(d.keep(inTokyo(2026, 11, 1), inTokyo(2028, 3, 10), nil)).To(Equal([]written{
		{1, "2026", "2026-11-22"}, {3, "2026", "2026-12-31"}, {4, "2027", "2027-01-01"}, {2, "2027", "2027-02-28"},
		{1, "2027", "2027-11-22"}, {3, "2027", "2027-12-31"}, {4, "2028", "2028-01-01"}, {2, "2028", "2028-02-29"},
	}), "where there is no 29th of February, it is kept on the 28th")
}

func TestAfterAnOutageABirthdayIsGreetedUpToThreeDaysLateAndThenNoMore(t *testing.T) {
	d := newDiary(t, "Birthday", "")
	for n, birthday := range map[byte]int{1: 1230, 2: 1231, 3: 101} {
		d.member(n, &birthday, nil, nil)
	}
	outage := func(day time.Time) bool { return day.After(inTokyo(2026, 12, 29)) && day.Before(inTokyo(2027, 1, 3)) }
	NewWithT(t).Expect(d.keep(inTokyo(2026, 12, 1), inTokyo(2027, 1, 31), outage)).To(ConsistOf(
		written{2, "2026", "2027-01-03"}, written{3, "2027", "2027-01-03"}))
}

func TestAnAnniversaryIsThatOfTheEmploymentThatEndedLastAndNeverTheDayItself(t *testing.T) {
	for event, want := range map[string][]written{
		"WorkAnniversary":      {{1, "2027", "2027-04-01"}, {2, "2027", "2027-10-01"}, {1, "2028", "2028-04-01"}},
		"DepartureAnniversary": {{1, "2027", "2027-03-31"}, {1, "2028", "2028-03-31"}, {2, "2028", "2028-03-31"}},
	} {
		t.Run(event, func(t *testing.T) {
			d := newDiary(t, event, "")
			d.exec("INSERT INTO alumni.employment (member_id, joined_on, left_on) VALUES ($1, '2008-04-01', '2021-03-31')", d.member(1, nil, nil, nil))
			two := d.member(2, nil, nil, nil)
			d.exec("INSERT INTO alumni.employment (member_id, joined_on, left_on) VALUES ($1, '2001-05-01', '2003-06-30'), ($1, '2020-10-01', '2027-03-31')", two)
			NewWithT(t).Expect(d.keep(inTokyo(2027, 1, 1), inTokyo(2028, 4, 30), nil)).To(ConsistOf(want))
		})
	}
}

func TestWhoJoinedIsWrittenToOnceWhenThePeriodHasPassed(t *testing.T) {
	at := func(day int, hour int) *time.Time { v := time.Date(2026, 11, day, hour, 0, 0, 0, tokyo); return &v }
	d := newDiary(t, "JoinedNetwork", "P7D")
	d.member(1, nil, at(1, 23), nil)
	d.member(2, nil, at(2, 0), nil)
	NewWithT(t).Expect(d.keep(inTokyo(2026, 11, 1), inTokyo(2026, 12, 31), nil)).To(Equal([]written{{1, "P7D", "2026-11-08"}, {2, "P7D", "2026-11-09"}}))

	d.trigger.After = "P0D"
	d.member(3, nil, at(20, 7), nil)
	NewWithT(t).Expect(d.keep(inTokyo(2026, 11, 18), inTokyo(2026, 12, 31), nil)).To(Equal([]written{{3, "P0D", "2026-11-20"}}),
		"another period is another occasion, and those who joined long ago are none")
}

func TestWhoIsInactiveIsAskedTwiceWithARestAndThenLeftInPeace(t *testing.T) {
	g := NewWithT(t)
	at := inTokyo(2026, 1, 1)
	d := newDiary(t, "Inactive", "P180D")
	one := d.member(1, nil, &at, &at)
	d.member(2, nil, &at, nil)
	g.Expect(d.keep(inTokyo(2026, 6, 1), inTokyo(2028, 1, 1), nil)).To(ConsistOf(
		written{1, "2026-06-30", "2026-06-30"}, written{1, "2026-09-29", "2026-09-29"},
		written{2, "2026-06-30", "2026-06-30"}, written{2, "2026-09-29", "2026-09-29"}))

	d.exec("UPDATE alumni.member SET last_active_at = $2 WHERE id = $1", one, inTokyo(2028, 1, 1))
	g.Expect(d.keep(inTokyo(2028, 1, 2), inTokyo(2028, 7, 30), nil)).To(Equal([]written{{1, "2028-06-29", "2028-06-29"}}),
		"whoever came back counts anew")
}

func TestBadTriggersAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		trigger settings.Trigger
		want    string
	}{
		"an unknown event":         {settings.Trigger{Event: "Payday"}, `unknown trigger "Payday"`},
		"joining without a period": {settings.Trigger{Event: "JoinedNetwork"}, "trigger: after: not a calendar period"},
		"a period of hours":        {settings.Trigger{Event: "Inactive", After: "PT5H"}, "trigger: after: not a calendar period"},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(audience.Validate(settings.Campaign{Trigger: &c.trigger})).To(MatchError(ContainSubstring(c.want)))
		})
	}
}

// TestTriggersStayOnIndexes looks at the plans for a network that is large enough for one to matter.
func TestTriggersStayOnIndexes(t *testing.T) {
	g := NewWithT(t)
	s := store.New(t)
	ctx := t.Context()
	for _, sql := range []string{
		`INSERT INTO alumni.member (id, state, family_name, locale, birthday, joined_at, last_active_at)
		 SELECT gen_random_uuid(), 'Active', 'x', 'ja', (i % 12 + 1) * 100 + i % 28 + 1, now() - make_interval(days => i % 3000), now() - make_interval(days => i % 170)
		 FROM generate_series(1, 30000) i`,
		`INSERT INTO alumni.employment (member_id, joined_on, left_on) SELECT id, '2010-01-01'::date + (random() * 360)::int, '2021-01-01'::date + (random() * 360)::int FROM alumni.member`,
		`ANALYZE alumni.member, alumni.employment`,
	} {
		_, err := s.Admin().Exec(ctx, sql)
		g.Expect(err).NotTo(HaveOccurred())
	}
	for event, index := range map[string]string{
		"Birthday": "member_birthday", "WorkAnniversary": "employment_joined_day", "DepartureAnniversary": "employment_left_day",
		"JoinedNetwork": "member_joined", "Inactive": "member_last_active",
	} {
		q, err := audience.Compile(settings.Campaign{Trigger: &settings.Trigger{Event: event, After: "P180D"}}, time.Now().In(tokyo), 1)
		g.Expect(err).NotTo(HaveOccurred())
		rows, err := s.Pool(naming.RoleCampaign).Query(ctx, "EXPLAIN SELECT m.id, "+q.Occasion+" FROM alumni.member m "+q.Join+" WHERE "+q.Where, q.Args...)
		g.Expect(err).NotTo(HaveOccurred())
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(lines).To(ContainElement(ContainSubstring(index)), event)
	}
}
