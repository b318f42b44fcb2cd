// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What a campaign gets where it declares nothing.
const (
	defaultMaxRecipients           = 50000
	defaultStartingDeadlineSeconds = 3600
	defaultRetryDeadlineSeconds    = 86400
	defaultPausePercent            = 5
	defaultComplaintsPerMille      = 3
	defaultTriggerTime             = ClockTime("09:00")
	defaultTestPercent             = 20
	defaultTestAfter               = "PT4H"
	defaultClosesAfter             = "P14D"
)

// CampaignConditions lists the component conditions that Ready sums up, in the order in which they are reached.
func CampaignConditions() []string {
	return []string{ContentValidCondition, AudienceResolvedCondition, ApprovedCondition, ScheduledCondition, LastRunSucceededCondition}
}

// GetConditions returns the conditions in status, for the helpers that work on every kind.
func (c *Campaign) GetConditions() []metav1.Condition { return c.Status.Conditions }

// SetConditions replaces the conditions in status.
func (c *Campaign) SetConditions(conditions []metav1.Condition) { c.Status.Conditions = conditions }

// SetObservedGeneration records the generation that status speaks of.
func (c *Campaign) SetObservedGeneration(generation int64) { c.Status.ObservedGeneration = generation }

// EffectiveDelivery is the delivery section with every default filled in.
func (c *Campaign) EffectiveDelivery() Delivery {
	var d Delivery
	if c.Spec.Delivery != nil {
		d = *c.Spec.Delivery
	}
	d.MaxRecipients = orDefault(d.MaxRecipients, defaultMaxRecipients)
	d.StartingDeadlineSeconds = orDefault(d.StartingDeadlineSeconds, defaultStartingDeadlineSeconds)
	d.RetryDeadlineSeconds = orDefault(d.RetryDeadlineSeconds, defaultRetryDeadlineSeconds)
	d.OnUnknown = orDefault(d.OnUnknown, OnUnknownResend)
	d.QuietHours = orDefault(d.QuietHours, QuietHoursDefer)
	if d.PauseOn != nil {
		p := *d.PauseOn
		p.FailedPercent, p.BouncedPercent = orDefault(p.FailedPercent, defaultPausePercent), orDefault(p.BouncedPercent, defaultPausePercent)
		p.ComplaintsPerMille = orDefault(p.ComplaintsPerMille, defaultComplaintsPerMille)
		d.PauseOn = &p
	}
	return d
}

// EffectiveCron is when runs are due, in the five fields of cron: once a day for a trigger. It is empty for a campaign that runs
// once.
func (c *Campaign) EffectiveCron() string {
	t := c.Spec.Schedule.Trigger
	if t == nil {
		return c.Spec.Schedule.Cron
	}
	hour, minute, _ := strings.Cut(string(orDefault(t.Time, defaultTriggerTime)), ":")
	return minute + " " + hour + " * * *"
}

// MemberChannels lists the channels by which members are written to, each one by one, in the order of the spec.
func (c *Campaign) MemberChannels() []ChannelType {
	if len(c.Spec.Channels) == 0 {
		return []ChannelType{ChannelEmail}
	}
	var all []ChannelType
	for _, each := range c.Spec.Channels {
		if each.Type.isOfMembers() {
			all = append(all, each.Type)
		}
	}
	return all
}

// isOfMembers tells a channel that reaches members one by one from one that gets a post.
func (t ChannelType) isOfMembers() bool {
	return t == ChannelEmail || t == ChannelLINE || t == ChannelPortal
}

// Uses says whether members are written to by a channel.
func (c *Campaign) Uses(t ChannelType) bool { return slices.Contains(c.MemberChannels(), t) }

// Broadcasts lists the channels that get one post for each run, with every default filled in.
func (c *Campaign) Broadcasts() []CampaignChannel {
	var all []CampaignChannel
	for _, each := range c.Spec.Channels {
		if !each.Type.isOfMembers() {
			each.OnUnknown = orDefault(each.OnUnknown, OnUnknownHold)
			all = append(all, each)
		}
	}
	return all
}

// EffectiveTracking is the tracking section with every default filled in.
func (c *Campaign) EffectiveTracking() Tracking {
	var t Tracking
	if c.Spec.Tracking != nil {
		t = *c.Spec.Tracking
	}
	t.Clicks, t.Opens = orDefault(t.Clicks, ClicksDisabled), orDefault(t.Opens, OpensDisabled)
	return t
}

// EffectiveABTest is the test with every default filled in, and how long most wait for its winner; nil without one.
func (c *Campaign) EffectiveABTest() (test *ABTest, wait time.Duration) {
	declared := c.Spec.Content.ABTest
	if declared == nil {
		return nil, 0
	}
	t := *declared
	t.TestPercent, t.Metric, t.After = orDefault(t.TestPercent, defaultTestPercent), orDefault(t.Metric, MetricClicks), orDefault(t.After, defaultTestAfter)
	if t.HoldOutPercent == nil {
		t.HoldOutPercent = new(int32)
	}
	hours, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(t.After, "PT"), "H"))
	return &t, time.Duration(hours) * time.Hour
}

// NeedsApproval says whether somebody must agree to each generation before it is sent.
func (c *Campaign) NeedsApproval() bool { return c.Spec.Approval == ApprovalRequired }

// Texts lists every text of the campaign, those of its steps too.
func (c *Campaign) Texts() []LocalisedContent {
	all := slices.Clone(c.Spec.Content.Locales)
	for _, step := range c.Spec.Steps {
		for _, t := range step.Content.Locales {
			all = append(all, t.Localised())
		}
	}
	return all
}

// Once is when a campaign begins that begins once: at, or so many days before its event. It is nil for another.
func (c *Campaign) Once() *time.Time {
	s := c.Spec.Schedule
	switch {
	case s.At != nil:
		return &s.At.Time
	case s.BeforeEvent == nil || c.Spec.Event == nil:
		return nil
	}
	zone := time.UTC
	if s.TimeZone != nil {
		if named, err := time.LoadLocation(string(*s.TimeZone)); err == nil {
			zone = named
		}
	}
	clock, err := time.Parse("15:04", string(orDefault(s.BeforeEvent.Time, defaultTriggerTime)))
	if err != nil {
		return nil // the API lets none pass
	}
	day := c.Spec.Event.StartsAt.In(zone).AddDate(0, 0, -daysOf(s.BeforeEvent.By))
	at := time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), 0, 0, zone)
	return &at
}

// Days is how long the step comes after the message before.
func (s CampaignStep) Days() int { return daysOf(s.After) }

// ClosesAfterDays is how many days members can answer.
func (s Survey) ClosesAfterDays() int { return daysOf(orDefault(s.ClosesAfter, defaultClosesAfter)) }

// daysOf is a period of days or weeks in days.
func daysOf(period string) int {
	n, _ := strconv.Atoi(strings.Trim(period, "PDW"))
	if strings.HasSuffix(period, "W") {
		n *= 7
	}
	return n
}

// ConfigMapNames lists the ConfigMaps that the texts are read from, sorted and without repeats.
func (c *Campaign) ConfigMapNames() []string {
	var names []string
	for _, l := range c.Texts() {
		if l.BodyFrom != nil {
			names = append(names, l.BodyFrom.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
