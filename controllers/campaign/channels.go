// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/content"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/resources/job"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// channelsOf says by which ways a run goes out; nothing for Email alone, which is what a worker takes it for.
func channelsOf(c *v1alpha1.Campaign) []settings.Channel {
	members, posts := c.MemberChannels(), c.Broadcasts()
	if len(posts) == 0 && slices.Equal(members, []v1alpha1.ChannelType{v1alpha1.ChannelEmail}) {
		return nil
	}
	var all []settings.Channel
	for _, m := range members {
		all = append(all, settings.Channel{Type: string(m)})
	}
	for _, p := range posts {
		all = append(all, settings.Channel{Type: string(p.Type), Destination: p.Destination, OnUnknown: string(p.OnUnknown)})
	}
	return all
}

// channelModeOf is how channels share the members; empty for all of them to everybody, which is what a worker takes it for.
func channelModeOf(c *v1alpha1.Campaign) string {
	if c.Spec.ChannelMode == v1alpha1.ChannelModeFirstReachable {
		return settings.FirstReachable
	}
	return ""
}

// trackingOf is what is learnt of mails; nil for nothing, which is what a worker takes it for.
func trackingOf(c *v1alpha1.Campaign) *settings.Tracking {
	var t settings.Tracking
	declared := c.EffectiveTracking()
	if declared.Clicks != v1alpha1.ClicksDisabled {
		t.Clicks = string(declared.Clicks)
	}
	if declared.Opens != v1alpha1.OpensDisabled {
		t.Opens = string(declared.Opens)
	}
	if t == (settings.Tracking{}) {
		return nil
	}
	return &t
}

// compileTexts tries every text as it will be sent and posted.
func compileTexts(n settings.Network, c settings.Campaign) error {
	if err := compileFirst(n, c); err != nil {
		return err
	}
	for _, name := range c.Variants() {
		if err := compileFirst(n, c.Variant(name)); err != nil {
			return fmt.Errorf("variant %s: %w", name, err)
		}
	}
	for i, step := range c.Steps {
		if _, err := content.Compile(n, c.Step(i+2)); err != nil {
			return fmt.Errorf("steps[%d] (%s): %w", i, step.Name, err)
		}
	}
	if len(c.Broadcasts()) == 0 {
		return nil
	}
	_, err := content.CompileBroadcast(n, c)
	return err
}

// compileFirst reads the text of the first message. One that asks must say where members answer; what follows need not, for it may thank.
func compileFirst(n settings.Network, c settings.Campaign) error {
	text, err := content.Compile(n, c)
	if err != nil || c.Survey == nil {
		return err
	}
	if without := text.LacksSurvey(); len(without) > 0 {
		return fmt.Errorf("the body in %s has no {{ .Links.Survey }}, so that nobody could answer the survey", strings.Join(without, " and "))
	}
	return nil
}

// checkSenders makes sure that the network has every sender that the campaign needs.
func checkSenders(s *scope) error {
	n, posts := s.network, s.campaign.Broadcasts()
	mails := s.campaign.Uses(v1alpha1.ChannelEmail)
	if mails && n.Email() == nil {
		return outcome.Wait(outcome.Resync, v1alpha1.ReasonNoSenderConfigured, "AlumniNetwork %s has no channels.email", n.Name)
	}
	lines := s.campaign.Uses(v1alpha1.ChannelLINE) && !n.IsTrial()
	if lines && n.LINE() == nil {
		return outcome.Wait(outcome.Resync, v1alpha1.ReasonNoSenderConfigured, "AlumniNetwork %s has no channels.line", n.Name)
	}
	for _, c := range posts {
		if find(n, c) == nil {
			i := slices.IndexFunc(s.campaign.Spec.Channels, func(d v1alpha1.CampaignChannel) bool { return d.Type == c.Type && d.Destination == c.Destination })
			return outcome.Wait(outcome.Resync, v1alpha1.ReasonDestinationNotFound, "spec.channels[%d].destination: AlumniNetwork %s declares no destination %q of type %s",
				i, n.Name, c.Destination, c.Type)
		}
	}
	switch {
	case mails && !n.MailReady():
		return outcome.Wait(outcome.Resync, v1alpha1.ReasonNetworkNotReady, "the e-mail channel of AlumniNetwork %s is not ready", n.Name)
	case (lines || len(posts) > 0) && !conditions.IsTrue(n, v1alpha1.ChannelsReadyCondition):
		return outcome.Wait(outcome.Resync, v1alpha1.ReasonNetworkNotReady, "a channel of AlumniNetwork %s is not ready; its condition %s says which",
			n.Name, v1alpha1.ChannelsReadyCondition)
	}
	return nil
}

// find is what the network declares of a channel of the campaign; nil when it does not.
func find(n *v1alpha1.AlumniNetwork, c v1alpha1.CampaignChannel) *v1alpha1.NamedDestination {
	all := n.Destinations()
	i := slices.IndexFunc(all, func(d v1alpha1.NamedDestination) bool { return d.Channel == c.Type && d.Name == c.Destination })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// open gives a run's job what opens its senders. A trial is told of none.
func (r *Reconciler) open(s *scope, in *job.CampaignInput) {
	if s.campaign.Uses(v1alpha1.ChannelEmail) {
		e := s.network.Email()
		if ref := e.CredentialsSecretRef; ref != nil {
			in.EmailSecret = ref.Name
		}
		if e.DKIM != nil {
			in.DKIMSecret = e.DKIM.SecretRef.Name
		}
	}
	if s.network.IsTrial() {
		return
	}
	if l := s.network.LINE(); l != nil && s.campaign.Uses(v1alpha1.ChannelLINE) {
		in.LINESecret = l.SecretRef.Name
	}
	for _, c := range s.campaign.Broadcasts() {
		if d := find(s.network, c); d != nil {
			in.Destinations = append(in.Destinations, job.Destination{Channel: string(c.Type), Name: c.Destination, Secret: d.SecretRef.Name})
		}
	}
	in.EgressAllow = r.EgressAllow
}
