// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import _ "embed" // the queries

// The queries of the feed, one file each. What is shown of posts and comments is the same on every page of them.
var (
	//go:embed queries/viewer_joined.sql
	sqlViewerJoined string
	//go:embed queries/post_shown.sql
	sqlPostShown string
	//go:embed queries/posts_newest.sql
	pagePostsNewest string
	//go:embed queries/posts_of_kind.sql
	pagePostsOfKind string
	//go:embed queries/posts_own.sql
	pagePostsOwn string
	//go:embed queries/post_one.sql
	pagePostOne string
	//go:embed queries/post_reasons.sql
	sqlPostReasons string
	//go:embed queries/comment_shown.sql
	sqlCommentShown string
	//go:embed queries/comments_of_post.sql
	pageCommentsOfPost string
	//go:embed queries/comment_one.sql
	pageCommentOne string
	//go:embed queries/comments_own.sql
	pageCommentsOwn string
	//go:embed queries/feed_writer.sql
	sqlFeedWriter string
	//go:embed queries/post_insert.sql
	sqlPostInsert string
	//go:embed queries/post_edit.sql
	sqlPostEdit string
	//go:embed queries/post_withdraw.sql
	sqlPostWithdraw string
	//go:embed queries/post_lock.sql
	sqlPostLock string
	//go:embed queries/post_hide.sql
	sqlPostHide string
	//go:embed queries/comment_insert.sql
	sqlCommentInsert string
	//go:embed queries/comment_withdraw.sql
	sqlCommentWithdraw string
	//go:embed queries/comment_lock.sql
	sqlCommentLock string
	//go:embed queries/comment_hide.sql
	sqlCommentHide string
	//go:embed queries/thanks_give.sql
	sqlThanksGive string
	//go:embed queries/thanks_take.sql
	sqlThanksTake string
	//go:embed queries/report_post.sql
	sqlReportPost string
	//go:embed queries/report_comment.sql
	sqlReportComment string
)

var (
	sqlPostsNewest    = paged(pagePostsNewest, sqlPostShown)
	sqlPostsOfKind    = paged(pagePostsOfKind, sqlPostShown)
	sqlPostsOwn       = paged(pagePostsOwn, sqlPostShown)
	sqlPostOne        = paged(pagePostOne, sqlPostShown)
	sqlCommentsOfPost = paged(pageCommentsOfPost, sqlCommentShown)
	sqlCommentOne     = paged(pageCommentOne, sqlCommentShown)
	sqlCommentsOwn    = paged(pageCommentsOwn, sqlCommentShown)
)

// paged chooses rows first, and looks only then at what is shown of them.
func paged(page, shown string) string { return "WITH page AS MATERIALIZED (\n" + page + ")\n" + shown }
