// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

// talk makes 100,000 members, half a million posts with as many comments, and thanks. Rows come past the triggers, or it would take long.
var talk = []string{
	`SET session_replication_role = replica`, `SET synchronous_commit = off`,
	`INSERT INTO alumni.member (id, state, family_name, given_name, locale, employer, joined_at)
	 SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, CASE WHEN i % 20 = 0 THEN 'Withdrawn' ELSE 'Active' END, '星野', '花子', 'ja', 'みどり', now()
	 FROM generate_series(1, 100000) i`,
	`INSERT INTO alumni.employment (member_id, department, joined_on, left_on) SELECT id, '商品開発部', '1990-04-01', '2012-03-31' FROM alumni.member`,
	`INSERT INTO alumni.visibility SELECT id, f, 'Alumni' FROM alumni.member, unnest(ARRAY['Name', 'Department']) f`,
	`INSERT INTO alumni.post (id, recipient_id, kind, body, locale, newsletter, state, created_at)
	 SELECT ('00000000-0000-7001-8000-' || lpad(to_hex(i), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(i::bigint * 7919 % 100000 + 1), 12, '0'))::uuid,
	        CASE WHEN i % 100 = 0 THEN 'Idea' WHEN i % 3 = 0 THEN 'Question' ELSE 'News' END, repeat('京都で発酵の仕事を続けています。', 8), 'ja',
	        CASE WHEN i % 4 = 0 THEN 'Allowed' ELSE 'NotAllowed' END, CASE WHEN i % 50 = 0 THEN 'Hidden' ELSE 'Published' END, now() - make_interval(mins => 500000 - i)
	 FROM generate_series(1, 500000) i`,
	`INSERT INTO alumni.post_comment (id, post_id, recipient_id, body, created_at)
	 SELECT ('00000000-0000-7002-8000-' || lpad(to_hex(i), 12, '0'))::uuid, ('00000000-0000-7001-8000-' || lpad(to_hex(i - i % 5), 12, '0'))::uuid,
	        ('00000000-0000-7000-8000-' || lpad(to_hex(i::bigint * 31 % 100000 + 1), 12, '0'))::uuid, repeat('そうですね。', 10), now() - make_interval(mins => 500000 - i)
	 FROM generate_series(1, 500000) i`,
	`INSERT INTO alumni.post_reaction (recipient_id, post_id)
	 SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i::bigint * 17 % 100000 + 1), 12, '0'))::uuid, ('00000000-0000-7001-8000-' || lpad(to_hex(i), 12, '0'))::uuid
	 FROM generate_series(1, 500000) i`,
	`SET session_replication_role = origin`,
	`VACUUM ANALYZE alumni.member, alumni.employment, alumni.visibility, alumni.post, alumni.post_comment, alumni.post_reaction`,
}

// step is what PostgreSQL tells of one step of a plan.
type step struct {
	Kind  string `json:"Node Type"`
	Table string `json:"Relation Name"`
	Plans []step `json:"Plans"`
}

// whole lists the tables that a plan reads from their beginning to their end.
func (s step) whole() []string {
	var all []string
	if s.Kind == "Seq Scan" {
		all = append(all, s.Table)
	}
	for _, p := range s.Plans {
		all = append(all, p.whole()...)
	}
	return all
}

// rawList is the least that the first page of the feed can ask: the posts alone.
const rawList = `SELECT id, kind, body, locale, created_at FROM alumni.post WHERE state = 'Published' ORDER BY created_at DESC, id DESC LIMIT 21`

// BenchmarkFeed reads the feed of a large network as its pages do, and fails when a statement reads a table as a whole.
func BenchmarkFeed(b *testing.B) {
	s := store.New(b)
	conn, err := s.Admin().Acquire(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, sql := range talk {
		if _, err := conn.Exec(b.Context(), sql); err != nil {
			b.Fatalf("%s: %v", sql, err)
		}
	}
	conn.Release()
	pool := s.Pool(naming.RolePortal)
	viewer := community.Viewer{Member: uuid.MustParse("00000000-0000-7000-8000-000000000001")}
	post := uuid.MustParse("00000000-0000-7001-8000-000000002715")
	middle := community.Place{At: time.Now().Add(-200000 * time.Minute), ID: uuid.Max}
	arguments := map[string][]any{
		"newest": {viewer.Member, middle.At, middle.ID, 21, true}, "of kind": {viewer.Member, middle.At, middle.ID, 21, true, "Idea"},
		"own": {viewer.Member, middle.At, middle.ID, 21}, "one": {viewer.Member, post}, "comments": {viewer.Member, middle.At, middle.ID, 51, post},
	}
	for name, sql := range pgstore.FeedStatements() {
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			var raw []byte
			var plans []struct{ Plan step }
			tx, err := pool.Begin(b.Context())
			if err == nil {
				_, err = tx.Exec(b.Context(), "SET LOCAL plan_cache_mode = "+mode)
			}
			if err == nil {
				err = tx.QueryRow(b.Context(), "EXPLAIN (FORMAT JSON) "+sql, arguments[name]...).Scan(&raw)
			}
			if err == nil {
				err = json.Unmarshal(raw, &plans)
			}
			if err != nil {
				b.Fatalf("%s: %v", name, err)
			}
			_ = tx.Rollback(b.Context())
			if whole := plans[0].Plan.whole(); len(whole) > 0 {
				b.Errorf("%s, %s: %s read as a whole:\n%s", name, mode, strings.Join(whole, ", "), raw)
			}
		}
	}
	portal := portalOf(s, &clock{now: time.Now()})
	var raw, list, deep, thread []time.Duration
	timed := func(into *[]time.Duration, do func() error) {
		begin := time.Now()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		*into = append(*into, time.Since(begin))
	}
	for range 300 * b.N { // in turns, for a shared machine is not as fast in one second as in the next
		timed(&raw, func() error { rows, err := pool.Query(b.Context(), rawList); rows.Close(); return err })
		timed(&list, func() error {
			_, err := portal.Posts(b.Context(), viewer, community.PostFilter{}, community.Place{}, 21)
			return err
		})
		timed(&deep, func() error {
			_, err := portal.Posts(b.Context(), viewer, community.PostFilter{Kind: community.PostIdea}, middle, 21)
			return err
		})
		timed(&thread, func() error {
			_, err := portal.Thread(b.Context(), viewer, post, community.Place{}, 51)
			return err
		})
	}
	for _, m := range []struct {
		name  string
		times []time.Duration
	}{{"raw", raw}, {"list", list}, {"kind", deep}, {"thread", thread}} {
		slices.Sort(m.times)
		for _, p := range []int{50, 99} {
			b.ReportMetric(float64(m.times[len(m.times)*p/100].Microseconds())/1000, fmt.Sprintf("%s-p%d-ms", m.name, p))
		}
	}
}
