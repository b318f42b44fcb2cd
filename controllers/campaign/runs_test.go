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
type ledger struct{ settled []string }

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
