// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/survey"
)

// Survey implements community.SurveyService.
func (p *Portal) Survey(ctx context.Context, link survey.Claim) (asked community.Survey, err error) {
	err = p.inTx(ctx, "read a survey", func(tx pgx.Tx) error {
		asked, err = p.survey(ctx, tx, link)
		return err
	})
	return asked, err
}

// Answer implements community.SurveyService. The member stays as they are until the answer is kept, so that nobody is erased around it.
func (p *Portal) Answer(ctx context.Context, link survey.Claim, form community.SurveyForm) (asked community.Survey,
	answers survey.Answers, faults map[string]survey.Fault, err error) {
	err = p.inTx(ctx, "keep an answer", func(tx pgx.Tx) error {
		if lockErr := lockMember(ctx, tx, link.Member); lockErr != nil {
			return noSurvey(lockErr)
		}
		if asked, err = p.survey(ctx, tx, link); err != nil || asked.Closed || asked.Answered {
			return err
		}
		asked.Renamed = asked.IsNamed() && !form.Named
		if answers, faults = asked.Read(form.Given); asked.Renamed || len(faults) > 0 {
			return nil
		}
		var member *uuid.UUID
		if asked.IsNamed() {
			member = &link.Member
		}
		return send(ctx, tx, func(b *pgx.Batch) {
			b.Queue(sqlSurveyParticipantInsert, link.Run, link.Member)
			b.Queue(sqlSurveyAnswerInsert, link.Run, member, answers)
		})
	})
	return asked, answers, faults, err
}

// survey reads what the run of a link asks, and whether its member has answered.
func (p *Portal) survey(ctx context.Context, tx pgx.Tx, link survey.Claim) (asked community.Survey, err error) {
	err = tx.QueryRow(ctx, sqlSurveyGet, link.Run, link.Member).Scan(&asked.Definition, &asked.ClosesAt, &asked.Locale, &asked.Answered)
	asked.Closed = !p.now().Before(asked.ClosesAt)
	return asked, noSurvey(err)
}

// noSurvey tells nobody why there is none.
func noSurvey(err error) error {
	if errors.Is(err, pgx.ErrNoRows) || community.CodeOf(err) == community.CodeForbidden {
		return &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
	}
	return err
}
