// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"time"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// BuildText is the text of one language, whose body was read already.
func BuildText(l v1alpha1.LocalisedContent, body string) settings.LocalisedContent {
	text := settings.LocalisedContent{Locale: string(l.Locale), Subject: l.Subject, Body: body}
	if b := l.Broadcast; b != nil {
		text.Broadcast = &settings.Broadcast{Subject: b.Subject, Body: b.Body}
	}
	for _, v := range l.Variants {
		text.Variants = append(text.Variants, settings.Variant{Name: v.Name, Subject: v.Subject, Body: v.Body})
	}
	return text
}

// BuildTest is the A/B test that a worker is told of; nil without one.
func BuildTest(c *v1alpha1.Campaign) *settings.ABTest {
	t, wait := c.EffectiveABTest()
	if t == nil {
		return nil
	}
	return &settings.ABTest{TestPercent: int(t.TestPercent), HoldOutPercent: int(*t.HoldOutPercent), AfterSeconds: int(wait / time.Second)}
}
