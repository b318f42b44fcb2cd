// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
)

func TestNoRunStartsWhileTheHolidaysAreNotKnown(t *testing.T) {
	declared := &v1alpha1.QuietHours{From: "21:00", Until: "08:00", HolidaysFrom: &v1alpha1.ConfigMapKeyReference{Name: "holidays", Key: "jp"}}
	for name, c := range map[string]struct {
		hours    *v1alpha1.QuietHours
		known    bool
		channels []v1alpha1.CampaignChannel
		waits    bool
	}{
		"they are declared and were not read": {hours: declared, waits: true},
		"they were read":                      {hours: declared, known: true},
		"none are declared":                   {hours: &v1alpha1.QuietHours{From: "21:00", Until: "08:00"}},
		"there are no quiet hours":            {},
		"the campaign writes to no member":    {hours: declared, channels: []v1alpha1.CampaignChannel{{Type: v1alpha1.ChannelSlack, Destination: "news"}}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := &scope{network: &v1alpha1.AlumniNetwork{Spec: v1alpha1.AlumniNetworkSpec{QuietHours: c.hours}},
				campaign: &v1alpha1.Campaign{Spec: v1alpha1.CampaignSpec{Channels: c.channels}}}
			s.network.Name = "alumni"
			if c.known {
				conditions.True(s.network, v1alpha1.HolidaysReadyCondition, v1alpha1.ReasonHolidaysRead, "")
			}
			err := (&Reconciler{}).checkHolidays(t.Context(), s)
			if !c.waits {
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(s.awaits).To(BeEmpty())
				return
			}
			g.Expect(err).To(MatchError(ContainSubstring("the holidays of AlumniNetwork alumni are not known; its condition HolidaysReady says why")))
			g.Expect(s.awaits).To(Equal("the holidays of its network"))
		})
	}
}
