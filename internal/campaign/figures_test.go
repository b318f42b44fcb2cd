// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

func TestPrometheusAndStatusSayOfARunWhatItsLedgerSays(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 20)
	r.job.Campaign.UID = "news"
	r.exec("INSERT INTO alumni.suppression (member_id, channel, reason) SELECT id, 'Email', 'Complaint' FROM alumni.member WHERE id < $1::uuid", member(4))
	r.exec("UPDATE alumni.member SET state = 'Paused' WHERE id = $1::uuid", member(9))
	r.mustRun()
	reader, err := stats.Open(t.Context(), r.store.Login(naming.RoleMetrics))
	g.Expect(err).NotTo(HaveOccurred())
	defer reader.Close(context.Background())

	figures, _, err := reader.Figures(t.Context(), stats.Settled{})
	g.Expect(err).NotTo(HaveOccurred())
	status, err := reader.CampaignRuns(t.Context(), "news", 1)
	g.Expect(err).NotTo(HaveOccurred())

	read := map[string]int{}
	for key, n := range figures.Messages {
		g.Expect([]string{key.Type, key.Channel}).To(Equal([]string{"Newsletter", "Email"}))
		if key.Reason != "" {
			key.State += "/" + key.Reason
		}
		read[key.State] += int(n)
	}
	ledger := r.counts()
	g.Expect(ledger).To(HaveKeyWithValue("Suppressed/Suppressed", BeNumerically(">", 0)))
	g.Expect(read).To(Equal(ledger))
	g.Expect(status[0].Sent).To(BeEquivalentTo(ledger["Sent"]))
	g.Expect(status[0].Refused).To(ConsistOf(
		stats.Refusal{Reason: "Suppressed", Count: int64(ledger["Suppressed/Suppressed"])},
		stats.Refusal{Reason: "Paused", Count: int64(ledger["Skipped/Paused"])}))
	g.Expect(figures.Lag).To(HaveKeyWithValue("Newsletter", BeZero()))
	g.Expect(figures.Senders["Email"].Hour).To(BeNumerically(">=", ledger["Sent"]), "leave that was not used counts too")
}
