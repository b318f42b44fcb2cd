// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"context"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/survey"
)

// Survey is what a member is asked, as the page shows it.
type Survey struct {
	survey.Definition
	ClosesAt time.Time
	Closed   bool
	Answered bool   // by this member
	Renamed  bool   // it keeps the member with the answer, and the form that was sent did not say so
	Locale   Locale // in which the member reads
}

// SurveyForm is what a member sent.
type SurveyForm struct {
	Named bool // it said that the answer is kept with the member
	Given func(question string) []string
}

// SurveyService takes the answers of members. The link in the mail is the permission: nobody needs to sign in. Every method answers
// CodeNotFound when the run asks nothing, or the member takes no part any more.
type SurveyService interface {
	// Survey is what the member of a link is asked.
	Survey(ctx context.Context, link survey.Claim) (Survey, error)
	// Answer keeps what the member answered, once: of an anonymous survey without the member. What was given is judged by what is asked
	// at this moment; with faults nothing is kept. The Survey tells what it found: when it was closed, answered before, or renamed,
	// nothing is kept either.
	Answer(ctx context.Context, link survey.Claim, form SurveyForm) (Survey, survey.Answers, map[string]survey.Fault, error)
}
