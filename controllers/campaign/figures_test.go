// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// scrape lists what Prometheus reads, as name{label=value …}.
func scrape(t *testing.T, f *Figures) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(f)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for _, l := range m.GetLabel() {
				if l.GetValue() != "" && l.GetName() != "namespace" && l.GetName() != "network" {
					name += fmt.Sprintf(" %s=%s", l.GetName(), l.GetValue())
				}
			}
			read[name] = m.GetGauge().GetValue()
		}
	}
	return read
}

func mailing() *v1alpha1.AlumniNetwork {
	return &v1alpha1.AlumniNetwork{
		ObjectMeta: metav1.ObjectMeta{Namespace: "hr", Name: "alumni", UID: "n"},
		Spec: v1alpha1.AlumniNetworkSpec{TimeZone: "Asia/Tokyo", Channels: &v1alpha1.Channels{Email: &v1alpha1.EmailChannel{
			MaxPerHour: 100, PerDomain: []v1alpha1.DomainLimit{{Domain: "docomo.example", MaxPerHour: 50}, {Domain: "slow.example", MaxPerSecond: 1}},
		}}},
	}
}

func TestPrometheusReadsWhatTheStoreCounted(t *testing.T) {
	g := NewWithT(t)
	clock := clocktesting.NewFakePassiveClock(now)
	f := NewFigures(clock)
	book := &ledger{figures: stats.Figures{
		Messages: map[stats.Figure]int64{
			{Type: "Newsletter", Channel: "Email", State: "Sent"}:                              412,
			{Type: "Newsletter", Channel: "Email", State: "Suppressed", Reason: "NoConsent"}:   15,
			{Type: "Newsletter", Channel: "Email", State: "Failed", Reason: "550 a@b.example"}: 1,
		},
		Posts:   map[stats.Figure]int64{{Type: "Newsletter", Channel: "Slack", State: "Sent"}: 2},
		Lag:     map[string]time.Duration{"Newsletter": 90 * time.Second},
		Senders: map[string]stats.SenderUse{"Email": {Hour: 30}, "Email/docomo.example": {Hour: 60}, "Email/forgotten.example": {Hour: 1}},
	}}
	f.refresh(t.Context(), mailing(), book, true)
	g.Expect(scrape(t, f)).To(Equal(map[string]float64{
		"alumni_campaign_messages channel=Email state=Sent type=Newsletter":                        412,
		"alumni_campaign_messages channel=Email reason=NoConsent state=Suppressed type=Newsletter": 15,
		"alumni_campaign_messages channel=Email reason=Other state=Failed type=Newsletter":         1,
		"alumni_campaign_posts channel=Slack state=Sent type=Newsletter":                           2,
		"alumni_campaign_lag_seconds type=Newsletter":                                              90,
		"alumni_campaign_window_left sender=Email window=Hour":                                     70,
		"alumni_campaign_window_limit sender=Email window=Hour":                                    100,
		"alumni_campaign_window_left domain=docomo.example sender=Email window=Hour":               0,
		"alumni_campaign_window_limit domain=docomo.example sender=Email window=Hour":              50,
	}))

	g.Expect(f.refresh(t.Context(), mailing(), book, false)).To(Equal(restHold), "they are good enough for long while nothing happens")
	g.Expect(f.refresh(t.Context(), mailing(), book, true)).To(Equal(figuresHold), "and for less while something does")
	g.Expect(book.counted).To(Equal(1))
	clock.SetTime(now.Add(figuresHold))
	book.err = errors.New("the store is away")
	g.Expect(f.refresh(t.Context(), mailing(), book, true)).To(BeZero())
	g.Expect(book.counted).To(Equal(2))
	g.Expect(scrape(t, f)).NotTo(BeEmpty(), "what was read last holds for a while")
	clock.SetTime(now.Add(figuresEnd + time.Second))
	g.Expect(scrape(t, f)).To(BeEmpty(), "and then says nothing any more")
}

func TestAWarmUpHasAWindowOfADay(t *testing.T) {
	n := mailing()
	n.Spec.Channels.Email.WarmUp = &v1alpha1.WarmUp{StartedOn: "2027-04-01", From: 200, Days: 42}
	used := map[string]stats.SenderUse{"Email": {Day: stats.SenderDay{Day: time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC), Used: 150}}}
	for name, c := range map[string]struct {
		at   time.Time
		left float64
	}{
		"of which something is left":          {now, 50},
		"and of the next day nothing is used": {now.Add(24 * time.Hour), 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f := NewFigures(clocktesting.NewFakePassiveClock(c.at))
			f.refresh(t.Context(), n, &ledger{figures: stats.Figures{Senders: used}}, true)
			read := scrape(t, f)
			if c.left == 0 {
				c.left = read["alumni_campaign_window_limit sender=Email window=Day"]
			}
			g.Expect(read).To(HaveKeyWithValue("alumni_campaign_window_left sender=Email window=Day", c.left))
		})
	}
}

func TestTheEndOfARunIsCountedSoonAndARestRarely(t *testing.T) {
	g := NewWithT(t)
	clock := clocktesting.NewFakePassiveClock(now)
	f, book := NewFigures(clock), &ledger{}
	g.Expect(f.refresh(t.Context(), mailing(), book, true)).To(BeZero())
	clock.SetTime(now.Add(time.Second))
	g.Expect(f.refresh(t.Context(), mailing(), book, true)).To(Equal(figuresHold-time.Second), "the run has just ended")
	clock.SetTime(now.Add(figuresHold))
	g.Expect(f.refresh(t.Context(), mailing(), book, false)).To(BeZero())
	g.Expect(book.counted).To(Equal(2), "its last numbers are read although all is at rest by then")
	for range 10 { // campaigns that are looked at, one after the other
		clock.SetTime(clock.Now().Add(restHold / 20))
		f.refresh(t.Context(), mailing(), book, false)
	}
	g.Expect(book.counted).To(Equal(2))
}

func TestNothingIsShownWithoutFigures(t *testing.T) {
	var f *Figures
	NewWithT(t).Expect(f.refresh(t.Context(), mailing(), &ledger{}, true)).To(BeZero())
}

func TestEveryAlertAsksForAMetricThatThereIs(t *testing.T) {
	g := NewWithT(t)
	rules, err := os.ReadFile("../../config/prometheus/rules.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	described := make(chan *prometheus.Desc, 10)
	NewFigures(nil).Describe(described)
	close(described)
	there := "alumni_operator_rollout_networks"
	for d := range described {
		there += " " + d.String()
	}
	names := regexp.MustCompile(`alumni_[a-z_]+`).FindAllString(string(rules), -1)
	g.Expect(names).NotTo(BeEmpty())
	for _, name := range names {
		g.Expect(there).To(ContainSubstring(name))
	}
}
