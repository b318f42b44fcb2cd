// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"time"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/survey"
)

// Read gives the body that stands in a ConfigMap.
type Read func(v1alpha1.ConfigMapKeyReference) (string, error)

// BuildTexts gives a worker every text of a campaign.
func BuildTexts(c *v1alpha1.Campaign, read Read) (locales []settings.LocalisedContent, steps []settings.Step, err error) {
	for _, l := range c.Spec.Content.Locales {
		text, err := buildText(l, read)
		if err != nil {
			return nil, nil, err
		}
		locales = append(locales, text)
	}
	for _, declared := range c.Spec.Steps {
		step := settings.Step{Name: declared.Name, AfterDays: declared.Days(), ExitWhen: BuildExpressions(declared.ExitWhen)}
		for _, t := range declared.Content.Locales {
			text, err := buildText(t.Localised(), read)
			if err != nil {
				return nil, nil, err
			}
			step.Locales = append(step.Locales, text)
		}
		steps = append(steps, step)
	}
	return locales, steps, nil
}

// BuildExpressions gives a worker the expressions of an audience.
func BuildExpressions(declared []v1alpha1.AudienceExpression) []settings.MatchExpression {
	var all []settings.MatchExpression
	for _, e := range declared {
		all = append(all, settings.MatchExpression{Field: string(e.Field), Operator: string(e.Operator), Values: e.Values})
	}
	return all
}

// buildText is the text of one language.
func buildText(l v1alpha1.LocalisedContent, read Read) (settings.LocalisedContent, error) {
	text := settings.LocalisedContent{Locale: string(l.Locale), Subject: l.Subject, Body: l.Body}
	if l.BodyFrom != nil {
		var err error
		if text.Body, err = read(*l.BodyFrom); err != nil {
			return text, err
		}
	}
	if b := l.Broadcast; b != nil {
		text.Broadcast = &settings.Broadcast{Subject: b.Subject, Body: b.Body}
	}
	for _, v := range l.Variants {
		text.Variants = append(text.Variants, settings.Variant{Name: v.Name, Subject: v.Subject, Body: v.Body})
	}
	return text, nil
}

// BuildEvent is what the mails of a campaign carry as a calendar file; nil for nothing, which is what a worker takes it for.
func BuildEvent(c *v1alpha1.Campaign) *settings.Event {
	declared := c.Spec.Event
	if declared == nil {
		return nil
	}
	e := &settings.Event{StartsAt: declared.StartsAt.UTC(), EndsAt: declared.EndsAt.UTC(), URL: declared.URL}
	for _, l := range declared.Locales {
		e.Locales = append(e.Locales, settings.EventText{Locale: string(l.Locale), Title: l.Title, Location: l.Location})
	}
	return e
}

// BuildTest is the A/B test that a worker is told of; nil without one.
func BuildTest(c *v1alpha1.Campaign) *settings.ABTest {
	t, wait := c.EffectiveABTest()
	if t == nil {
		return nil
	}
	return &settings.ABTest{TestPercent: int(t.TestPercent), HoldOutPercent: int(*t.HoldOutPercent), AfterSeconds: int(wait / time.Second)}
}

// BuildSurvey is what a worker writes into the store of a campaign's survey; nil without one.
func BuildSurvey(c *v1alpha1.Campaign) *survey.Definition {
	declared := c.Spec.Survey
	if declared == nil {
		return nil
	}
	d := &survey.Definition{ClosesAfterDays: declared.ClosesAfterDays()}
	if declared.Anonymity == v1alpha1.SurveyNamed {
		d.Anonymity = survey.Named
	}
	for _, q := range declared.Questions {
		question := survey.Question{Name: q.Name, Kind: string(q.Kind), Title: buildTitle(q.Title)}
		if q.Required == v1alpha1.SurveyQuestionRequired {
			question.Required = survey.Required
		}
		for _, o := range q.Options {
			question.Options = append(question.Options, survey.Option{Name: o.Name, Title: buildTitle(o.Title)})
		}
		d.Questions = append(d.Questions, question)
	}
	return d
}

func buildTitle(declared []v1alpha1.SurveyTitle) []survey.Title {
	var all []survey.Title
	for _, t := range declared {
		all = append(all, survey.Title{Locale: string(t.Locale), Text: t.Text})
	}
	return all
}
