// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	texts "github.com/alumni-operator/alumni-operator/internal/resources/campaign"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/stats"
	"github.com/alumni-operator/alumni-operator/internal/survey"
)

// poster is a network that may post to a channel of Slack and to a server.
func poster() *v1alpha1.AlumniNetwork {
	n := &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Name: "alumni"}}
	n.Spec.Channels = &v1alpha1.Channels{
		Email:   &v1alpha1.EmailChannel{Host: "smtp.hoshino.example"},
		Slack:   []v1alpha1.Destination{{Name: "news", SecretRef: v1alpha1.SecretReference{Name: "alumni-slack"}}},
		Webhook: []v1alpha1.Destination{{Name: "intranet", SecretRef: v1alpha1.SecretReference{Name: "alumni-hook"}}},
	}
	conditions.True(n, v1alpha1.ChannelsReadyCondition, v1alpha1.ReasonConfigured, "")
	return n
}

var (
	byMail    = v1alpha1.CampaignChannel{Type: v1alpha1.ChannelEmail}
	toSlack   = v1alpha1.CampaignChannel{Type: v1alpha1.ChannelSlack, Destination: "news"}
	toWebhook = v1alpha1.CampaignChannel{Type: v1alpha1.ChannelWebhook, Destination: "intranet", OnUnknown: v1alpha1.OnUnknownResend}
)

func TestACampaignNeedsTheSendersThatItNamesAndNoOther(t *testing.T) {
	lacks := func(reason string) func(*v1alpha1.AlumniNetwork) {
		return func(n *v1alpha1.AlumniNetwork) { conditions.False(n, v1alpha1.ChannelsReadyCondition, reason, "x") }
	}
	noMail := func(n *v1alpha1.AlumniNetwork) { n.Spec.Channels.Email = nil }
	for name, c := range map[string]struct {
		channels []v1alpha1.CampaignChannel
		edit     func(*v1alpha1.AlumniNetwork)
		reason   string
		words    string
	}{
		"mail, when nothing is said":       {nil, nil, "", ""},
		"mail and posts":                   {[]v1alpha1.CampaignChannel{byMail, toSlack, toWebhook}, nil, "", ""},
		"mail without a mail server":       {nil, noMail, v1alpha1.ReasonNoSenderConfigured, "channels.email"},
		"posts without a mail server":      {[]v1alpha1.CampaignChannel{toSlack}, noMail, "", ""},
		"a name that is misspelt":          {[]v1alpha1.CampaignChannel{byMail, {Type: v1alpha1.ChannelSlack, Destination: "nwes"}}, nil, v1alpha1.ReasonDestinationNotFound, `spec.channels[1].destination: AlumniNetwork alumni declares no destination "nwes" of type Slack`},
		"a name of another channel":        {[]v1alpha1.CampaignChannel{{Type: v1alpha1.ChannelTeams, Destination: "news"}}, nil, v1alpha1.ReasonDestinationNotFound, `"news" of type Teams`},
		"a network without any channel":    {[]v1alpha1.CampaignChannel{toSlack}, func(n *v1alpha1.AlumniNetwork) { n.Spec.Channels = nil }, v1alpha1.ReasonDestinationNotFound, "news"},
		"mail beside a bad destination":    {nil, lacks(v1alpha1.ReasonDestinationRefused), "", ""},
		"mail beside a missing Secret":     {nil, lacks(v1alpha1.ReasonDestinationSecretNotFound), "", ""},
		"mail whose own Secret is missing": {nil, lacks(v1alpha1.ReasonSecretNotFound), v1alpha1.ReasonNetworkNotReady, "e-mail channel"},
		"posts with a bad destination":     {[]v1alpha1.CampaignChannel{toSlack}, lacks(v1alpha1.ReasonDestinationRefused), v1alpha1.ReasonNetworkNotReady, "ChannelsReady"},
		"a network that was not looked at": {nil, func(n *v1alpha1.AlumniNetwork) { n.Status.Conditions = nil }, v1alpha1.ReasonNetworkNotReady, "not ready"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := &scope{campaign: &v1alpha1.Campaign{Spec: v1alpha1.CampaignSpec{Channels: c.channels}}, network: poster()}
			if c.edit != nil {
				c.edit(s.network)
			}
			err := (&Reconciler{}).checkAudience(t.Context(), s)
			if c.reason == "" {
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(conditions.Get(s.campaign, v1alpha1.AudienceResolvedCondition).Reason).To(Equal(v1alpha1.ReasonAudienceValid))
				return
			}
			reason, message := outcome.Describe(err, "")
			g.Expect(outcome.IsWaiting(err)).To(BeTrue(), "it may be declared later")
			g.Expect(reason).To(Equal(c.reason))
			g.Expect(message).To(ContainSubstring(c.words))
		})
	}
}

