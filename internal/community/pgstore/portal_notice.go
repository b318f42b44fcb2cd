// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// Notices implements community.NoticeService.
func (p *Portal) Notices(ctx context.Context, viewer community.Viewer, before int64, limit int) ([]community.Notice, error) {
	rows, err := p.pool.Query(ctx, sqlNoticeList, viewer.Member, before, limit)
	if err != nil {
		return nil, fault("list notices", err)
	}
	notices, err := pgx.CollectRows(rows, pgx.RowToStructByPos[community.Notice])
	if err != nil {
		return nil, fault("list notices", err)
	}
	return notices, nil
}

// OpenNotice implements community.NoticeService.
func (p *Portal) OpenNotice(ctx context.Context, viewer community.Viewer, id int64) (community.Notice, error) {
	rows, err := p.pool.Query(ctx, sqlNoticeOpen, viewer.Member, id, p.now())
	if err != nil {
		return community.Notice{}, fault("open a notice", err)
	}
	notice, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[community.Notice])
	if errors.Is(err, pgx.ErrNoRows) {
		return community.Notice{}, &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
	}
	if err != nil {
		return community.Notice{}, fault("open a notice", err)
	}
	return notice, nil
}

// UnseenNotices implements community.NoticeService.
func (p *Portal) UnseenNotices(ctx context.Context, viewer community.Viewer) (int, error) {
	var unseen int
	if err := p.pool.QueryRow(ctx, sqlNoticesUnseen, viewer.Member).Scan(&unseen); err != nil {
		return 0, fault("count notices", err)
	}
	return unseen, nil
}
