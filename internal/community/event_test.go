// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

var planned = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// reunion is a plan that breaks no rule.
func reunion() community.EventPlan {
	return community.EventPlan{Kind: "Reunion", Locale: "ja", Title: "同期会", Place: "京都", Form: community.FormOnSite, TimeZone: "Asia/Tokyo",
		StartsAt: planned.Add(48 * time.Hour), EndsAt: planned.Add(50 * time.Hour), Capacity: 20}
}

func TestAnEventThatBreaksARuleIsRefusedAtItsField(t *testing.T) {
	g := NewWithT(t)
	g.Expect(reunion().Normalise().Validate(planned)).To(Succeed())
	late := planned.Add(49 * time.Hour)
	cases := map[string]struct {
		change func(*community.EventPlan)
		field  string
	}{
		"a kind that there is not":      {func(p *community.EventPlan) { p.Kind = "Party" }, "EventKind"},
		"a language that there is not":  {func(p *community.EventPlan) { p.Locale = "fr" }, "EventLocale"},
		"a form that there is not":      {func(p *community.EventPlan) { p.Form = "Hybrid" }, "EventForm"},
		"no title":                      {func(p *community.EventPlan) { p.Title = " \t" }, "EventTitle"},
		"a title of two lines":          {func(p *community.EventPlan) { p.Title = "a\nb" }, "EventTitle"},
		"a title that turns its text":   {func(p *community.EventPlan) { p.Title = "a\u202eb" }, "EventTitle"},
		"too long a title":              {func(p *community.EventPlan) { p.Title = strings.Repeat("会", community.MaxEventTitle+1) }, "EventTitle"},
		"no place to meet":              {func(p *community.EventPlan) { p.Place = "" }, "EventPlace"},
		"too long a text":               {func(p *community.EventPlan) { p.Description = strings.Repeat("会", community.MaxEventText+1) }, "EventDescription"},
		"a link that is none":           {func(p *community.EventPlan) { p.Form, p.OnlineLink = "Both", "zoom" }, "OnlineLink"},
		"a link without encryption":     {func(p *community.EventPlan) { p.Form, p.OnlineLink = "Both", "http://meet.example/a" }, "OnlineLink"},
		"a link that acts":              {func(p *community.EventPlan) { p.Form, p.OnlineLink = "Both", "javascript:alert(1)" }, "OnlineLink"},
		"a link with a login":           {func(p *community.EventPlan) { p.Form, p.OnlineLink = "Both", "https://meet.example@evil.example/" }, "OnlineLink"},
		"a zone that there is not":      {func(p *community.EventPlan) { p.TimeZone = "Mars/Olympus" }, "EventZone"},
		"a day that is over":            {func(p *community.EventPlan) { p.StartsAt = planned }, "StartsAt"},
		"a day in a distant year":       {func(p *community.EventPlan) { p.StartsAt = planned.AddDate(6, 0, 0) }, "StartsAt"},
		"an end before its beginning":   {func(p *community.EventPlan) { p.EndsAt = p.StartsAt }, "EndsAt"},
		"an event without end":          {func(p *community.EventPlan) { p.EndsAt = p.StartsAt.AddDate(0, 0, 32) }, "EndsAt"},
		"registration after it started": {func(p *community.EventPlan) { p.ClosesAt = &late }, "ClosesAt"},
		"fewer seats than none":         {func(p *community.EventPlan) { p.Capacity = -1 }, "Capacity"},
		"more seats than a stadium":     {func(p *community.EventPlan) { p.Capacity = community.MaxSeats + 1 }, "Capacity"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			p := reunion()
			c.change(&p)
			var e *community.Error
			g.Expect(errors.As(p.Normalise().Validate(planned), &e)).To(BeTrue())
			g.Expect([]any{e.Code, e.Field}).To(Equal([]any{community.CodeInvalid, c.field}))
		})
	}
}

func TestAnEventKeepsOnlyWhatItsFormHas(t *testing.T) {
	g := NewWithT(t)
	p := reunion()
	p.OnlineLink = "https://meet.example/a"
	g.Expect(p.Normalise().OnlineLink).To(BeEmpty())
	p.Form = community.FormOnline
	g.Expect([]string{p.Normalise().OnlineLink, p.Normalise().Place}).To(Equal([]string{"https://meet.example/a", ""}))
	p.Description = " a\r\nb "
	g.Expect(p.Normalise().Description).To(Equal("a\nb"))
}

func TestRegistrationIsOpenUntilItClosesOrTheEventBegins(t *testing.T) {
	g := NewWithT(t)
	e := community.Event{EventPlan: reunion(), State: community.EventPublished}
	g.Expect([]bool{e.Open(planned), e.Open(e.StartsAt)}).To(Equal([]bool{true, false}))
	closes := planned.Add(time.Hour)
	e.ClosesAt = &closes
	g.Expect([]bool{e.Open(planned), e.Open(closes)}).To(Equal([]bool{true, false}))
	e.State = community.EventCancelled
	g.Expect(e.Open(planned)).To(BeFalse())
}
