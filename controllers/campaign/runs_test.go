// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// ledger answers as a store does that counts no settled run.
type ledger struct {
	settled []string
	preview *stats.CampaignPreview
	day     stats.SenderDay
	test    *stats.TestSend
	survey  *stats.Survey
	figures stats.Figures
	counted int // how often figures were asked for
	err     error
}

func (l *ledger) Figures(_ context.Context, _ *v1alpha1.AlumniNetwork, known stats.Settled) (stats.Figures, stats.Settled, error) {
	l.counted++
	return l.figures, known, l.err
}

func (l *ledger) SenderDay(context.Context, *v1alpha1.AlumniNetwork, string) (stats.SenderDay, error) {
	return l.day, nil
}

func (l *ledger) TestSend(context.Context, *v1alpha1.AlumniNetwork, string) (*stats.TestSend, error) {
	return l.test, nil
}

func (l *ledger) Survey(context.Context, *v1alpha1.AlumniNetwork, string) (*stats.Survey, error) {
	return l.survey, l.err
}

func (l *ledger) Steps(context.Context, *v1alpha1.AlumniNetwork, string) ([]stats.StepCount, error) {
	return nil, nil
}

func (l *ledger) CampaignPreview(context.Context, *v1alpha1.AlumniNetwork, string) (*stats.CampaignPreview, error) {
	return l.preview, nil
}

func (l *ledger) CampaignRuns(_ context.Context, _ *v1alpha1.AlumniNetwork, _ string, _ int, settled ...string) ([]stats.CampaignRun, error) {
	l.settled = settled
	finished := now.Add(-time.Hour)
	old := now.Add(-settledAfter - time.Minute)
	return []stats.CampaignRun{
		{RunName: "new", State: "Finished", Audience: 10, Sent: 9, FinishedAt: &finished},
		{RunName: "old", State: "Finished", Audience: 7, FinishedAt: &old},
	}, nil
}

var now = time.Date(2027, 4, 1, 9, 0, 0, 0, time.UTC)

func TestARunThatEndedLongAgoKeepsTheNumbersThatStatusShows(t *testing.T) {
	g := NewWithT(t)
	book := &ledger{}
	shown := v1alpha1.CampaignRun{ID: "old", State: v1alpha1.RunFinished, Audience: 7, Sent: 5, Bounced: 2,
		FinishedAt: &metav1.Time{Time: now.Add(-settledAfter - time.Minute)}}
	c := &v1alpha1.Campaign{Status: v1alpha1.CampaignStatus{Runs: []v1alpha1.CampaignRun{
		{ID: "new", State: v1alpha1.RunFinished, Audience: 10, Sent: 8, FinishedAt: &metav1.Time{Time: now.Add(-time.Hour)}}, shown,
	}}}
	r := &Reconciler{Ledger: book}

	g.Expect(r.readRuns(t.Context(), &scope{campaign: c, now: now})).To(Succeed())

	g.Expect(book.settled).To(Equal([]string{"old"}))
	g.Expect(c.Status.Runs[0].Sent).To(BeEquivalentTo(9), "a young run is counted anew")
	g.Expect(c.Status.Runs[1]).To(Equal(shown))
}

func TestALargeNetworkHasItsRunsSharedByMoreWorkers(t *testing.T) {
	for name, c := range map[string]struct {
		members     *v1alpha1.MembersStatus
		kind        v1alpha1.CampaignType
		parallelism int32
		want        int32
	}{
		"nothing is known yet":               {nil, "Newsletter", 0, 1},
		"nobody":                             {&v1alpha1.MembersStatus{}, "Newsletter", 0, 1},
		"as many as one is enough for":       {&v1alpha1.MembersStatus{Active: 200_000}, "Newsletter", 0, 1},
		"one more":                           {&v1alpha1.MembersStatus{Active: 200_000, Paused: 1}, "Newsletter", 0, 2},
		"a million":                          {&v1alpha1.MembersStatus{Active: 1_000_000}, "Newsletter", 0, 5},
		"never more than eight":              {&v1alpha1.MembersStatus{Active: 10_000_000}, "Newsletter", 0, 8},
		"an invitation goes to those listed": {&v1alpha1.MembersStatus{Active: 1_000_000, Listed: 300_000}, "Invitation", 0, 2},
		"what is declared":                   {&v1alpha1.MembersStatus{Active: 1_000_000}, "Newsletter", 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scope{campaign: &v1alpha1.Campaign{Spec: v1alpha1.CampaignSpec{Type: c.kind, Delivery: &v1alpha1.Delivery{Parallelism: c.parallelism}}},
				network: &v1alpha1.AlumniNetwork{Status: v1alpha1.AlumniNetworkStatus{Members: c.members}}}
			NewWithT(t).Expect(workers(s)).To(Equal(c.want))
		})
	}
}
