// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

func TestARunThatWaitsForAnotherDayOfTheWarmUpSaysSo(t *testing.T) {
	g := NewWithT(t)
	at := time.Date(2026, 11, 24, 16, 0, 0, 0, time.UTC) // the 25th in Tokyo
	book := &ledger{}
	n := &v1alpha1.AlumniNetwork{Spec: v1alpha1.AlumniNetworkSpec{TimeZone: "Asia/Tokyo", Channels: &v1alpha1.Channels{Email: &v1alpha1.EmailChannel{
		WarmUp: &v1alpha1.WarmUp{StartedOn: "2026-11-24", From: 200, Days: 42}}}}}
	n.Name = "alumni"
	c := &v1alpha1.Campaign{}
	said := func() string {
		s := &scope{campaign: c, network: n, now: at}
		g.Expect((&Reconciler{Ledger: book}).showUnderWay(t.Context(), s, "news-1")).To(Succeed())
		condition := conditions.Get(c, v1alpha1.ScheduledCondition)
		return condition.Reason + ": " + condition.Message
	}
	day := func(date, used int) {
		book.day = stats.SenderDay{Day: time.Date(2026, 11, date, 0, 0, 0, 0, time.UTC), Used: used}
	}

	g.Expect(said()).To(Equal("Running: Run news-1 is being sent"), "nothing was sent yet")
	day(24, 237)
	g.Expect(said()).To(HavePrefix("Running"), "that was yesterday")
	day(25, 236)
	g.Expect(said()).To(HavePrefix("Running"))
	day(25, 237)
	g.Expect(said()).To(Equal("WarmingUp: Run news-1 waits for tomorrow: AlumniNetwork alumni warms up, and the 237 messages of today are used up"))
	n.Spec.Channels.Email.WarmUp = nil
	g.Expect(said()).To(HavePrefix("Running"))
}
