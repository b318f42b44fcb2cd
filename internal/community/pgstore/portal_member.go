// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// Member implements community.MemberService.
func (p *Portal) Member(ctx context.Context, viewer community.Viewer) (community.Member, error) {
	m := community.Member{Visibility: community.Visibility{}}
	batch := &pgx.Batch{}
	batch.Queue(sqlMemberGet, viewer.Member).QueryRow(func(row pgx.Row) error { return scanMember(row, &m) })
	batch.Queue(sqlEmploymentList, viewer.Member).Query(func(rows pgx.Rows) (err error) {
		m.Employments, err = pgx.CollectRows(rows, scanEmployment)
		return err
	})
	batch.Queue(sqlVisibilityList, viewer.Member).Query(func(rows pgx.Rows) error {
		var field community.Field
		var audience community.Audience
		_, err := pgx.ForEachRow(rows, []any{&field, &audience}, func() error {
			m.Visibility[field] = audience
			return nil
		})
		return err
	})
	err := p.pool.SendBatch(ctx, batch).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		return community.Member{}, &community.Error{Code: community.CodeForbidden, Message: "error.forbidden"}
	}
	if err != nil {
		return community.Member{}, fault("read a member", err)
	}
	return m, nil
}

func scanMember(row pgx.Row, m *community.Member) error {
	var joined *time.Time
	var birthday int16
	err := row.Scan(&m.ID, &m.State, &m.FamilyName, &m.GivenName, &m.Email, &joined, &m.PausedUntil,
		&m.Profile.FamilyNameKana, &m.Profile.GivenNameKana, &m.Profile.Region, &m.Profile.Skills,
		&m.Profile.Employer, &m.Profile.Title, &m.Profile.About, &m.Profile.Locale, &birthday, &m.Profile.TimeZone)
	m.Profile.Birthday = community.MonthDayOf(birthday)
	if joined != nil {
		m.JoinedAt = *joined
	}
	return err
}

func scanEmployment(row pgx.CollectableRow) (community.Employment, error) {
	var e community.Employment
	var joined, left pgtype.Date
	err := row.Scan(&e.Department, &e.Post, &joined, &left)
	e.JoinedOn, e.LeftOn = joined.Time, left.Time
	return e, err
}

// UpdateProfile implements community.MemberService.
func (p *Portal) UpdateProfile(ctx context.Context, viewer community.Viewer, profile community.Profile, visibility community.Visibility) error {
	profile = profile.Normalise()
	if err := errors.Join(profile.Validate(), visibility.Validate()); err != nil {
		return err
	}
	var fields, audiences []string
	for _, f := range community.Fields() {
		if a := visibility.Of(f); a != community.AudienceNobody {
			fields, audiences = append(fields, string(f)), append(audiences, string(a))
		}
	}
	return p.inTx(ctx, "update a profile", func(tx pgx.Tx) error {
		if err := lockMember(ctx, tx, viewer.Member); err != nil {
			return err
		}
		return send(ctx, tx, func(b *pgx.Batch) {
			b.Queue(sqlProfileUpdate, viewer.Member, profile.FamilyNameKana, profile.GivenNameKana, profile.Region,
				profile.Skills, profile.Employer, profile.Title, profile.About, profile.Locale,
				profile.Birthday.Number(), profile.TimeZone, p.now())
			b.Queue(sqlVisibilityDelete, viewer.Member)
			b.Queue(sqlVisibilityInsert, viewer.Member, fields, audiences)
		})
	})
}

// Pause implements community.MemberService.
func (p *Portal) Pause(ctx context.Context, viewer community.Viewer, until *time.Time) error {
	now := p.now()
	if until != nil && !until.After(now) {
		return community.Invalid("Until", "error.pauseDate")
	}
	return p.changeMember(ctx, viewer, "pause a member", sqlMemberPause, viewer.Member, until, now)
}

// Resume implements community.MemberService.
func (p *Portal) Resume(ctx context.Context, viewer community.Viewer) error {
	return p.changeMember(ctx, viewer, "resume a member", sqlMemberResume, viewer.Member, p.now())
}

// ResumeMail implements community.MemberService.
func (p *Portal) ResumeMail(ctx context.Context, viewer community.Viewer) error {
	return p.changeMember(ctx, viewer, "resume mail", sqlSuppressionDelete, viewer.Member)
}

// changeMember runs one statement on a member who takes part.
func (p *Portal) changeMember(ctx context.Context, viewer community.Viewer, act, sql string, args ...any) error {
	return p.inTx(ctx, act, func(tx pgx.Tx) error {
		if err := lockMember(ctx, tx, viewer.Member); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sql, args...)
		return err
	})
}
