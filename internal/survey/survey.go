// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package survey

import (
	"slices"
	"strconv"
	"time"
)

// Named is the value of Definition.Anonymity with which an answer is kept with the member who gave it. Every other keeps none.
const Named = "Named"

// Required is the value of Question.Required of a question that must be answered.
const Required = "Required"

// The kinds of questions.
const (
	SingleChoice   = "SingleChoice"
	MultipleChoice = "MultipleChoice"
	Scale          = "Scale"
	Text           = "Text"
)

// ScaleMax is the highest value of a scale; 1 is the lowest.
const ScaleMax = 5

// Definition is what a campaign asks; see Survey of the API. It is written into the store as JSON, and stays readable there.
type Definition struct {
	Anonymity       string     `json:"anonymity,omitempty"` // Named; empty keeps no member with an answer
	ClosesAfterDays int        `json:"closesAfterDays"`     // after the first message is due
	Questions       []Question `json:"questions"`
}

// Question is one of them.
type Question struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`
	Required string   `json:"required,omitempty"` // Required; empty may be left out
	Title    []Title  `json:"title"`
	Options  []Option `json:"options,omitempty"` // of the kinds that choose
}

// Option is what can be chosen.
type Option struct {
	Name  string  `json:"name"`
	Title []Title `json:"title"`
}

// Title is what people read, in one language.
type Title struct {
	Locale string `json:"locale"`
	Text   string `json:"text"`
}

// IsNamed says whether an answer is kept with the member who gave it.
func (d Definition) IsNamed() bool { return d.Anonymity == Named }

// ClosesAt is when nobody can answer any more.
func (d Definition) ClosesAt(asked time.Time) time.Time {
	return asked.AddDate(0, 0, d.ClosesAfterDays)
}

// IsRequired says whether it must be answered.
func (q Question) IsRequired() bool { return q.Required == Required }

// IsText says whether the answer is in the member's own words.
func (q Question) IsText() bool { return q.Kind == Text }

// Values are what can be chosen, in order; none for a text.
func (q Question) Values() []string {
	var all []string
	switch q.Kind {
	case SingleChoice, MultipleChoice:
		for _, o := range q.Options {
			all = append(all, o.Name)
		}
	case Scale:
		for n := 1; n <= ScaleMax; n++ {
			all = append(all, strconv.Itoa(n))
		}
	}
	return all
}

// In is the text in a language, or else in another one, or else in the first.
func In(titles []Title, locale, other string) string {
	for _, wish := range []string{locale, other} {
		if i := slices.IndexFunc(titles, func(t Title) bool { return t.Locale == wish }); i >= 0 {
			return titles[i].Text
		}
	}
	if len(titles) > 0 {
		return titles[0].Text
	}
	return ""
}
