// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// CapturedMails implements community.TrialService.
func (p *Portal) CapturedMails(ctx context.Context, before int64, limit int) ([]community.CapturedMail, error) {
	rows, err := p.pool.Query(ctx, sqlCapturedList, before, limit)
	if err != nil {
		return nil, fault("list captured mails", err)
	}
	mails, err := pgx.CollectRows(rows, pgx.RowToStructByPos[community.CapturedMail])
	if err != nil {
		return nil, fault("list captured mails", err)
	}
	return mails, nil
}

// CapturedMessage implements community.TrialService.
func (p *Portal) CapturedMessage(ctx context.Context, id int64) ([]byte, error) {
	var message []byte
	err := p.pool.QueryRow(ctx, sqlCapturedGet, id).Scan(&message)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
	}
	if err != nil {
		return nil, fault("read a captured mail", err)
	}
	return message, nil
}

// TrialPeople implements community.TrialService.
func (p *Portal) TrialPeople(ctx context.Context, limit int) ([]community.TrialPerson, error) {
	rows, err := p.pool.Query(ctx, sqlTrialPeople, limit)
	if err != nil {
		return nil, fault("name people of a trial", err)
	}
	people, err := pgx.CollectRows(rows, pgx.RowToStructByPos[community.TrialPerson])
	if err != nil {
		return nil, fault("name people of a trial", err)
	}
	return people, nil
}
