// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"encoding/json"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// resender looks at a campaign whose runs are known, as a reconcile does after it has kept the schedule.
type resender struct {
	*approver
	campaign *v1alpha1.Campaign
	due      time.Time
}

func newResender(t *testing.T) *resender {
	a := newApprover(t)
	due := time.Now().Truncate(time.Minute).Add(-time.Hour)
	c := a.declare(due, v1alpha1.LocalisedContent{Body: "本文"})
	a.approve(c, "1")
	return &resender{approver: a, campaign: c, due: due}
}

// said is what the condition Resent says after a look.
func (r *resender) said(change func(*scope), runs ...stats.CampaignRun) string {
	s := r.scope(r.campaign, time.Now())
	s.jobs, s.runs = r.jobs(), runs
	r.campaign.Status.Runs = nil
	for _, run := range runs {
		r.campaign.Status.Runs = append(r.campaign.Status.Runs, runStatus(run))
	}
	if change != nil {
		change(s)
	}
	r.g.Expect(r.r.resend(r.t.Context(), s)).To(Succeed())
	condition := conditions.Get(r.campaign, v1alpha1.ResentCondition)
	if condition == nil {
		return ""
	}
	return string(condition.Status) + " " + condition.Reason + ": " + condition.Message
}

func TestARunIsSentAgainOnceWhenSomebodyWishesIt(t *testing.T) {
	r := newResender(t)
	name := naming.Run(r.campaign.Name, r.due)
	parent := stats.CampaignRun{RunName: name, State: "Finished", ScheduledAt: r.due, Audience: 9, Sent: 6, Failed: 2, InDoubt: 1}
	r.g.Expect(r.said(nil, parent)).To(BeEmpty(), "nobody wishes it")

	r.annotate(r.campaign, resendAnnotation, name)
	r.g.Expect(r.said(nil, parent)).To(Equal("False Resending: Run " + name + " is sent again as " + name + "-r1"))
	jobs := r.jobs()
	r.g.Expect(jobs).To(HaveLen(1))
	r.g.Expect(jobs[0].Name).To(Equal(name + "-r1"))
	var told settings.Campaign
	object := &corev1.ConfigMap{}
	r.g.Expect(r.r.Client.Get(t.Context(), client.ObjectKey{Namespace: r.namespace, Name: name + "-r1"}, object)).To(Succeed())
	r.g.Expect(json.Unmarshal([]byte(object.Data[settings.CampaignFile]), &told)).To(Succeed())
	r.g.Expect(told.ResendOf).To(Equal(name))

	r.g.Expect(r.said(nil, parent)).To(HavePrefix("False Resending"))
	r.g.Expect(r.jobs()).To(HaveLen(1), "it is done once")

	child := stats.CampaignRun{RunName: name + "-r1", ResendOf: name, State: "Sending", ScheduledAt: r.due, Audience: 3}
	r.g.Expect(r.said(nil, child, parent)).To(HavePrefix("False Resending"))
	child.State, child.Sent = "Finished", 2
	r.g.Expect(r.said(nil, child, parent)).To(Equal("True Resent: Run " + name + " was sent again. Run " + name + "-r1: 2 of 3 sent"))
	r.g.Expect(r.campaign.Status.Runs[0].ResendOf).To(Equal(name))
}

func TestWhatCannotBeSentAgainSaysWhy(t *testing.T) {
	r := newResender(t)
	name := naming.Run(r.campaign.Name, r.due)
	failed := func(state string) stats.CampaignRun {
		return stats.CampaignRun{RunName: name, State: state, ScheduledAt: r.due, Audience: 9, Failed: 2}
	}
	r.annotate(r.campaign, resendAnnotation, name)
	r.g.Expect(r.said(nil)).To(HavePrefix("False RunNotFound: Annotation alumni-operator.io/resend-run says"))
	r.g.Expect(r.said(nil, failed("Sending"))).To(HavePrefix("False RunNotFinished: "))
	r.g.Expect(r.said(nil, failed("Paused"))).To(HavePrefix("False RunNotFinished: "))
	r.g.Expect(r.said(nil, stats.CampaignRun{RunName: name, State: "Finished", Audience: 9, Sent: 7, Bounced: 2})).To(
		Equal("False NothingToResend: No message of run " + name + " failed or is in doubt, but for the 2 to addresses that do not exist"))
	r.g.Expect(r.said(func(s *scope) { s.awaits = "its approval" }, failed("Finished"))).To(HavePrefix("False AwaitingApproval: "))
	r.g.Expect(r.said(func(s *scope) {
		s.campaign.Spec.Survey = &v1alpha1.Survey{}
		s.campaign.Status.Survey = &v1alpha1.SurveyStatus{ClosesAt: &metav1.Time{Time: s.now}}
	}, failed("Finished"))).To(HavePrefix("False SurveyClosed: "))
	r.campaign.Spec.Survey = nil
	r.g.Expect(r.said(func(s *scope) { s.busy = true }, failed("Finished"))).To(HavePrefix("False Resending: "))
	r.g.Expect(r.jobs()).To(BeEmpty())
}

func TestARunThatSendsAnotherAgainIsTakenUpAsThat(t *testing.T) {
	g := NewWithT(t)
	s := &scope{settings: settings.Campaign{Name: "news", ABTest: &settings.ABTest{}, Channels: []settings.Channel{{Type: "Slack"}},
		Exclude: []settings.Exclusion{{Campaign: "news"}},
		Locales: []settings.LocalisedContent{{Subject: "一", Variants: []settings.Variant{{Name: "b", Subject: "二"}}}}},
		runs: []stats.CampaignRun{{RunName: "news-1", Test: &stats.Test{Winner: "b"}}}}
	again := s.again(stats.CampaignRun{RunName: "news-1-r1", ResendOf: "news-1"})
	g.Expect(again.name).To(Equal("news-1-r1"))
	g.Expect(again.settings.ResendOf).To(Equal("news-1"))
	g.Expect(again.settings.Locales[0].Subject).To(Equal("二"), "with the text that won")
	g.Expect(again.settings.ABTest).To(BeNil())
	g.Expect(again.settings.Channels).To(BeEmpty(), "nothing is posted a second time")
	g.Expect(again.settings.Exclude).To(BeEmpty())
	g.Expect(s.again(stats.CampaignRun{RunName: "news-1"}).settings).To(Equal(s.settings))
}

func TestARunIsSentAgainToMembersByTheChannelsOfItsCampaign(t *testing.T) {
	for name, c := range map[string]struct{ declared, again []settings.Channel }{
		"by mail":                        {nil, nil},
		"by mail, and posted":            {[]settings.Channel{{Type: "Email"}, {Type: "Slack"}}, nil},
		"by several, and posted":         {[]settings.Channel{{Type: "LINE"}, {Type: "Slack"}, {Type: "Portal"}}, []settings.Channel{{Type: "LINE"}, {Type: "Portal"}}},
		"by LINE, and by mail otherwise": {[]settings.Channel{{Type: "LINE"}, {Type: "Email"}}, []settings.Channel{{Type: "LINE"}, {Type: "Email"}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scope{settings: settings.Campaign{Channels: c.declared, ChannelMode: settings.FirstReachable}}
			again := s.settingsAgain(stats.CampaignRun{RunName: "news-1"})
			NewWithT(t).Expect(again.Channels).To(Equal(c.again))
			NewWithT(t).Expect(again.ChannelMode).To(Equal(settings.FirstReachable))
		})
	}
}
