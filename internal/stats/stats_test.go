// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/stats"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }

// open makes a store, fills it with statements as the superuser, and reads it as the metrics role.
func open(t *testing.T, statements ...string) *stats.Reader {
	t.Helper()
	s := store.New(t)
	for _, sql := range statements {
		if _, err := s.Admin().Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	r, err := stats.Open(t.Context(), s.Login(naming.RoleMetrics))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(context.Background()) })
	return r
}

func TestAnEmptyStoreHasVersionAndSizeAndNothingElse(t *testing.T) {
	g := NewWithT(t)
	r := open(t)

	n, err := r.Network(t.Context())

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(n.Store.ServerVersion).To(MatchRegexp(`^\d+\.\d+$`))
	g.Expect(n.Store.SchemaVersion).To(Equal(pgstore.LatestVersion()))
	g.Expect(n.Store.SizeBytes).To(BeNumerically(">", 1<<20))
	n.Store = stats.Store{}
	g.Expect(n).To(Equal(stats.Network{}))

	s, err := r.Store(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.SchemaVersion).To(Equal(pgstore.LatestVersion()))
}

// people makes members with short ids: one for each state and, of the active, with and without what makes them
// reachable.
var people = []string{
	`INSERT INTO alumni.member (id, state, family_name, locale) SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, state, 'x', 'ja'
	 FROM (VALUES (1, 'Listed'), (2, 'Invited'), (3, 'Active'), (4, 'Active'), (5, 'Active'), (6, 'Active'), (7, 'Paused'), (8, 'Withdrawn')) v (n, state)`,
	`INSERT INTO alumni.contact (member_id, channel, address, source) SELECT id, 'Email', id || '@people.example', 'Roster' FROM alumni.member
	 WHERE id <> '00000000-0000-7000-8000-000000000004'`,
	`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
	 SELECT id, 'Network', 'Given', '1', 'Portal', 'test', now() FROM alumni.member WHERE id <> '00000000-0000-7000-8000-000000000005'`,
	`INSERT INTO alumni.suppression (member_id, channel, reason) VALUES ('00000000-0000-7000-8000-000000000006', 'Email', 'HardBounce')`,
}

