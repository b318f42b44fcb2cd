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
	Locale   Locale // in which the member reads
}

// SurveyService takes the answers of members. The link in the mail is the permission: nobody needs to sign in. Every method answers
// CodeNotFound when the run asks nothing, or the member takes no part any more.
type SurveyService interface {
	// Survey is what the member of a link is asked.
	Survey(ctx context.Context, link survey.Claim) (Survey, error)
	// Answer keeps what the member answered, once: of an anonymous survey without the member. What was sent for each question is judged
	// by what is asked at this moment; with faults nothing is kept. The Survey tells what it found: when it was closed, or answered
	// before, nothing is kept either.
	Answer(ctx context.Context, link survey.Claim, sent func(question string) []string) (Survey, survey.Answers, map[string]survey.Fault, error)
}
