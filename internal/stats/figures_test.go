// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats_test

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gstruct"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/stats"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

// settle ends runs so long ago that they are not counted any more, or a moment ago.
const settle = `UPDATE alumni.campaign_run SET state = 'Finished', finished_at = now() - interval '8 days' WHERE id = 1`

func TestFiguresAreThoseOfTheLedgerAndOfStatus(t *testing.T) {
	g := NewWithT(t)
	r := open(t, append(append(append([]string{}, people...), ledger...),
		`INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, purpose, generation, state, audience, scheduled_at, deadline) VALUES
		 ('more-1', 'third', 'more', 'Newsletter', 'Newsletter', 1, 'Finished', 2, '2025-01-01T00:00:00Z', '2025-01-02T00:00:00Z')`,
		`INSERT INTO alumni.delivery (run_id, member_id, channel, state, reason) SELECT 4, id, 'Email', 'Failed', 'HardBounce' FROM alumni.member LIMIT 2`,
		`INSERT INTO alumni.broadcast (run_id, channel, destination, state, reason) VALUES
		 (2, 'Slack', 'news', 'Sent', ''), (4, 'Slack', 'news', 'Sent', ''), (4, 'Slack', 'chat', 'Failed', 'DestinationGone')`)...)

	f, _, err := r.Figures(t.Context(), stats.Settled{})

	g.Expect(err).NotTo(HaveOccurred())
	var sent, bounced, refused, all, audience int64
	for _, uid := range []string{"uid", "third"} {
		runs, err := r.CampaignRuns(t.Context(), uid, 10)
		g.Expect(err).NotTo(HaveOccurred())
		for _, run := range runs {
			sent, bounced, all, audience = sent+run.Sent, bounced+run.Bounced, all+total(run), audience+run.Audience
			for _, each := range run.Refused {
				refused += each.Count
			}
		}
	}
	var inAll, inRefused int64
	for key, n := range f.Messages {
		g.Expect(key.Type).To(Equal("Newsletter"))
		inAll += n
		if key.State == "Suppressed" || key.State == "Skipped" {
			inRefused += n
		}
	}
	mail := func(state, reason string) int64 {
		return f.Messages[stats.Figure{Type: "Newsletter", Channel: "Email", State: state, Reason: reason}]
	}
	g.Expect(mail("Sent", "")).To(And(Equal(sent), BeNumerically(">", 5)))
	g.Expect(mail("Failed", "HardBounce")).To(And(Equal(bounced), BeEquivalentTo(3)))
	g.Expect(inRefused).To(And(Equal(refused), BeEquivalentTo(7)))
	g.Expect(inAll).To(And(Equal(all), Equal(audience)), "every message is in one of them, those that retention deleted too")
	g.Expect(f.Posts).To(Equal(map[stats.Figure]int64{
		{Type: "Newsletter", Channel: "Slack", State: "Sent"}:                              2,
		{Type: "Newsletter", Channel: "Slack", State: "Failed", Reason: "DestinationGone"}: 1,
	}))
}

func TestARunThatIsSettledIsCountedOnce(t *testing.T) {
	g := NewWithT(t)
	s := store.New(t)
	exec := func(sql string) {
		t.Helper()
		_, err := s.Admin().Exec(t.Context(), sql)
		g.Expect(err).NotTo(HaveOccurred())
	}
	for _, sql := range append(append(append([]string{}, people...), ledger...), settle) {
		exec(sql)
	}
	r, err := stats.Open(t.Context(), s.Login(naming.RoleMetrics))
	g.Expect(err).NotTo(HaveOccurred())
	defer r.Close(context.Background())
	key := stats.Figure{Type: "Newsletter", Channel: "Email", State: "Sent"}

	first, settled, err := r.Figures(t.Context(), stats.Settled{})
	g.Expect(err).NotTo(HaveOccurred())
	exec(`DELETE FROM alumni.delivery WHERE run_id = 1`)
	exec(`INSERT INTO alumni.delivery_erased (run_id, channel, state, count) VALUES (1, 'Email', 'Sent', 1000)`) // nobody does this
	second, settled, err := r.Figures(t.Context(), settled)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(second.Messages).To(Equal(first.Messages), "it was not looked at again")

	exec(`UPDATE alumni.campaign_run SET run_name = 'restored-1' WHERE id = 1`)
	third, _, err := r.Figures(t.Context(), settled)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(third.Messages[key]).To(BeEquivalentTo(1006), "of another store nothing is known")
}

func TestTheLagIsThatOfTheOldestMessageThatIsDue(t *testing.T) {
	g := NewWithT(t)
	r := open(t, append(append(append([]string{}, people...), ledger...),
		`UPDATE alumni.campaign_run SET deadline = now() + interval '1 day' WHERE id = 2`,
		`UPDATE alumni.delivery SET not_before = now() - interval '90 seconds' WHERE run_id = 2 AND state = 'Deferred'`,
		`UPDATE alumni.delivery SET not_before = now() + interval '1 hour' WHERE run_id = 2 AND state = 'Planned'`,
		`UPDATE alumni.delivery SET not_before = now() - interval '1 day' WHERE run_id = 1 OR state = 'Sent'`,
		`INSERT INTO alumni.send_allowance (sender, first_minute, minutes, day, day_used) VALUES
		 ('Email', floor(extract(epoch FROM now()) / 60) - 1, '{40, 2}', '2026-11-24', 237)`)...)
	f, _, err := r.Figures(t.Context(), stats.Settled{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(f.Lag).To(gstruct.MatchAllKeys(gstruct.Keys{"Newsletter": BeNumerically("~", 90*time.Second, 20*time.Second)}))
	g.Expect(f.Senders).To(Equal(map[string]stats.SenderUse{"Email": {Hour: 42, Day: stats.SenderDay{Day: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), Used: 237}}}))
}

func TestWhatWaitsForItsTimeOrRestsHasNoLag(t *testing.T) {
	for name, sql := range map[string]string{
		"what is due later":       `UPDATE alumni.delivery SET not_before = now() + interval '1 hour'`,
		"a run that rests":        `UPDATE alumni.campaign_run SET state = 'Paused'`,
		"a run that nobody sends": `UPDATE alumni.campaign_run SET deadline = now() - interval '1 hour'`,
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := open(t, append(append(append([]string{}, people...), ledger...), `UPDATE alumni.campaign_run SET deadline = now() + interval '1 day'`, sql)...)
			f, _, err := r.Figures(t.Context(), stats.Settled{})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(f.Lag).To(Equal(map[string]time.Duration{"Newsletter": 0}))
		})
	}
}

func TestTheStoreOfAnEarlierVersionHasFiguresWithoutWhatCameLater(t *testing.T) {
	for _, view := range []string{"campaign_lags", "send_allowances", "campaign_posts"} {
		t.Run(view, func(t *testing.T) {
			g := NewWithT(t)
			r := open(t, append(append(append([]string{}, people...), ledger...), `DROP VIEW alumni_stats.`+view)...)
			f, _, err := r.Figures(t.Context(), stats.Settled{})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(f.Messages).NotTo(BeEmpty())
			g.Expect(len(f.Lag) == 0).To(Equal(view == "campaign_lags"))
			g.Expect(f.Senders == nil).To(Equal(view == "send_allowances"))
		})
	}
}
