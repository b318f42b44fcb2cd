// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/audience"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	texts "github.com/alumni-operator/alumni-operator/internal/resources/campaign"
	"github.com/alumni-operator/alumni-operator/internal/resources/network"
	"github.com/alumni-operator/alumni-operator/internal/runs"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// scope is what the steps of one reconcile know. Each field is set by the step named beside it.
type scope struct {
	campaign *v1alpha1.Campaign
	now      time.Time
	jobs     []batchv1.Job           // rest what is suspended
	network  *v1alpha1.AlumniNetwork // rest what is suspended; nil when there is none
	settings settings.Campaign       // read the texts
	awaits   string                  // find whom it leaves out, check the approval: what a run waits for; empty when it may start
	runs     []stats.CampaignRun     // read the runs; newest first
	busy     bool                    // keep the schedule: a run is being sent, or rests
	wake     time.Duration           // look again after this, when it is not zero
}

// suspended says whether the campaign or its network rests.
func (s *scope) suspended() bool {
	return s.campaign.Spec.State.Suspended() || (s.network != nil && s.network.Spec.State.Suspended())
}

// wakeWithin has the campaign looked at again after a while, if not before.
func (s *scope) wakeWithin(d time.Duration) {
	if s.wake == 0 || s.wake > d {
		s.wake = d
	}
}

// restRuns stops the runs of a campaign that is suspended, or whose network is suspended or gone. It comes before every
// other step: whoever stops a campaign because of a mistake in it must not have to mend the mistake first.
func (r *Reconciler) restRuns(ctx context.Context, s *scope) error {
	runner := runs.Runner{Client: r.Client, Live: r.Live}
	jobs, err := runner.Jobs(ctx, s.campaign, labels.Campaign)
	if err != nil {
		return err
	}
	s.jobs = jobs
	name, network := s.campaign.Spec.NetworkRef.Name, &v1alpha1.AlumniNetwork{}
	err = r.Client.Get(ctx, client.ObjectKey{Namespace: s.campaign.Namespace, Name: name}, network)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return fmt.Errorf("read AlumniNetwork %s/%s: %w", s.campaign.Namespace, name, err)
	case err == nil && network.DeletionTimestamp.IsZero():
		s.network = network
	}
	if s.network == nil || s.suspended() {
		return runner.Rest(ctx, jobs, true)
	}
	return nil
}

// readTexts resolves every body into the settings that the worker will read.
func (r *Reconciler) readTexts(ctx context.Context, s *scope) error {
	c, delivery := s.campaign, s.campaign.EffectiveDelivery()
	s.settings = settings.Campaign{
		UID: string(c.UID), Name: c.Name, Generation: c.Generation, Type: string(c.Spec.Type),
		MaxRecipients: int(delivery.MaxRecipients), RetryDeadlineSeconds: int(delivery.RetryDeadlineSeconds),
		OnUnknown: string(delivery.OnUnknown), Channels: channelsOf(c), ChannelMode: channelModeOf(c), Tracking: trackingOf(c), ABTest: texts.BuildTest(c),
		Event: texts.BuildEvent(c), Survey: texts.BuildSurvey(c),
	}
	if delivery.MaxPerSecond != nil {
		s.settings.MaxPerSecond = int(*delivery.MaxPerSecond)
	}
	if delivery.QuietHours == v1alpha1.QuietHoursSkip {
		s.settings.QuietHours = settings.QuietSkip
	}
	if p := delivery.PauseOn; p != nil {
		s.settings.PauseOn = &settings.PauseOn{FailedPercent: int(p.FailedPercent), BouncedPercent: int(p.BouncedPercent),
			ComplaintsPerMille: int(p.ComplaintsPerMille)}
	}
	if t := c.Spec.Schedule.Trigger; t != nil {
		s.settings.Trigger = &settings.Trigger{Event: string(t.Event), After: string(t.After)}
	}
	if c.Spec.Audience != nil {
		if c.Spec.Audience.Employees != v1alpha1.EmployeesExclude {
			s.settings.Employees = string(c.Spec.Audience.Employees)
		}
		s.settings.MatchExpressions = texts.BuildExpressions(c.Spec.Audience.MatchExpressions)
		for _, e := range c.Spec.Audience.Exclude {
			s.settings.Exclude = append(s.settings.Exclude, settings.Exclusion{Campaign: e.CampaignRef.Name, WithinDays: int(e.WithinDays)})
		}
	}
	if len(c.Spec.Steps) > 0 || c.Spec.Survey != nil {
		s.settings.FirstAt = c.Once()
	}
	var err error
	s.settings.Locales, s.settings.Steps, err = texts.BuildTexts(c, func(ref v1alpha1.ConfigMapKeyReference) (string, error) {
		return r.bodyFrom(ctx, c.Namespace, ref)
	})
	return err
}