func TestNetworkCountsMembersErasuresAndImports(t *testing.T) {
	g := NewWithT(t)
	r := open(t, append(people,
		`INSERT INTO alumni.erasure_request (id, member_id, source, state, received_at) VALUES
		 (gen_random_uuid(), gen_random_uuid(), 'Request', 'Open', '2025-03-01T00:00:00Z'),
		 (gen_random_uuid(), gen_random_uuid(), 'Withdrawal', 'Open', '2025-02-01T00:00:00Z'),
		 (gen_random_uuid(), NULL, 'Withdrawal', 'Erased', '2025-01-01T00:00:00Z')`,
		`INSERT INTO alumni.roster_import (run_name, state, rows, started_at) VALUES ('old', 'Succeeded', 7, now())`,
		`INSERT INTO alumni.roster_import (run_name, state, failure, failure_field, rows, inserted, updated, unchanged, quarantined, tombstoned, started_at, finished_at)
		 VALUES ('last', 'Failed', 'MissingColumn', 'LeftOn', 20, 1, 2, 3, 12, 2, '2025-03-01T01:00:00Z', '2025-03-01T01:00:05Z')`,
		`INSERT INTO alumni.roster_quarantine SELECT 2, n, 'LeftOn', 'InvalidDate' FROM generate_series(2, 13) n`,
		`INSERT INTO alumni.roster_import (run_name, state, started_at) VALUES ('now', 'Running', now())`,
	)...)

	n, err := r.Network(t.Context())

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(n.Members).To(Equal(stats.Members{Listed: 1, Invited: 1, Active: 4, Paused: 1, Withdrawn: 1, Reachable: 1}))
	g.Expect(n.Erasure.Open).To(Equal(int64(2)))
	g.Expect(n.Erasure.OldestReceivedAt.UTC()).To(Equal(time.Date(2025, 2, 1, 0, 0, 0, 0, time.UTC)))
	g.Expect(n.RosterRunning).To(Equal("now"))
	g.Expect(n.Roster.Quarantine).To(HaveLen(10))
	g.Expect(n.Roster.Quarantine[0]).To(Equal(stats.QuarantinedRow{Line: 2, Field: "LeftOn", Reason: "InvalidDate"}))
	g.Expect(n.Roster.FinishedAt.Sub(n.Roster.StartedAt)).To(Equal(5 * time.Second))
	n.Roster.Quarantine, n.Roster.FinishedAt, n.Roster.StartedAt = nil, nil, time.Time{}
	g.Expect(*n.Roster).To(Equal(stats.RosterImport{RunName: "last", State: "Failed", Failure: "MissingColumn", FailureField: "LeftOn",
		Rows: 20, Inserted: 1, Updated: 2, Unchanged: 3, Quarantined: 12, Tombstoned: 2}))

	e, err := r.Erasure(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(e.Open).To(Equal(n.Erasure.Open))
}

// TestCountingARunLooksAtItsOwnLedgerOnly asks PostgreSQL for its plan: the whole ledger of the store must not be read
// for one run.
func TestNumbersThatAreReadTogetherAreOfOneMoment(t *testing.T) {
	g := NewWithT(t)
	s := store.New(t)
	r, err := stats.Open(t.Context(), s.Login(naming.RoleMetrics))
	g.Expect(err).NotTo(HaveOccurred())
	defer r.Close(t.Context())
	writer := s.Admin()
	ctx, stop := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	writing.Go(func() {
		for k := 1; ctx.Err() == nil; k++ { // each import brings one person
			_, err := writer.Exec(t.Context(), fmt.Sprintf(`BEGIN;
				INSERT INTO alumni.member (id, state, family_name, locale) VALUES (gen_random_uuid(), 'Listed', 'x', 'ja');
				INSERT INTO alumni.roster_import (run_name, state, rows, started_at, finished_at) VALUES ('r%[1]d', 'Succeeded', %[1]d, clock_timestamp(), clock_timestamp());
				COMMIT`, k))
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	defer func() { stop(); writing.Wait() }()
	for range 300 {
		n, err := r.Network(t.Context())
		g.Expect(err).NotTo(HaveOccurred())
		if n.Roster != nil {
			g.Expect(n.Members.Listed).To(Equal(n.Roster.Rows))
		}
	}
}

func TestCountingARunLooksAtItsOwnLedgerOnly(t *testing.T) {
	g := NewWithT(t)
	s := store.New(t)
	for _, sql := range []string{
		`INSERT INTO alumni.member (id, state, family_name, locale) SELECT gen_random_uuid(), 'Active', 'x', 'ja' FROM generate_series(1, 500)`,
		`INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, generation, state, scheduled_at, deadline)
		 SELECT 'r-' || n, 'uid', 'c', 'Newsletter', 1, 'Finished', now(), now() FROM generate_series(1, 40) n`,
		`INSERT INTO alumni.delivery (run_id, member_id, channel, state) SELECT r.id, m.id, 'Email', 'Sent' FROM alumni.campaign_run r, alumni.member m`,
		`ANALYZE alumni.delivery`,
	} {
		_, err := s.Admin().Exec(t.Context(), sql)
		g.Expect(err).NotTo(HaveOccurred())
	}
	query, err := os.ReadFile("queries/campaign_counts.sql")
	g.Expect(err).NotTo(HaveOccurred())
	var plan string
	g.Expect(s.Admin().QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) "+strings.ReplaceAll(string(query), "$1", "'{3}'")).Scan(&plan)).To(Succeed())
	g.Expect(plan).To(ContainSubstring("delivery_pkey"))
	g.Expect(plan).NotTo(MatchRegexp(`Seq Scan",[^}]*"Relation Name": "delivery"`))
}

// ledger makes one delivery for each state, and erased ones beside them.
var ledger = []string{
	`INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, purpose, generation, state, audience, scheduled_at, deadline) VALUES
	 ('news-1', 'uid', 'news', 'Newsletter', 'Newsletter', 1, 'Finished', 8, '2025-01-01T00:00:00Z', '2025-01-02T00:00:00Z'),
	 ('news-2', 'uid', 'news', 'Newsletter', 'Newsletter', 2, 'Sending', 20, '2025-02-01T00:00:00Z', '2025-02-02T00:00:00Z'),
	 ('other-1', 'another', 'other', 'Survey', 'Surveys', 1, 'Failed', 0, '2025-02-01T00:00:00Z', '2025-02-02T00:00:00Z')`,
	`INSERT INTO alumni.delivery (run_id, member_id, channel, state, reason) SELECT 2, ('00000000-0000-7000-8000-00000000000' || n)::uuid, 'Email', state, reason
	 FROM (VALUES (1, 'Planned', ''), (2, 'Claimed', ''), (3, 'Sent', ''), (4, 'Deferred', ''), (5, 'Failed', 'HardBounce'), (6, 'Failed', 'Render'),
	              (7, 'Unknown', ''), (8, 'Expired', '')) v (n, state, reason)`,
	`INSERT INTO alumni.delivery_erased (run_id, channel, state, reason, count) VALUES
	 (2, 'Email', 'Sent', '', 5), (2, 'Email', 'Suppressed', 'NoConsent', 3), (2, 'Email', 'Skipped', 'NoConsent', 1),
	 (2, 'Email', 'Suppressed', 'Suppressed', 2), (2, 'Email', 'Skipped', '', 1)`,
	`INSERT INTO alumni.delivery (run_id, member_id, channel, state) SELECT 1, id, 'Email', 'Sent' FROM alumni.member`,
	`INSERT INTO alumni.unsubscribe_count VALUES (2, 4)`,
}

func TestARunAtRestSaysSinceWhen(t *testing.T) {
	g := NewWithT(t)
	r := open(t, append(append(append([]string{}, people...), ledger...),
		`UPDATE alumni.campaign_run SET state = 'Paused', failure = 'TooManyBounces', paused_at = '2025-02-01T00:10:00.123456Z' WHERE run_name = 'news-2'`,
		`INSERT INTO alumni.complaint_count (run_id, count) SELECT id, 2 FROM alumni.campaign_run WHERE run_name = 'news-2'`)...)
	runs, err := r.CampaignRuns(t.Context(), "uid", 10)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect([]any{runs[0].State, runs[0].Failure, runs[0].PausedAt.UTC()}).To(Equal([]any{"Paused", "TooManyBounces",
		time.Date(2025, 2, 1, 0, 10, 0, 123456000, time.UTC)}))
	g.Expect(runs[0].Complained).To(BeEquivalentTo(2))
	g.Expect(runs[1].PausedAt).To(BeZero())
}

func TestARunTellsWhatBecameOfItsPosts(t *testing.T) {
	g := NewWithT(t)
	r := open(t, append(append(append([]string{}, people...), ledger...),
		`INSERT INTO alumni.broadcast (run_id, channel, destination, state, reason) VALUES
		 (2, 'Webhook', 'intranet', 'Unknown', 'NoAnswer'), (2, 'Slack', 'news', 'Sent', ''), (1, 'Slack', 'news', 'Failed', 'DestinationGone')`)...)
	runs, err := r.CampaignRuns(t.Context(), "uid", 10)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(runs[0].Posts).To(Equal([]stats.Post{{Channel: "Slack", Destination: "news", State: "Sent"},
		{Channel: "Webhook", Destination: "intranet", State: "Unknown", Reason: "NoAnswer"}}))
	g.Expect(runs[1].Posts).To(Equal([]stats.Post{{Channel: "Slack", Destination: "news", State: "Failed", Reason: "DestinationGone"}}))
	g.Expect(total(runs[0])).To(Equal(runs[0].Audience), "posts are no part of the audience")
}

func TestARunTellsWhatWasLearntOfItsMailsWhereThatWasWanted(t *testing.T) {
	g := NewWithT(t)
	r := open(t, append(append(append([]string{}, people...), ledger...),
		`UPDATE alumni.campaign_run SET tracked_clicks = 'Aggregate' WHERE run_name = 'news-1'`,
		`UPDATE alumni.campaign_run SET tracked_clicks = 'Consented', tracked_opens = 'Consented' WHERE run_name = 'news-2'`,
		`INSERT INTO alumni.tracking_count (run_id, kind, link, variant, count, machine) VALUES
		 (2, 'Click', 1, 'a', 3, 40), (2, 'Click', 2, 'b', 4, 0), (2, 'Open', 0, '', 5, 9)`)...)
	runs, err := r.CampaignRuns(t.Context(), "uid", 10)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(*runs[0].Clicked).To(BeEquivalentTo(7), "machines do not count")
	g.Expect(*runs[0].Opened).To(BeEquivalentTo(5))
	g.Expect(*runs[1].Clicked).To(BeZero(), "nobody clicked, which is something else than nobody knows")
	g.Expect(runs[1].Opened).To(BeNil())
	others, err := r.CampaignRuns(t.Context(), "another", 10)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(others[0].Clicked).To(BeNil())
}

func TestARunTellsHowItsTestWent(t *testing.T) {
	g := NewWithT(t)
	r := open(t, append(append(append([]string{}, people...), ledger...),
		`UPDATE alumni.campaign_run SET test_until = '2025-02-01T04:00:00Z', winner = 'b' WHERE run_name = 'news-2'`,
		`UPDATE alumni.delivery SET variant = CASE WHEN state = 'Sent' THEN 'b' ELSE 'a' END WHERE run_id = 2 AND state IN ('Sent', 'Deferred')`,
		`INSERT INTO alumni.tracking_count (run_id, kind, link, variant, count, machine) VALUES
		 (2, 'Click', 1, 'b', 3, 40), (2, 'Click', 2, 'b', 4, 0), (2, 'Click', 1, '', 9, 0)`)...)
	runs, err := r.CampaignRuns(t.Context(), "uid", 10)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(runs[0].Test.Until.UTC()).To(Equal(time.Date(2025, 2, 1, 4, 0, 0, 0, time.UTC)))
	g.Expect(runs[0].Test.Winner).To(Equal("b"))
	g.Expect(runs[0].Test.Variants).To(Equal([]stats.Variant{{Name: "a"}, {Name: "b", Sent: 1, Clicked: 7}}))
	g.Expect(runs[1].Test).To(BeNil())
}

func TestTheStoreOfAnEarlierVersionHasRunsWithoutWhatCameLater(t *testing.T) {
	cases := map[string]string{}
	for _, view := range []string{"campaign_posts", "campaign_tracking", "campaign_tests"} {
		cases[view+" before the migration"] = `DROP VIEW alumni_stats.` + view
		cases[view+" between the migration and the roles' new rights"] = strings.ReplaceAll(`DO $$ BEGIN EXECUTE (
			SELECT format('REVOKE ALL ON alumni_stats.VIEW FROM %I', grantee)
			FROM information_schema.role_table_grants WHERE table_name = 'VIEW' AND grantee LIKE '%metrics%' LIMIT 1); END $$`, "VIEW", view)
	}
	for name, sql := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := open(t, append(append(append([]string{}, people...), ledger...), sql)...)
			runs, err := r.CampaignRuns(t.Context(), "uid", 10)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(runs).To(HaveLen(2))
			g.Expect(runs[0].Posts).To(BeEmpty())
			g.Expect(runs[0].Clicked).To(BeNil())
		})
	}
}

func TestCampaignRunsAddUpToTheirAudience(t *testing.T) {
	g := NewWithT(t)
	r := open(t, append(append([]string{}, people...), ledger...)...)

	runs, err := r.CampaignRuns(t.Context(), "uid", 10)

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(runs).To(HaveLen(2))
	run := runs[0]
	g.Expect([]any{run.RunName, run.Campaign, run.Type, run.Generation, run.State}).To(Equal([]any{"news-2", "news", "Newsletter", int64(2), "Sending"}))
	g.Expect(run.ScheduledAt.UTC()).To(Equal(time.Date(2025, 2, 1, 0, 0, 0, 0, time.UTC)))
	g.Expect(run.FinishedAt).To(BeNil())
	g.Expect([]int64{run.Sent, run.Pending, run.Deferred, run.Failed, run.Bounced, run.InDoubt, run.Expired, run.Unsubscribed}).
		To(Equal([]int64{6, 2, 1, 1, 1, 1, 1, 4}))
	g.Expect(run.Refused).To(Equal([]stats.Refusal{{Reason: "NoConsent", Count: 4}, {Reason: "Suppressed", Count: 2}, {Reason: "Skipped", Count: 1}}))
	g.Expect(total(run)).To(Equal(run.Audience))
	g.Expect(runs[1].RunName).To(Equal("news-1"))
	g.Expect(total(runs[1])).To(Equal(runs[1].Audience))

	newest, err := r.CampaignRuns(t.Context(), "uid", 1)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(newest).To(Equal(runs[:1]))
	settled, err := r.CampaignRuns(t.Context(), "uid", 10, "news-1", "news-2")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(settled[0]).To(Equal(run), "a run that still sends is counted whatever the caller thinks")
	g.Expect(total(settled[1])).To(BeZero())
	g.Expect(settled[1].Audience).To(Equal(runs[1].Audience))
	g.Expect(run.PausedAt).To(BeZero())
	none, err := r.CampaignRuns(t.Context(), "nobody", 10)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(none).To(BeEmpty())
}

func total(run stats.CampaignRun) int64 {
	sum := run.Sent + run.Pending + run.Deferred + run.Failed + run.Bounced + run.InDoubt + run.Expired
	for _, r := range run.Refused {
		sum += r.Count
	}
	return sum
}

func TestRetentionSumsRunsAndShowsTheChain(t *testing.T) {
	g := NewWithT(t)
	hash := strings.Repeat("ab", 32)
	r := open(t,
		`INSERT INTO alumni.retention_run (run_name, policy_uid, policy, generation, kind, mode, state, plan_hash, as_of, finished_at) VALUES
		 ('p-1', 'uid', 'p', 1, 'Scheduled', 'DryRun', 'Previewed', 'aa', '2025-01-01T00:00:00Z', now()),
		 ('p-2', 'uid', 'p', 2, 'Requests', 'Enforce', 'Certified', 'bb', '2025-02-01T00:00:00Z', now()),
		 ('q-1', 'another', 'q', 1, 'Scheduled', 'Enforce', 'Executing', '', '2025-02-01T00:00:00Z', NULL)`,
		`INSERT INTO alumni.retention_run_count (run_id, rule, category, outcome, members, rows) VALUES
		 (2, 'left', 'Profile', 'Due', 10, 0), (2, 'logs', 'DeliveryLogs', 'Due', 0, 100), (2, 'left', 'Profile', 'Erased', 7, 70),
		 (2, 'logs', 'DeliveryLogs', 'Erased', 0, 100), (2, 'left', 'Profile', 'Changed', 2, 0), (2, 'left', 'Profile', 'Failed', 1, 0)`,
		`INSERT INTO alumni.retention_failure (run_id, member_id, code, attempts) VALUES (2, gen_random_uuid(), '40P01', 5)`,
		`INSERT INTO alumni.tombstone (key, kind, run_id, erased_on) VALUES (sha256('a'), 'Member', 2, now()), (sha256('b'), 'Email', 2, now())`,
		`INSERT INTO alumni.audit_record (seq, run_id, kind, body, prev_hash, hash) VALUES
		 (1, 2, 'RunStarted', '{}', decode(repeat('00', 32), 'hex'), sha256('1')), (2, 2, 'RunFinished', '{}', sha256('1'), decode('`+hash+`', 'hex'))`,
		`INSERT INTO alumni.retention_certificate (run_id, body, signature, public_key) VALUES (2, '{"a":1}', 'sig', 'pub')`,
	)

	got, err := r.Retention(t.Context(), "uid", 10)

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got.Erased).To(Equal(int64(1)))
	g.Expect(got.Chain).To(Equal(stats.Chain{Length: 2, Head: hash}))
	g.Expect(hex.DecodeString(got.Chain.Head)).To(HaveLen(32))
	g.Expect(got.Runs).To(HaveLen(2))
	run := got.Runs[0]
	g.Expect([]any{run.RunName, run.Kind, run.Mode, run.State, run.PlanHash, run.Certified}).To(Equal([]any{"p-2", "Requests", "Enforce", "Certified", "bb", true}))
	g.Expect([]int64{run.DueMembers, run.ErasedMembers, run.ChangedMembers, run.FailedMembers, run.DueRows, run.ErasedRows}).
		To(Equal([]int64{10, 7, 2, 1, 100, 170}))
	g.Expect(run.Counts).To(HaveLen(6))
	g.Expect(run.Failures).To(Equal(map[string]int64{"40P01": 1}))
	g.Expect(got.Runs[1].Certified).To(BeFalse())

	newest, err := r.Retention(t.Context(), "uid", 1)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(newest.Runs).To(HaveLen(2), "requests do not hide what the schedule did")

	c, err := r.Certificate(t.Context(), run.ID)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect([]string{string(c.Body), string(c.Signature), string(c.PublicKey)}).To(Equal([]string{`{"a":1}`, "sig", "pub"}))
	none, err := r.Certificate(t.Context(), got.Runs[1].ID)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(none).To(BeNil())
}

