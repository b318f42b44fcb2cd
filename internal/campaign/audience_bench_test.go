// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/audience"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

// benchMembers is how many members the network of BenchmarkAudience has: a million, or what ALUMNI_BENCH_MEMBERS says.
func benchMembers(b *testing.B) int {
	b.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv("ALUMNI_BENCH_MEMBERS"), "1000000"))
	if err != nil {
		b.Fatal("ALUMNI_BENCH_MEMBERS is no number")
	}
	return n
}

// crowd makes a network of that many members with one or two employments each, their addresses and consents, and a mailing a week ago
// to one in five. Rows come in bulk and past the triggers, or it would take half an hour.
var crowd = []string{
	`SET session_replication_role = replica`, `SET synchronous_commit = off`,
	`INSERT INTO alumni.member (id, state, family_name, given_name, locale, region, life_stage, skills, time_zone, birthday, joined_at, last_active_at)
	 SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, CASE WHEN i % 20 = 0 THEN 'Listed' ELSE 'Active' END, '星野', '花子', 'ja',
	        (ARRAY['京都府', '大阪府', '東京都', ''])[i % 4 + 1], '', CASE WHEN i % 50 = 4 THEN '{発酵}'::text[] ELSE '{}' END,
	        CASE WHEN i % 100 = 0 THEN 'Europe/Berlin' ELSE '' END, (i % 12 + 1) * 100 + i % 28 + 1,
	        now() - make_interval(hours => i % 72000), now() - make_interval(hours => (i::bigint * 7919 % 72000)::int)
	 FROM generate_series(1, $1::int) i`,
	`INSERT INTO alumni.contact (member_id, channel, address, source, verified_at)
	 SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'Email', 'u' || i || '@mail.example', 'Roster', now() FROM generate_series(1, $1::int) i`,
	`INSERT INTO alumni.employment (member_id, department, post, joined_on, left_on)
	 SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, '部署' || i % 200, '主任', '1990-04-01'::date + (i::bigint * 31 % 7000)::int,
	        CASE WHEN i % 30 > 0 THEN '2012-04-01'::date + (i::bigint * 17 % 5000)::int END
	 FROM generate_series(1, $1::int) i`,
	`INSERT INTO alumni.employment (member_id, department, joined_on, left_on)
	 SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, '総務部', '1985-04-01', '1989-03-31' FROM generate_series(10, $1::int, 10) i`,
	`INSERT INTO alumni.consent_state (member_id, purpose, decision, decided_at)
	 SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, p, CASE WHEN p = 'Newsletter' AND i % 25 = 0 THEN 'Withdrawn' ELSE 'Given' END, now()
	 FROM generate_series(1, $1::int) i, unnest(ARRAY['Network', 'Newsletter']) p`,
	`INSERT INTO alumni.suppression (member_id, channel, reason)
	 SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'Email', 'HardBounce' FROM generate_series(99, $1::int, 100) i`,
	`INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, purpose, generation, state, scheduled_at, deadline, finished_at)
	 VALUES ('before-1', 'before', 'before', 'Newsletter', 'Newsletter', 1, 'Finished', now() - interval '3 days', now() - interval '2 days', now() - interval '3 days')`,
	`INSERT INTO alumni.delivery (run_id, member_id, channel, state, sent_at)
	 SELECT 1, ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'Email', 'Sent', now() - interval '3 days' FROM generate_series(5, $1::int, 5) i`,
	`SET session_replication_role = origin`,
	`VACUUM ANALYZE alumni.member, alumni.contact, alumni.employment, alumni.consent_state, alumni.suppression, alumni.delivery, alumni.campaign_run`,
}

// node is what PostgreSQL tells of one step of a plan.
type node struct {
	Kind  string  `json:"Node Type"`
	Table string  `json:"Relation Name"`
	Index string  `json:"Index Name"`
	Loops float64 `json:"Actual Loops"`
	Plans []node  `json:"Plans"`
}

// indexes lists those that a plan uses, and the tables that it reads from their beginning to their end, with how often.
func (n node) indexes(used map[string]bool, scanned map[string]float64) {
	if n.Index != "" {
		used[n.Index] = true
	}
	if n.Kind == "Seq Scan" {
		scanned[n.Table] = max(scanned[n.Table], n.Loops)
	}
	for _, p := range n.Plans {
		p.indexes(used, scanned)
	}
}

// errUndone undoes what was only measured.
var errUndone = errors.New("only measured")

