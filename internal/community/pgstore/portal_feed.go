// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// last is beyond every place of a list.
var last = community.Place{At: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), ID: uuid.Max}

// errMissing is the answer where there is nothing, or nothing for this viewer.
func errMissing() error {
	return &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
}

// read runs queries in one round trip for a viewer who takes part.
func (p *Portal) read(ctx context.Context, viewer community.Viewer, act string, fill func(*pgx.Batch)) error {
	joined := false
	batch := &pgx.Batch{}
	batch.Queue(sqlViewerJoined, viewer.Member).QueryRow(func(row pgx.Row) error { return row.Scan(&joined) })
	fill(batch)
	if err := p.pool.SendBatch(ctx, batch).Close(); err != nil {
		return fault(act, err)
	}
	if !joined {
		return &community.Error{Code: community.CodeForbidden, Message: "error.forbidden"}
	}
	return nil
}

// queuePosts queues a query of posts.
func queuePosts(b *pgx.Batch, into *[]community.Post, sql string, args ...any) {
	b.Queue(sql, args...).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (post community.Post, err error) {
			a := &post.Author
			err = row.Scan(&post.ID, &a.FamilyName, &a.GivenName, &a.Department, &a.Employer, &a.Title, &post.Own, &post.Kind, &post.Body,
				&post.Locale, &post.Newsletter, &post.State, &post.CreatedAt, &post.EditedAt, &post.Comments, &post.Thanks, &post.Thanked)
			return post, err
		})
		return err
	})
}

// queueComments queues a query of comments.
func queueComments(b *pgx.Batch, into *[]community.Comment, sql string, args ...any) {
	b.Queue(sql, args...).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c community.Comment, err error) {
			a := &c.Author
			err = row.Scan(&c.ID, &c.Post, &a.FamilyName, &a.GivenName, &a.Department, &a.Employer, &a.Title, &c.Own, &c.Body, &c.State, &c.CreatedAt)
			return c, err
		})
		return err
	})
}

// Posts implements community.FeedService.
func (p *Portal) Posts(ctx context.Context, viewer community.Viewer, filter community.PostFilter, before community.Place, limit int) ([]community.Post, error) {
	if before == (community.Place{}) {
		before = last
	}
	sql, args := sqlPostsNewest, []any{viewer.Member, before.At, before.ID, limit, !filter.Others}
	switch {
	case filter.Mine:
		sql, args = sqlPostsOwn, args[:4]
	case filter.Kind != "":
		sql, args = sqlPostsOfKind, append(args, filter.Kind)
	}
	var posts []community.Post
	err := p.read(ctx, viewer, "list posts", func(b *pgx.Batch) { queuePosts(b, &posts, sql, args...) })
	return posts, err
}

// Thread implements community.FeedService.
func (p *Portal) Thread(ctx context.Context, viewer community.Viewer, post uuid.UUID, before community.Place, limit int) (community.Thread, error) {
	if before == (community.Place{}) {
		before = last
	}
	var t community.Thread
	var posts []community.Post
	err := p.read(ctx, viewer, "read a post", func(b *pgx.Batch) {
		queuePosts(b, &posts, sqlPostOne, viewer.Member, post)
		queueComments(b, &t.Comments, sqlCommentsOfPost, viewer.Member, before.At, before.ID, limit, post)
		b.Queue(sqlPostReasons, viewer.Member, post).Query(func(rows pgx.Rows) (err error) {
			t.Reasons, err = pgx.CollectRows(rows, pgx.RowTo[community.ReportReason])
			return err
		})
	})
	if err != nil {
		return community.Thread{}, err
	}
	if len(posts) == 0 && len(t.Comments) == 0 {
		return community.Thread{}, errMissing()
	}
	if len(posts) == 0 {
		return community.Thread{Post: community.Post{ID: post}, Gone: true, Comments: t.Comments}, nil
	}
	if t.Post = posts[0]; t.Post.State != community.PostHidden {
		t.Reasons = nil
	}
	return t, nil
}

// OneComment implements community.FeedService.
func (p *Portal) OneComment(ctx context.Context, viewer community.Viewer, comment uuid.UUID) (community.Comment, error) {
	var comments []community.Comment
	err := p.read(ctx, viewer, "read a comment", func(b *pgx.Batch) { queueComments(b, &comments, sqlCommentOne, viewer.Member, comment) })
	if err == nil && len(comments) == 0 {
		err = errMissing()
	}
	if err != nil {
		return community.Comment{}, err
	}
	return comments[0], nil
}

// OwnComments implements community.FeedService.
func (p *Portal) OwnComments(ctx context.Context, viewer community.Viewer, before community.Place, limit int) ([]community.Comment, error) {
	if before == (community.Place{}) {
		before = last
	}
	var comments []community.Comment
	err := p.read(ctx, viewer, "list comments", func(b *pgx.Batch) {
		queueComments(b, &comments, sqlCommentsOwn, viewer.Member, before.At, before.ID, limit)
	})
	return comments, err
}

// write lets a member who takes part, shows a name and has not written too much today write something.
func (p *Portal) write(ctx context.Context, viewer community.Viewer, act string, showName bool, do func(tx pgx.Tx, posts, comments int) error) error {
	return p.inTx(ctx, act, func(tx pgx.Tx) error {
		if err := lockMember(ctx, tx, viewer.Member); err != nil {
			return err
		}
		if showName {
			if _, err := tx.Exec(ctx, sqlNameShow, viewer.Member); err != nil {
				return err
			}
		}
		var named bool
		var posts, comments int
		if err := tx.QueryRow(ctx, sqlFeedWriter, viewer.Member, p.now().Add(-community.FeedSpan)).Scan(&named, &posts, &comments); err != nil {
			return err
		}
		if !named {
			return community.Invalid("ShowName", "error.showName")
		}
		return do(tx, posts, comments)
	})
}