func TestRetentionTellsTheHoldsThatAreOn(t *testing.T) {
	g := NewWithT(t)
	holds := []string{`INSERT INTO alumni.legal_hold (name, reason, categories, secret_version, members, unknown_members, unlisted_members, released_at) VALUES
		('p/b', 'Audit', '{DeliveryLogs,Profile}', 'uid/2', 3, 1, 2, NULL), ('p/a', 'LegalClaim', '{Profile}', 'uid/1', 1, 0, 0, NULL),
		('p/c', 'Audit', '{Profile}', 'uid/1', 0, 0, 0, now())`}
	got, err := open(t, holds...).Retention(t.Context(), "uid", 1)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got.Holds).To(Equal([]stats.Hold{{Name: "p/a", Categories: []string{"Profile"}, SecretVersion: "uid/1", Members: 1},
		{Name: "p/b", Categories: []string{"DeliveryLogs", "Profile"}, SecretVersion: "uid/2", Members: 3, Unknown: 1, Unlisted: 2}}))
	got, err = open(t, append(holds, `DROP VIEW alumni_stats.legal_holds`)...).Retention(t.Context(), "uid", 1)
	g.Expect(err).NotTo(HaveOccurred(), "the store of an earlier version is read, too")
	g.Expect(got.Holds).To(BeEmpty())
}