// BenchmarkAudience plans campaigns to a million members, and fails when a statement reads a table as a whole again and again, or when a
// trigger does not find its members by the index that is there for it.
func BenchmarkAudience(b *testing.B) {
	s := store.New(b)
	began, members := time.Now(), benchMembers(b)
	conn, err := s.Admin().Acquire(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, sql := range crowd {
		var args []any
		if strings.Contains(sql, "$1") {
			args = []any{members}
		}
		if _, err := conn.Exec(b.Context(), sql, args...); err != nil {
			b.Fatalf("%s: %v", sql, err)
		}
	}
	conn.Release()
	b.Logf("%d members made in %.0f s", members, time.Since(began).Seconds())
	expression := func(field, operator string, values ...string) []settings.MatchExpression {
		return []settings.MatchExpression{{Field: field, Operator: operator, Values: values}}
	}
	for _, c := range []struct {
		name     string
		campaign settings.Campaign
		index    string // without which the plan is wrong: its table is not to be read as a whole
	}{
		{name: "everybody", campaign: settings.Campaign{Type: "Newsletter"}},
		{name: "one department of 200", campaign: settings.Campaign{Type: "Newsletter", MatchExpressions: expression("department", "In", "部署7")}},
		{name: "one region of 4 and a skill", campaign: settings.Campaign{Type: "Newsletter", MatchExpressions: append(expression("region", "In", "京都府"), expression("skills", "In", "発酵")...)}},
		{name: "left five months ago or more", campaign: settings.Campaign{Type: "Newsletter", MatchExpressions: expression("monthsSinceDeparture", "Gt", "5")}},
		{name: "whom another campaign left out", campaign: settings.Campaign{Type: "Newsletter", Exclude: []settings.Exclusion{{Campaign: "before", WithinDays: 30}}}},
		{name: "an invitation", campaign: settings.Campaign{Type: "Invitation"}},
		{name: "birthday", campaign: settings.Campaign{Type: "Milestone", Trigger: &settings.Trigger{Event: "Birthday"}}, index: "member_birthday"},
		{name: "work anniversary", campaign: settings.Campaign{Type: "Milestone", Trigger: &settings.Trigger{Event: "WorkAnniversary"}}, index: "employment_joined_day"},
		{name: "departure anniversary", campaign: settings.Campaign{Type: "Milestone", Trigger: &settings.Trigger{Event: "DepartureAnniversary"}}, index: "employment_left_day"},
		{name: "joined half a year ago", campaign: settings.Campaign{Type: "Onboarding", Trigger: &settings.Trigger{Event: "JoinedNetwork", After: "P180D"}}, index: "member_joined"},
		{name: "not seen for eight years", campaign: settings.Campaign{Type: "Reactivation", Trigger: &settings.Trigger{Event: "Inactive", After: "P8Y"}}, index: "member_last_active"},
	} {
		b.Run(c.name, func(b *testing.B) {
			job := Job{RunName: "measured", ScheduledAt: time.Now(), Campaign: c.campaign, Network: settings.Network{TimeZone: "Asia/Tokyo",
				FrequencyCap: &settings.FrequencyCap{PerDay: 1, PerSevenDays: 3}, QuietHours: &settings.QuietHours{From: "00:00", Until: "00:00"}}}
			l, err := newLedger(s.Pool(naming.RoleCampaign), job, time.Now)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				used, scanned, planned, took := measure(b, l, job)
				b.ReportMetric(float64(planned), "members")
				b.ReportMetric(took.Seconds(), "s/freeze")
				b.Logf("%s: %d planned in %.2f s; indexes %s; read as a whole %s", c.name, planned, took.Seconds(),
					strings.Join(slices.Sorted(maps.Keys(used)), " "), strings.Join(slices.Sorted(maps.Keys(scanned)), " "))
				for table, loops := range scanned {
					if loops > 8 && table != "campaign_run" { // workers of one parallel plan read it once together
						b.Errorf("%s is read as a whole %.0f times", table, loops)
					}
					if strings.HasPrefix(c.index, table+"_") { // the others may be read once, for a hash
						b.Errorf("%s is read as a whole although there is %s", table, c.index)
					}
				}
				if c.index != "" && !used[c.index] {
					b.Errorf("the plan does not use %s", c.index)
				}
			}
		})
	}
}

// measure freezes an audience as a run does, and undoes it.
func measure(b *testing.B, l *ledger, job Job) (used map[string]bool, scanned map[string]float64, planned int64, took time.Duration) {
	b.Helper()
	query, err := audience.Compile(job.Campaign, job.day(), firstOfAudience)
	if err != nil {
		b.Fatal(err)
	}
	statement := sqlFreeze
	if l.event != nil {
		statement = sqlFreezeOccasions
	}
	used, scanned = map[string]bool{}, map[string]float64{}
	err = pgx.BeginFunc(b.Context(), l.pool, func(tx pgx.Tx) error {
		if err := l.promises.learn(context.Background(), tx); err != nil {
			return err
		}
		run := int64(2)
		sql, args := l.plan(statement, &run, query)
		began := time.Now()
		if _, err := tx.Exec(b.Context(), sql, args...); err != nil {
			return fmt.Errorf("freeze: %w", err)
		}
		took = time.Since(began)
		if err := tx.QueryRow(b.Context(), "SELECT count(*) FROM alumni.delivery WHERE run_id = 2 AND state = 'Planned'").Scan(&planned); err != nil {
			return err
		}
		return errUndone
	})
	if !errors.Is(err, errUndone) {
		b.Fatal(err)
	}
	err = pgx.BeginFunc(b.Context(), l.pool, func(tx pgx.Tx) error {
		sql, args := l.plan(sqlPreview, nil, query)
		var told []byte
		if err := tx.QueryRow(b.Context(), "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "+sql, args...).Scan(&told); err != nil {
			return fmt.Errorf("explain: %w", err)
		}
		var plans []struct{ Plan node }
		if err := json.Unmarshal(told, &plans); err != nil {
			return err
		}
		plans[0].Plan.indexes(used, scanned)
		return errUndone
	})
	if !errors.Is(err, errUndone) {
		b.Fatal(err)
	}
	return used, scanned, planned, took
}