func TestATextThatOnlyAMailCanSayIsRefusedWhenItIsToBePosted(t *testing.T) {
	g := NewWithT(t)
	text := v1alpha1.LocalisedContent{Locale: "ja", Subject: "たより", Body: "a\n{{ .Member.FamilyName }}さん"}
	s := &scope{campaign: &v1alpha1.Campaign{}, network: poster()}
	check := func(text v1alpha1.LocalisedContent, channels ...v1alpha1.CampaignChannel) error {
		s.campaign.Spec = v1alpha1.CampaignSpec{Type: v1alpha1.CampaignNewsletter, Channels: channels, Content: v1alpha1.Content{Locales: []v1alpha1.LocalisedContent{text}}}
		g.Expect((&Reconciler{}).readTexts(t.Context(), s)).To(Succeed())
		return (&Reconciler{}).checkTexts(t.Context(), s)
	}
	g.Expect(check(text)).To(Succeed())
	g.Expect(check(text, byMail)).To(Succeed())
	g.Expect(s.settings.Channels).To(BeEmpty(), "a worker of an earlier version knows mail alone")
	err := check(text, byMail, toSlack)
	g.Expect(outcome.IsTerminal(err)).To(BeTrue())
	reason, message := outcome.Describe(err, "")
	g.Expect(reason).To(Equal(v1alpha1.ReasonTemplateInvalid))
	g.Expect(message).To(ContainSubstring("ja body, line 2: field .Member.FamilyName"))
	text.Broadcast = &v1alpha1.BroadcastText{Body: "みなさん"}
	g.Expect(check(text, byMail, toSlack, toWebhook)).To(Succeed())
	g.Expect(s.settings.Locales[0].Broadcast.Body).To(Equal("みなさん"))
	g.Expect(s.settings.Channels).To(Equal([]settings.Channel{{Type: "Email"}, {Type: "Slack", Destination: "news", OnUnknown: "Hold"},
		{Type: "Webhook", Destination: "intranet", OnUnknown: "Resend"}}))
}

func TestAJobIsGivenTheDestinationsOfItsRunAndNoOther(t *testing.T) {
	a := newApprover(t)
	a.r.EgressAllow = "10.20.0.0/16"
	due := time.Now().Truncate(time.Minute)
	c := a.declare(due, v1alpha1.LocalisedContent{Body: "本文"})
	c.Spec.Approval, c.Spec.Channels = v1alpha1.ApprovalNotRequired, []v1alpha1.CampaignChannel{toSlack}
	s := a.scope(c, due.Add(time.Second))
	s.network = poster()
	s.network.Spec.Channels.Email = nil
	a.g.Expect(a.r.keepSchedule(t.Context(), s)).To(Succeed())
	pod := a.jobs()[0].Spec.Template.Spec
	var secrets []string
	for _, v := range pod.Volumes {
		if v.Secret != nil {
			secrets = append(secrets, v.Secret.SecretName)
		}
	}
	a.g.Expect(secrets).To(ConsistOf("alumni-token-key", "alumni-slack"))
	a.g.Expect(pod.Containers[0].Env).To(ContainElement(corev1.EnvVar{Name: settings.EnvEgressAllow, Value: "10.20.0.0/16"}))
}

func TestATrialsJobIsToldOfNoDestination(t *testing.T) {
	a := newApprover(t)
	due := time.Now().Truncate(time.Minute)
	c := a.declare(due, v1alpha1.LocalisedContent{Body: "本文"})
	c.Spec.Channels = []v1alpha1.CampaignChannel{byMail, toSlack}
	s := a.scope(c, due.Add(time.Second))
	s.network = poster()
	s.network.Spec.Trial = v1alpha1.TrialEnabled
	a.g.Expect(s.network.SecretNames()).To(BeEmpty())
	a.g.Expect(a.r.keepSchedule(t.Context(), s)).To(Succeed())
	for _, v := range a.jobs()[0].Spec.Template.Spec.Volumes {
		a.g.Expect(v.Name).NotTo(HavePrefix("slack"))
	}
}

func TestStatusTellsWhatBecameOfEachPost(t *testing.T) {
	g := NewWithT(t)
	shown := runStatus(stats.CampaignRun{RunName: "news-1", Audience: 3, Sent: 2, Posts: []stats.Post{
		{Channel: "Slack", Destination: "news", State: "Sent"}, {Channel: "Webhook", Destination: "intranet", State: "Unknown", Reason: "NoAnswer"}}})
	g.Expect(shown.Posts).To(Equal([]v1alpha1.PostStatus{{Channel: v1alpha1.ChannelSlack, Destination: "news", State: v1alpha1.PostSent},
		{Channel: v1alpha1.ChannelWebhook, Destination: "intranet", State: v1alpha1.PostUnknown, Reason: "NoAnswer"}}))
	g.Expect(runText(shown)).To(Equal("Run news-1: 2 of 3 sent, 1 of 2 posted"))
	shown.Posts = nil
	g.Expect(runText(shown)).To(Equal("Run news-1: 2 of 3 sent"))
}