func (r *Reconciler) bodyFrom(ctx context.Context, namespace string, ref v1alpha1.ConfigMapKeyReference) (string, error) {
	object := &corev1.ConfigMap{}
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: ref.Name}, object)
	if apierrors.IsNotFound(err) {
		return "", outcome.Wait(outcome.Resync, v1alpha1.ReasonConfigMapNotFound, "ConfigMap %s does not exist", ref.Name)
	}
	if err != nil {
		return "", fmt.Errorf("read ConfigMap %s/%s: %w", namespace, ref.Name, err)
	}
	body, found := object.Data[ref.Key]
	if !found {
		return "", outcome.Wait(outcome.Resync, v1alpha1.ReasonConfigMapInvalid, "ConfigMap %s has no key %s", ref.Name, ref.Key)
	}
	return body, nil
}

// findNetwork waits until there is a network and its store can be used.
func (r *Reconciler) findNetwork(_ context.Context, s *scope) error {
	name := s.campaign.Spec.NetworkRef.Name
	if s.network == nil {
		return outcome.Wait(outcome.Resync, v1alpha1.ReasonNetworkNotFound, "AlumniNetwork %s does not exist in this namespace", name)
	}
	if !conditions.IsTrue(s.network, v1alpha1.SchemaReadyCondition) {
		return outcome.Wait(outcome.Resync, v1alpha1.ReasonNetworkNotReady, "the store of AlumniNetwork %s cannot be used yet", name)
	}
	return nil
}

// checkTexts compiles every text, so that a mistake shows when the campaign is applied and not when it is sent.
func (r *Reconciler) checkTexts(_ context.Context, s *scope) error {
	if err := compileTexts(network.BuildSettings(s.network), s.settings); err != nil {
		return outcome.Stop(v1alpha1.ReasonTemplateInvalid, "%v", err)
	}
	conditions.True(s.campaign, v1alpha1.ContentValidCondition, v1alpha1.ReasonContentValid, "Every text can be rendered")
	return nil
}

// checkAudience reads the expressions and makes sure that somebody can send.
func (r *Reconciler) checkAudience(_ context.Context, s *scope) error {
	if err := audience.Validate(s.settings); err != nil {
		return outcome.Stop(v1alpha1.ReasonAudienceInvalid, "spec.audience: %v", err)
	}
	if err := checkSenders(s); err != nil {
		return err
	}
	conditions.True(s.campaign, v1alpha1.AudienceResolvedCondition, v1alpha1.ReasonAudienceValid, "Who matches is decided when a run starts")
	return nil
}

// checkHolidays has no run start while the network's holidays are not known: somebody would be written to on one. A run under way goes on
// with those that were known when it began.
func (r *Reconciler) checkHolidays(_ context.Context, s *scope) error {
	if s.network.HolidaysFrom() == nil || len(s.campaign.MemberChannels()) == 0 || conditions.IsTrue(s.network, v1alpha1.HolidaysReadyCondition) {
		return nil
	}
	s.awaits = "the holidays of its network"
	return outcome.Wait(outcome.Resync, v1alpha1.ReasonNetworkNotReady,
		"the holidays of AlumniNetwork %s are not known; its condition %s says why", s.network.Name, v1alpha1.HolidaysReadyCondition)
}

// checkExcluded looks for the campaigns whose recipients are to be left out: by a name that is misspelt nobody would be. No run
// starts without them; one under way goes on.
func (r *Reconciler) checkExcluded(ctx context.Context, s *scope) error {
	for i, x := range s.settings.Exclude {
		other := &v1alpha1.Campaign{}
		err := r.Client.Get(ctx, client.ObjectKey{Namespace: s.campaign.Namespace, Name: x.Campaign}, other)
		switch {
		case client.IgnoreNotFound(err) != nil:
			return fmt.Errorf("read Campaign %s/%s: %w", s.campaign.Namespace, x.Campaign, err)
		case err != nil:
			s.awaits = "the campaign whose recipients it leaves out"
			return outcome.Wait(outcome.Resync, v1alpha1.ReasonExcludedNotFound,
				"spec.audience.exclude[%d].campaignRef.name: Campaign %q does not exist in this namespace, so nobody would be left out", i, x.Campaign)
		case other.Spec.NetworkRef.Name != s.network.Name:
			s.awaits = "the campaign whose recipients it leaves out"
			return outcome.Wait(outcome.Resync, v1alpha1.ReasonExcludedNotFound,
				"spec.audience.exclude[%d].campaignRef.name: Campaign %q writes to AlumniNetwork %q, of which nothing is known here", i, x.Campaign, other.Spec.NetworkRef.Name)
		}
	}
	return nil
}
