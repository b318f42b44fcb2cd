// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

func TestACampaignWhoseRecipientsAreLeftOutMustExistForTheSameNetwork(t *testing.T) {
	a := newApprover(t)
	other := a.declare(time.Now().Add(time.Hour), v1alpha1.LocalisedContent{Body: "本文"})
	s := &scope{campaign: &v1alpha1.Campaign{ObjectMeta: metav1.ObjectMeta{Namespace: a.namespace, Name: "event"}},
		network: &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Name: "alumni"}}}
	check := func(names ...string) error {
		s.settings.Exclude = nil
		for _, name := range names {
			s.settings.Exclude = append(s.settings.Exclude, settings.Exclusion{Campaign: name})
		}
		return a.r.checkExcluded(t.Context(), s)
	}

	a.g.Expect(check()).To(Succeed())
	a.g.Expect(check(other.Name)).To(Succeed())
	a.g.Expect(s.awaits).To(BeEmpty())
	err := check(other.Name, "leter")
	a.g.Expect(outcome.IsWaiting(err)).To(BeTrue(), "it may be declared later")
	a.g.Expect(err).To(MatchError(And(ContainSubstring("exclude[1].campaignRef.name"), ContainSubstring(`"leter" does not exist`))))
	a.g.Expect(s.awaits).To(ContainSubstring("leaves out"), "no run starts meanwhile")
	s.network.Name = "another"
	a.g.Expect(check(other.Name)).To(MatchError(ContainSubstring(`writes to AlumniNetwork "alumni"`)))
}

func TestACampaignIsLookedAtWhenTheOneWhoseRecipientsItLeavesOutComes(t *testing.T) {
	a := newApprover(t)
	c := a.declare(time.Now().Add(time.Hour), v1alpha1.LocalisedContent{Body: "本文"})
	event := &v1alpha1.Campaign{ObjectMeta: metav1.ObjectMeta{Namespace: a.namespace, Name: "event"}}
	a.g.Expect(a.r.campaignsThatExclude(t.Context(), event)).To(BeEmpty())
	c.Spec.Audience = &v1alpha1.Audience{Exclude: []v1alpha1.AudienceExclusion{{CampaignRef: v1alpha1.CampaignReference{Name: "event"}}}}
	a.g.Expect(a.env.Client.Update(t.Context(), c)).To(Succeed())
	requests := a.r.campaignsThatExclude(t.Context(), event)
	a.g.Expect(requests).To(HaveLen(1))
	a.g.Expect(requests[0].Name).To(Equal("letter"))
}