func TestAWorkerIsToldOfTrackingOnlyWhereThereIsSome(t *testing.T) {
	g := NewWithT(t)
	told := func(declared *v1alpha1.Tracking) *settings.Tracking {
		return trackingOf(&v1alpha1.Campaign{Spec: v1alpha1.CampaignSpec{Tracking: declared}})
	}
	g.Expect(told(nil)).To(BeNil(), "a worker of the version before knows of none")
	g.Expect(told(&v1alpha1.Tracking{Clicks: v1alpha1.ClicksDisabled, Opens: v1alpha1.OpensDisabled})).To(BeNil())
	g.Expect(told(&v1alpha1.Tracking{Clicks: v1alpha1.ClicksAggregate})).To(Equal(&settings.Tracking{Clicks: "Aggregate"}))
	g.Expect(told(&v1alpha1.Tracking{Opens: v1alpha1.OpensConsented})).To(Equal(&settings.Tracking{Opens: "Consented"}))
}

func TestEveryVariantOfATextIsTriedAndToldToTheWorker(t *testing.T) {
	g := NewWithT(t)
	c := &v1alpha1.Campaign{}
	c.Spec.Content = v1alpha1.Content{ABTest: &v1alpha1.ABTest{}, Locales: []v1alpha1.LocalisedContent{{Locale: "en", Subject: "s", Body: "b",
		Variants: []v1alpha1.TextVariant{{Name: "b", Body: "{{ .Member.Salary }}"}, {Name: "a", Subject: "A"}}}}}
	g.Expect(texts.BuildTest(c)).To(Equal(&settings.ABTest{TestPercent: 20, AfterSeconds: 4 * 3600}), "the defaults")
	g.Expect(texts.BuildTest(&v1alpha1.Campaign{})).To(BeNil(), "a worker of the version before knows of none")

	locales, _, err := texts.BuildTexts(c, nil)
	g.Expect(err).NotTo(HaveOccurred())
	told := settings.Campaign{Type: "Newsletter", ABTest: texts.BuildTest(c), Locales: locales}
	g.Expect(told.Variants()).To(Equal([]string{"a", "b"}))
	g.Expect(told.Variant("a").Locales[0].Subject).To(Equal("A"))
	g.Expect(told.Variant("a").Locales[0].Body).To(Equal("b"), "what a variant leaves out is as without it")
	g.Expect(compileTexts(settings.Network{DefaultLocale: "en"}, told)).To(MatchError(And(ContainSubstring("variant b"), ContainSubstring("Member.Salary"))))
}

func TestASurveyThatNoTextLeadsToIsRefused(t *testing.T) {
	g := NewWithT(t)
	text := func(body string) []settings.LocalisedContent {
		return []settings.LocalisedContent{{Locale: "ja", Subject: "s", Body: "[回答]({{ .Links.Survey }})"}, {Locale: "en", Subject: "s", Body: body}}
	}
	asks := settings.Campaign{Type: "Survey", Survey: &survey.Definition{}, Locales: text("Answer, please."),
		Steps: []settings.Step{{Name: "thanks", Locales: text("Thank you.")}}}
	network := settings.Network{DefaultLocale: "en"}
	g.Expect(compileTexts(network, asks)).To(MatchError("the body in en has no {{ .Links.Survey }}, so that nobody could answer the survey"))
	asks.Locales = text("[Answer]({{ .Links.Survey }})")
	g.Expect(compileTexts(network, asks)).To(Succeed(), "a step may say thanks")
	asks.Survey, asks.Steps, asks.Locales = nil, nil, text("Answer at https://forms.example")[1:]
	g.Expect(compileTexts(network, asks)).To(Succeed(), "of somebody else's tool nothing is known")
}

func TestARunShowsItsTest(t *testing.T) {
	shown := runStatus(stats.CampaignRun{Test: &stats.Test{Until: now, Winner: "b", Variants: []stats.Variant{{Name: "a", Sent: 5, Clicked: 1}}}})
	NewWithT(t).Expect(shown.ABTest).To(Equal(&v1alpha1.ABTestStatus{DecidesAt: &metav1.Time{Time: now}, Winner: "b",
		Variants: []v1alpha1.VariantCount{{Name: "a", Sent: 5, Clicked: 1}}}))
}