func TestTheDayOfASenderIsThatOnWhichItSentLast(t *testing.T) {
	g := NewWithT(t)
	r := open(t, `INSERT INTO alumni.send_allowance (sender, day, day_used) VALUES ('Email', '2026-11-24', 237), ('Email/docomo.example', DEFAULT, DEFAULT)`)
	day, err := r.SenderDay(t.Context(), "Email")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(day).To(Equal(stats.SenderDay{Day: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), Used: 237}))
	day, err = r.SenderDay(t.Context(), "LINE")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(day).To(BeZero())
}

func TestARunTellsWhichOneItSendsAgain(t *testing.T) {
	g := NewWithT(t)
	r := open(t, `INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, generation, state, scheduled_at, deadline, resend_of)
		VALUES ('news-1', 'u', 'news', 'Newsletter', 1, 'Finished', '2026-11-24', '2026-11-25', NULL), ('news-1-r1', 'u', 'news', 'Newsletter', 1, 'Sending', '2026-11-24', '2026-11-26', 'news-1')`)
	runs, err := r.CampaignRuns(t.Context(), "u", 10)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(runs).To(HaveLen(2))
	g.Expect(runs[0].RunName).To(Equal("news-1-r1"), "it stands before the one that it sends again")
	g.Expect(runs[0].ResendOf).To(Equal("news-1"))
	g.Expect(runs[1].ResendOf).To(BeEmpty())
}

func TestTroubleIsClassed(t *testing.T) {
	g := NewWithT(t)
	s := store.New(t)

	wrong := s.Login(naming.RoleMetrics)
	wrong.Password = "canary-password"
	_, err := stats.Open(t.Context(), wrong)
	g.Expect(err).To(MatchError(dbconn.ErrAuthentication))
	g.Expect(err.Error()).NotTo(ContainSubstring("canary"))

	r, err := stats.Open(t.Context(), s.Login(naming.RoleMetrics))
	g.Expect(err).NotTo(HaveOccurred())
	defer r.Close(t.Context())
	_, err = s.Admin().Exec(t.Context(), `DROP VIEW alumni_stats.members`)
	g.Expect(err).NotTo(HaveOccurred())
	_, err = r.Network(t.Context())
	g.Expect(err).To(MatchError(stats.ErrNotMigrated))
}