// Publish implements community.FeedService.
func (p *Portal) Publish(ctx context.Context, viewer community.Viewer, draft community.PostDraft, showName bool) (uuid.UUID, error) {
	draft = draft.Normalise()
	if err := draft.Validate(); err != nil {
		return uuid.Nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, community.Internal("make an id", err)
	}
	return id, p.write(ctx, viewer, "publish a post", showName, func(tx pgx.Tx, posts, _ int) error {
		if posts >= community.PostsPerDay {
			return community.Invalid("Post", "error.postsPerDay")
		}
		_, err := tx.Exec(ctx, sqlPostInsert, id, viewer.Member, draft.Kind, draft.Body, draft.Locale, draft.Newsletter, p.now())
		return err
	})
}

// Comment implements community.FeedService.
func (p *Portal) Comment(ctx context.Context, viewer community.Viewer, post uuid.UUID, body string, showName bool) error {
	body = community.CleanText(body)
	if err := community.CheckComment(body); err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return community.Internal("make an id", err)
	}
	return p.write(ctx, viewer, "comment on a post", showName, func(tx pgx.Tx, _, comments int) error {
		if comments >= community.CommentsPerDay {
			return community.Invalid("Comment", "error.commentsPerDay")
		}
		return changeOne(ctx, tx, sqlCommentInsert, id, post, viewer.Member, body, p.now())
	})
}

// changeOne runs a statement that changes one row. When there is none to change, it is not for this viewer.
func changeOne(ctx context.Context, tx pgx.Tx, sql string, args ...any) error {
	tag, err := tx.Exec(ctx, sql, args...)
	if err == nil && tag.RowsAffected() == 0 {
		return errMissing()
	}
	return err
}

// own changes something that the viewer wrote.
func (p *Portal) own(ctx context.Context, viewer community.Viewer, act, sql string, args ...any) error {
	return p.inTx(ctx, act, func(tx pgx.Tx) error {
		if err := lockMember(ctx, tx, viewer.Member); err != nil {
			return err
		}
		return changeOne(ctx, tx, sql, args...)
	})
}

// EditPost implements community.FeedService.
func (p *Portal) EditPost(ctx context.Context, viewer community.Viewer, post uuid.UUID, draft community.PostDraft) error {
	draft = draft.Normalise()
	if err := draft.Validate(); err != nil {
		return err
	}
	return p.own(ctx, viewer, "edit a post", sqlPostEdit, post, viewer.Member, draft.Kind, draft.Body, draft.Locale, draft.Newsletter, p.now())
}

// WithdrawPost implements community.FeedService.
func (p *Portal) WithdrawPost(ctx context.Context, viewer community.Viewer, post uuid.UUID) error {
	return p.own(ctx, viewer, "withdraw a post", sqlPostWithdraw, post, viewer.Member)
}

// WithdrawComment implements community.FeedService.
func (p *Portal) WithdrawComment(ctx context.Context, viewer community.Viewer, comment uuid.UUID) error {
	return p.own(ctx, viewer, "withdraw a comment", sqlCommentWithdraw, comment, viewer.Member)
}

// written is something that somebody wrote, and the query that locks it for a viewer who sees it and did not.
type written struct {
	id   uuid.UUID
	lock string
}

// others lets the viewer do something to what somebody else wrote.
func (p *Portal) others(ctx context.Context, viewer community.Viewer, act string, what written, do func(pgx.Tx) error) error {
	return p.inTx(ctx, act, func(tx pgx.Tx) error {
		if err := lockMember(ctx, tx, viewer.Member); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, what.lock, what.id, viewer.Member).Scan(new(uuid.UUID))
		if errors.Is(err, pgx.ErrNoRows) {
			return errMissing()
		}
		if err != nil {
			return err
		}
		return do(tx)
	})
}

// Thank implements community.FeedService.
func (p *Portal) Thank(ctx context.Context, viewer community.Viewer, post uuid.UUID, thanks bool) error {
	return p.others(ctx, viewer, "thank for a post", written{post, sqlPostLock}, func(tx pgx.Tx) (err error) {
		if thanks {
			_, err = tx.Exec(ctx, sqlThanksGive, post, viewer.Member, p.now())
		} else {
			_, err = tx.Exec(ctx, sqlThanksTake, post, viewer.Member)
		}
		return err
	})
}

// ReportPost implements community.FeedService.
func (p *Portal) ReportPost(ctx context.Context, viewer community.Viewer, post uuid.UUID, reason community.ReportReason) error {
	return p.report(ctx, viewer, written{post, sqlPostLock}, reason, [2]string{sqlReportPost, sqlPostHide})
}

// ReportComment implements community.FeedService.
func (p *Portal) ReportComment(ctx context.Context, viewer community.Viewer, comment uuid.UUID, reason community.ReportReason) error {
	return p.report(ctx, viewer, written{comment, sqlCommentLock}, reason, [2]string{sqlReportComment, sqlCommentHide})
}

// report takes a report by statements that note it, and hide what was reported often enough. The lock makes one of two reports at once
// see the other.
func (p *Portal) report(ctx context.Context, viewer community.Viewer, what written, reason community.ReportReason, statements [2]string) error {
	if !slices.Contains(community.ReportReasons(), reason) {
		return community.Invalid("Reason", "error.choice")
	}
	return p.others(ctx, viewer, "take a report", what, func(tx pgx.Tx) error {
		return send(ctx, tx, func(b *pgx.Batch) {
			b.Queue(statements[0], what.id, viewer.Member, reason, p.now())
			b.Queue(statements[1], what.id, community.ReportsToHide)
		})
	})
}
